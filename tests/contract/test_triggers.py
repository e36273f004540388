"""Downscaled lines against sums over outcomes and the published weights."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.contract.triggers import OFF, kept_fraction, relative_exposure

FACTORS = st.lists(st.sampled_from([1, 2, 8, 100, OFF]), min_size=1, max_size=4)


@given(FACTORS)
def test_kept_fraction_is_the_sum_over_all_outcomes_in_which_a_line_keeps(factors):
    total = 0.0
    for kept in product([True, False], repeat=len(factors)):
        total += any(kept) * np.prod([1 / d if k else 1 - 1 / d for d, k in zip(factors, kept, strict=True)])
    assert kept_fraction(factors) == pytest.approx(total, abs=1e-12)


def test_no_line_keeps_nothing():
    assert kept_fraction([]) == 0


def test_relative_exposure_of_the_paper():
    # arXiv:2211.04818, Section 3: typical 1.8 for downscalings 100, 8, 8; at most 2.9.
    def formula(d_emt, d_mumt, d_mt):
        both = (1 - 1 / d_emt) * (1 - 1 / d_mt)
        return (1 - both * (1 - 1 / d_mumt)) / (1 - both)

    assert relative_exposure([8, 8, 100], [8, 100]) == pytest.approx(formula(8, 8, 100))
    assert relative_exposure([8, 8, 100], [8, 100]) == pytest.approx(1.8, abs=0.05)
    eight, four = np.array([8.0, 8.0]), np.array([8.0, 4.0])
    assert relative_exposure([eight, four, 100], [eight, 100]).tolist() == [formula(8, 8, 100), formula(8, 4, 100)]
    assert relative_exposure([8, OFF, 100], [8, 100]) == pytest.approx(1.0)


@pytest.mark.parametrize("factor", [0.5, 0, -3, np.nan])
def test_a_factor_below_one_is_refused(factor):
    with pytest.raises(ValueError, match="downscaling"):
        kept_fraction([8, factor])
