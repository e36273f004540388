"""Every bad number is refused with the name of the argument."""

import math

import numpy as np
import pytest

from rarekaon.analysis.statistics import ArgumentError, Background, correlated_sum, upper_limit

KNOWN = Background(1.0)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Background(-1.0), "background"),
        (lambda: Background(math.nan), "background"),
        (lambda: Background(math.inf), "background"),
        (lambda: Background("three"), "background"),  # type: ignore[arg-type]
        (lambda: Background(1.0, -0.1, "lognormal"), "background_error"),
        (lambda: Background(1.0, math.nan, "lognormal"), "background_error"),
        (lambda: Background(1.0, 0.1), "background_prior"),
        (lambda: Background(1.0, 0.1, "poisson"), "background_prior"),  # type: ignore[arg-type]
        (lambda: Background(1.0, 0.1, "fixed"), "background_prior"),
        (lambda: Background(0.0, 0.1, "lognormal"), "lognormal"),
        (lambda: upper_limit(-1, KNOWN), "observed"),
        (lambda: upper_limit(1.5, KNOWN), "observed"),  # type: ignore[arg-type]
        (lambda: upper_limit(True, KNOWN), "observed"),
        (lambda: upper_limit(1, KNOWN, ses=0.0), "ses"),
        (lambda: upper_limit(1, KNOWN, ses=-1.0), "ses"),
        (lambda: upper_limit(1, KNOWN, ses=math.nan), "ses"),
        (lambda: upper_limit(1, KNOWN, ses_error=-0.1), "ses_error"),
        (lambda: upper_limit(1, KNOWN, ses_error=math.nan), "ses_error"),
        (lambda: upper_limit(1, KNOWN, confidence_level=1.0), "confidence_level"),
        (lambda: upper_limit(1, KNOWN, confidence_level=0.0), "confidence_level"),
        (lambda: upper_limit(1, KNOWN, confidence_level=90.0), "confidence_level"),
        (lambda: upper_limit(1, KNOWN, confidence_level=math.nan), "confidence_level"),
        (lambda: upper_limit(1, KNOWN, method="guess"), "method"),
        (lambda: upper_limit(1, [1.0]), "background"),  # type: ignore[list-item]
        (lambda: upper_limit(1, KNOWN, ses=1.0, ses_error=1.0, method="bayes"), "ses_error"),
        (lambda: upper_limit(5000, Background(4900.0), method="fc"), "observed"),
        (lambda: correlated_sum([KNOWN], [[1.0, 0.2], [0.2, 1.0]]), "correlation"),
        (lambda: correlated_sum([KNOWN, KNOWN], 2.0), "correlation"),
        (lambda: correlated_sum([Background(1, 1, "lognormal"), Background(1, 1, "gamma_posterior")]), "prior"),
    ],
)
def test_bad_input_is_refused_by_name(make, name):
    with pytest.raises(ArgumentError, match=name) as caught:
        make()
    assert isinstance(caught.value, ValueError)


def test_numpy_integers_are_counts():
    assert upper_limit(np.int64(2), KNOWN).signal_events == upper_limit(2, KNOWN).signal_events
