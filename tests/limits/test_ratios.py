"""The ratio of data to simulation: exact on exact lines, honest about its errors on toys."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.limits.ratios import control_rows, fit_ratio
from tests.hand_made import FULL, booked, sample

CENTRES = np.arange(305.0, 600.0, 10.0)
EXPECTED = 200 * np.exp(-((CENTRES - 420) ** 2) / 5000) + 5


def test_an_exact_line_comes_back_exactly():
    middle = np.average(CENTRES, weights=EXPECTED)
    observed = EXPECTED * (1.1 - 0.2 * (CENTRES - middle) / 100)
    fit = fit_ratio(CENTRES, observed, EXPECTED, 0 * EXPECTED)
    assert fit.ratio == pytest.approx(1.1, abs=1e-5)
    assert fit.slope == pytest.approx(-0.2, abs=1e-5)
    worst = max(abs(0.1 - 0.2 * (end - middle) / 100) for end in (CENTRES[0], CENTRES[-1]))
    assert fit.deviation == pytest.approx(worst, abs=1e-5)


def test_equal_spectra_have_no_deviation():
    assert fit_ratio(CENTRES, EXPECTED, EXPECTED, EXPECTED).deviation == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_the_errors_are_those_of_repeated_experiments(weight):
    """Data and simulation fluctuate, the latter with `weight` events for each simulated one (0: infinitely many)."""
    rng, fits = np.random.default_rng(1), []
    for _ in range(400):
        made = weight * rng.poisson(EXPECTED / weight) if weight else EXPECTED
        used = made > 20
        data = rng.poisson(EXPECTED).astype(float)
        fits.append(fit_ratio(CENTRES[used], data[used], made[used], weight * made[used]))
    for value, error, truth in (("ratio", "ratio_error", 1.0), ("slope", "slope_error", 0.0)):
        pulls = np.array([(getattr(f, value) - truth) / getattr(f, error) for f in fits])
        assert abs(pulls.mean()) < (0.5 if weight else 0.3)
        assert pulls.std() == pytest.approx(1, abs=0.15)
    assert fits[0].ratio_error == pytest.approx(np.sqrt((1 + weight) / EXPECTED.sum()), rel=0.1)


def test_two_bins_are_no_spectrum():
    with pytest.raises(ValueError, match="needs three bins"):
        fit_ratio(CENTRES[:2], EXPECTED[:2], EXPECTED[:2], EXPECTED[:2])


def test_control_selections_are_counted_beside_print():
    made = booked()
    data = sample(FULL, simulated=False, charge_plus3_pi_plus_e_plus_e_plus={"all": (30.0, 30.0)})
    mode = sample(FULL, charge_plus3_pi_plus_e_plus_e_plus={"all": (50.0, 2.0)})
    made = type(made)(FULL, {**made.samples, "data_2016_2018": data, "pi_pi0dd": mode})
    rows = {r.selection: r for r in control_rows(made, 1e12)}
    assert set(rows) == {s.name for s in FULL.controls}
    triple = rows["charge_plus3_pi_plus_e_plus_e_plus"]
    rate = made.rate_per_weight("pi_pi0dd") * 1e12
    assert (triple.observed, triple.published) == (30, 326)
    assert triple.expected == pytest.approx(50 * rate)
    assert triple.stat == pytest.approx(np.sqrt(2) * rate)
    assert triple.ratio is None


def test_nothing_masked_is_counted():
    assert all(not s.masked for s in FULL.controls)
    for selection in FULL.controls:
        if selection.name.startswith("charge"):
            assert selection.regions[0].within == Interval()
            assert sum(selection.cuts[0].within.mask(np.arange(-3, 4))) == 1
