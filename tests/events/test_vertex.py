"""The vertex fit against exact geometry and an independent minimiser."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize

from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET
from rarekaon.analysis.contract.units import m
from rarekaon.analysis.events.vertex import COV, POSITION, SLOPE, VAR, VAR_SLOPE, constrained_slope, fit_triplets

Z_RANGE = (102.4 * m, 183 * m)


def lines_from(vertex, slopes, rng=None, scale=1.0):
    """Views (5, tracks) of straight lines through a point; smeared with their covariance where rng is given."""
    tracks = len(slopes)
    views = []
    for axis in (0, 1):
        view = np.empty((5, tracks))
        view[SLOPE] = slopes[:, axis]
        view[POSITION] = vertex[axis] + view[SLOPE] * (Z_BEFORE_MAGNET - vertex[2])
        view[VAR] = 0.04 * scale * np.linspace(1, 2, tracks)
        view[VAR_SLOPE] = (3e-5) ** 2 * scale * np.linspace(2, 1, tracks)
        view[COV] = -0.6 * np.sqrt(view[VAR] * view[VAR_SLOPE])
        if rng is not None:
            for t in range(tracks):
                c = np.array([[view[VAR, t], view[COV, t]], [view[COV, t], view[VAR_SLOPE, t]]])
                view[[POSITION, SLOPE], t] += rng.multivariate_normal([0, 0], c)
        views.append(view)
    return views


SLOPES = np.array([[6e-3, 1e-3], [-4e-3, 5e-3], [-1e-3, -7e-3]])


def fit(views, offsets=(0, 3), chi2=25.0):
    return fit_triplets(np.array(offsets, np.int64), *(tuple(view) for view in views), chi2, Z_RANGE)


@pytest.mark.parametrize("z", [106 * m, 140 * m, 179 * m])
def test_exact_lines_give_their_crossing(z):
    point = np.array([12.0, -5.0, z])
    event, tracks, vertex, chi2 = fit(lines_from(point, SLOPES))
    assert event.tolist() == [0]
    assert tracks.tolist() == [[0, 1, 2]]
    np.testing.assert_allclose(vertex[0], point, atol=1e-5)
    assert chi2[0] == pytest.approx(0, abs=1e-9)


def chi2_of(point, views):
    total = 0.0
    dz = point[2] - Z_BEFORE_MAGNET
    for axis, view in enumerate(views):
        variance = view[VAR] + 2 * view[COV] * dz + view[VAR_SLOPE] * dz**2
        total += np.sum((view[POSITION] + view[SLOPE] * dz - point[axis]) ** 2 / variance)
    return total


def test_smeared_lines_agree_with_a_general_minimiser():
    rng = np.random.default_rng(3)
    for _ in range(20):
        views = lines_from(np.array([5.0, 3.0, 150 * m]), SLOPES, rng)
        _, _, vertex, chi2 = fit(views, chi2=np.inf)
        scaled = minimize(
            lambda p, v=views: chi2_of(p * [1, 1, 100], v), vertex[0] / [1, 1, 100], method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 20000, "maxfev": 20000},
        )  # fmt: skip
        assert chi2[0] == pytest.approx(chi2_of(vertex[0], views), rel=1e-5)
        assert scaled.fun == pytest.approx(chi2[0], rel=5e-3, abs=1e-3)
        np.testing.assert_allclose(scaled.x[2] * 100, vertex[0, 2], atol=60)  # of a resolution of about 200 mm


def test_chi2_is_distributed_with_three_degrees_of_freedom():
    rng = np.random.default_rng(5)
    views = [lines_from(np.array([0.0, 0.0, 150 * m]), SLOPES, rng) for _ in range(3000)]
    stacked = [np.concatenate([v[axis] for v in views], axis=1) for axis in (0, 1)]
    _, _, vertex, chi2 = fit(stacked, offsets=np.arange(0, 9001, 3), chi2=np.inf)
    assert len(chi2) == 3000
    assert chi2.mean() == pytest.approx(3, abs=0.15)
    assert np.mean(vertex[:, 2]) == pytest.approx(150 * m, abs=30)


def test_two_good_vertices_or_none_select_no_event():
    first = lines_from(np.array([0.0, 0.0, 120 * m]), SLOPES)
    second = lines_from(np.array([300.0, 0.0, 160 * m]), SLOPES * 1.3)
    both = [np.concatenate([a, b], axis=1) for a, b in zip(first, second, strict=True)]
    assert len(fit(both, offsets=(0, 6))[0]) == 0
    assert fit(both, offsets=(0, 3, 6))[0].tolist() == [0, 1]
    assert len(fit(first, offsets=(0, 2, 3))[0]) == 0
    assert len(fit(first, offsets=(0, 0))[0]) == 0


def test_extra_track_off_the_vertex_leaves_one_vertex():
    views = lines_from(np.array([0.0, 0.0, 120 * m]), np.vstack([[[2e-3, -3e-3]], SLOPES]))
    for view in views:
        view[POSITION, 0] += 400.0
    _, tracks, _, _ = fit(views, offsets=(0, 4))
    assert tracks.tolist() == [[1, 2, 3]]


def test_constraint_moves_slopes_towards_the_vertex_and_keeps_exact_ones():
    point = np.array([12.0, -5.0, 140 * m])
    exact = lines_from(point, SLOPES)[0][:, None, :]
    dz = np.array([[point[2] - Z_BEFORE_MAGNET]])
    np.testing.assert_allclose(constrained_slope(exact, np.array([[point[0]]]), dz), exact[SLOPE], atol=1e-12)
    rng = np.random.default_rng(1)
    before, after = [], []
    for _ in range(500):
        view = lines_from(point, SLOPES, rng)[0][:, None, :]
        before.append(view[SLOPE] - SLOPES[:, 0])
        after.append(constrained_slope(view, np.array([[point[0]]]), dz) - SLOPES[:, 0])
    assert np.std(after) < 0.5 * np.std(before)


def test_refusing_triplets_early_refuses_none_that_the_fit_accepts():
    """Events of three to six tracks, near a vertex or far from it; alone and unlimited a triplet says the same."""
    rng = np.random.default_rng(8)
    accepted = 0
    for _ in range(300):
        tracks = int(rng.integers(3, 7))
        point = np.array([*rng.normal(0, 20, 2), rng.uniform(105 * m, 175 * m)])
        views = lines_from(point, rng.normal(0, 5e-3, (tracks, 2)), rng, scale=rng.choice([0.1, 1.0]))
        for view in views:
            view[POSITION] += rng.choice([0, 0, 0.5, 1, 3, 30]) * rng.normal(size=tracks)
        chi2 = []
        for triplet in combinations(range(tracks), 3):
            _, _, vertex, single = fit([view[:, list(triplet)] for view in views], chi2=np.inf)
            chi2.extend(single[(single < 25) & (vertex[:, 2] > Z_RANGE[0]) & (vertex[:, 2] < Z_RANGE[1])].tolist())
        event, _, _, found = fit(views, (0, tracks))
        assert found.tolist() == (chi2 if len(chi2) == 1 else [])
        accepted += len(event)
    assert accepted > 30
