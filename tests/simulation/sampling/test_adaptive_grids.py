"""Importance sampling: unbiased for any grid, adapts to corners that plain sampling never finds."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.simulation.sampling.adaptive_grids import (
    BINS,
    adapted,
    combined,
    dependent,
    independent,
    refined,
    uniform,
)

SHAPE = (0.8, 0.02)


def peaked(dimensions=3, power=4.0):
    edges = np.linspace(0, 1, BINS + 1) ** power
    return independent(np.stack([edges] * dimensions))


def test_uniform_mixture_has_unit_weights():
    points, weights = uniform(4).draw(np.random.default_rng(1), 1000)
    assert points.shape == (1000, 4)
    assert (weights == 1).all()
    assert points.min() >= 0
    assert points.max() <= 1


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_means_do_not_depend_on_the_grids(share):
    mixture = combined([peaked(), peaked(power=0.5)], [share / 2, share / 2])
    x, weight = mixture.draw(np.random.default_rng(2), 400_000)
    assert weight.mean() == pytest.approx(1, abs=0.01)
    assert (weight * x[:, 0] ** 2).mean() == pytest.approx(1 / 3, rel=0.01)
    assert (weight * x.prod(axis=1)).mean() == pytest.approx(1 / 8, rel=0.02)


def test_weights_are_bounded_by_the_plain_share():
    _, weight = combined([peaked()], [0.9]).draw(np.random.default_rng(3), 100_000)
    assert weight.max() <= 1 / 0.1 + 1e-9


def test_plain_share_is_required():
    with pytest.raises(ValueError, match="leave some for plain sampling"):
        combined([peaked()], [1.0])


def test_refined_edges_ascend_from_0_to_1_and_follow_the_density():
    rng = np.random.default_rng(4)
    x = rng.beta(2, 20, 50_000)
    edges = refined(np.linspace(0, 1, BINS + 1), x, np.ones_like(x), SHAPE)
    assert edges[0] == 0
    assert edges[-1] == 1
    assert (np.diff(edges) > 0).all()
    assert np.interp(0.2, edges, np.linspace(0, 1, BINS + 1)) > 0.8


CENTRES = np.array([[0.31, 0.77, 0.13], [0.82, 0.05, 0.44]])


def corners(mixture, rng, n):
    """Boxes of volume 1e-6 in the middle of nowhere, with the distance from them."""
    x, inverse = mixture.draw(rng, n)
    distances = np.array([np.maximum(np.abs(x - centre).max(axis=1) - 0.005, 0.0) for centre in CENTRES])
    return x, inverse, np.ones((2, n)), distances


def test_corners_of_a_millionth_are_found_together_and_their_volumes_are_right():
    grids = adapted(3, 2, corners, np.random.default_rng(5), iterations=9, points=20_000)
    assert all(grid is not None for grid in grids)
    mixture = combined(grids, [0.45, 0.45])
    _, weight, _, distances = corners(mixture, np.random.default_rng(6), 200_000)
    for distance in distances:
        inside = distance == 0
        error = (weight * inside).std() / np.sqrt(len(weight))
        assert inside.mean() > 0.05
        assert error < 0.05e-6
        assert (weight * inside).mean() == pytest.approx(1e-6, abs=4 * error)


def test_a_corner_that_does_not_exist_is_not_found_and_spoils_no_other():
    def target(mixture, rng, n):
        x, inverse, values, distances = corners(mixture, rng, n)
        values[1], distances[1] = 0.0, np.inf
        return x, inverse, values, distances

    found, missing = adapted(3, 2, target, np.random.default_rng(7), iterations=9, points=20_000)
    assert found is not None
    assert missing is None


def test_training_is_deterministic():
    runs = [adapted(3, 2, corners, np.random.default_rng(8), iterations=9, points=20_000) for _ in range(2)]
    for one, other in zip(runs[0][0], runs[1][0], strict=True):
        assert (one == other).all()


def ridge(n, rng):
    """Points (n, 3) of which the last coordinate follows the first within 0.03, the middle one nothing."""
    x = rng.random((n, 3))
    x[:, 2] = np.clip(x[:, 0] + rng.normal(0, 0.03, n), 0, 1 - 1e-9)
    return x


def ridged():
    edges = np.tile(np.linspace(0, 1, BINS + 1), (3, 1))
    return dependent(edges, ridge(20_000, np.random.default_rng(9)), np.ones(20_000))


def test_axes_depend_on_each_other_where_points_say_so():
    grid = ridged()
    assert {grid.parent[0], grid.parent[2]} == {-1, 2 if grid.parent[0] == 2 else 0}
    assert grid.parent[1] == -1
    assert grid.given.sum(axis=2) == pytest.approx(1)


def test_few_points_make_no_dependence():
    edges = np.tile(np.linspace(0, 1, BINS + 1), (4, 1))
    grid = dependent(edges, np.random.default_rng(10).random((200, 4)), np.ones(200))
    assert (grid.parent == -1).all()


@pytest.mark.parametrize("shape", [ridged, lambda: peaked()._replace(**ridged()._asdict() | {"edges": peaked().edges})])
def test_grids_with_dependences_leave_means_alone(shape):
    x, weight = combined([shape()], [0.9]).draw(np.random.default_rng(11), 400_000)
    assert weight.mean() == pytest.approx(1, abs=0.02)
    for k in range(3):
        assert (weight * x[:, k]).mean() == pytest.approx(1 / 2, rel=0.03)
    assert (weight * x[:, 0] * x[:, 2]).mean() == pytest.approx(1 / 4, rel=0.03)


def test_dependences_follow_a_ridge():
    """A tenth of the volume lies near the ridge; four times as many points do, with a fourth of the weight at most."""
    x, weight = combined([ridged()], [0.9]).draw(np.random.default_rng(12), 100_000)
    near = np.abs(x[:, 0] - x[:, 2]) < 0.05
    assert near.mean() > 0.4
    assert weight[near].mean() < 0.25
