"""Against the tables of Feldman and Cousins, Phys. Rev. D 57 (1998) 3873, Table IV (90% CL)."""

import numpy as np
import pytest

from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit
from rarekaon.analysis.statistics.feldman_cousins import FeldmanCousins, feldman_cousins_limits, lengthened_limits

TABLE = {
    0.0: [2.44, 4.36, 5.91, 7.42, 8.60, 9.99, 11.47, 12.53, 13.99, 15.30, 16.50],
    0.5: [1.94, 3.86, 5.41, 6.92, 8.10, 9.49, 10.97, 12.03, 13.49, 14.80, 16.00],
    1.0: [1.61, 3.36, 4.91, 6.42, 7.60, 8.99, 10.47, 11.53, 12.99, 14.30, 15.50],
    3.0: [1.08, 1.88, 3.04, 4.42, 5.60, 6.99, 8.47, 9.53, 10.99, 12.30, 13.50],
}
LENGTHENED = {(3.0, 0)}
"""Entries the authors lengthened so that limits never grow with the background."""


@pytest.mark.parametrize(
    ("background", "observed"),
    [(b, n) for b, row in TABLE.items() for n in range(len(row)) if (b, n) not in LENGTHENED],
)
def test_published_table(background, observed):
    (limit,) = feldman_cousins_limits([observed], [Background(background)], 0.0, 0.9)
    # The authors' grid is 0.005 in the signal; the table is published to 0.01.
    assert limit == pytest.approx(TABLE[background][observed], abs=0.0101)


def test_lengthened_entry():
    assert lengthened_limits([0], [Background(3.0)], 0.0, 0.9) == pytest.approx([TABLE[3.0][0]], abs=0.0101)


def test_a_known_background_is_that_of_a_vanishing_error():
    known, nearly = ([Background(b, e, p)] for b, e, p in ((3.2, 0.0, None), (3.2, 1e-7, "truncated_gaussian")))
    assert feldman_cousins_limits(range(8), known, 0.0, 0.9) == pytest.approx(
        feldman_cousins_limits(range(8), nearly, 0.0, 0.9), rel=1e-6
    )


@pytest.mark.parametrize("signal", [0.3, 1.0, 2.5, 4.0, 7.7])
def test_acceptance_regions_hold_the_confidence_level(signal):
    construction = FeldmanCousins([Background(1.5, 0.4, "gamma_posterior")], 0.1, 0.9, 40.0)
    accepted = [bool(construction.accepts(n, np.array([signal]))[0]) for n in range(16)]
    generator = np.random.default_rng(5)
    size = 200_000
    means = Background(1.5, 0.4, "gamma_posterior").sample(size, generator)
    counts = generator.poisson(means + signal * generator.gamma(100, 0.01, size))
    inside = np.isin(counts, np.flatnonzero(accepted)).mean()
    assert inside > 0.9 - 0.003


def test_errors_weaken_the_limit_a_little():
    exact = upper_limit(4, Background(1.0), method="fc").signal_events
    blurred = upper_limit(4, Background(1.0, 0.3, "truncated_gaussian"), ses_error=0.15, method="fc").signal_events
    assert exact < blurred < 1.3 * exact


@pytest.mark.parametrize(("observed", "background", "error"), [(900, 850.0, 0.1), (400, 380.0, 0.0)])
def test_many_events_approach_the_gaussian_limit(observed, background, error):
    """Table X of the paper: for a Gaussian excess x0 above zero by less than about 1.3 sigma the limit is x0 + 1.64."""
    (limit,) = feldman_cousins_limits([observed], [Background(background)], error, 0.9)
    sigma = np.sqrt(observed + (error * limit) ** 2)
    excess = (observed - background) / np.sqrt(background)
    assert excess > 0
    assert limit / sigma == pytest.approx(excess + 1.64, rel=0.08)


def test_far_fewer_events_than_background_leave_a_small_limit():
    (limit,) = feldman_cousins_limits([1], [Background(30.0)], 0.0, 0.9)
    assert 0 < limit < 1


def test_an_error_of_the_sensitivity_too_large_for_the_construction_is_refused():
    with pytest.raises(ArgumentError, match="ses_error"):
        upper_limit(0, Background(0.3), ses_error=1.0, method="fc")
