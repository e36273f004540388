"""Exposure survives the histogram store exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.events.exposure import Exposure

counts = st.integers(0, 2**50)
weights = st.floats(0, 1e18)


@given(st.booleans(), counts, counts, weights, weights, counts)
def test_numbers_and_back(simulated, events, generated, weight, in_fv, bursts):
    exposure = Exposure(simulated, events, generated, weight, in_fv, bursts)
    assert Exposure.from_numbers(exposure.as_numbers()) == exposure


def test_a_missing_number_is_named():
    with pytest.raises(KeyError, match="weight_in_fv"):
        Exposure.from_numbers({k: v for k, v in Exposure(True, 1).as_numbers().items() if k != "weight_in_fv"})
