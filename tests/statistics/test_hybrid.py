"""Limits of workspaces by draws: known mixtures of backgrounds."""

import warnings

import pytest
from scipy.optimize import brentq
from scipy.special import gammaincc

from rarekaon.analysis.statistics.hybrid import workspace_limit


def counting(background: float, observed: int, modifier: dict[str, object]) -> dict[str, object]:
    signal = {"name": "signal", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]}
    return {
        "channels": [
            {"name": "c", "samples": [signal, {"name": "b", "data": [background], "modifiers": [modifier]}]},
        ],
        "observations": [{"name": "c", "data": [observed]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


def test_a_background_that_is_all_there_or_not_at_all() -> None:
    """Half of the pulls take the background away: a mixture of two backgrounds, whose CLs is known."""
    b, n = 4.0, 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        limit = workspace_limit(
            counting(b, n, {"name": "there", "type": "normsys", "data": {"hi": 1.0, "lo": 0.0}})
        ).upper_limit

    def probability(signal: float) -> float:
        return float(gammaincc(n + 1, b + signal) + gammaincc(n + 1, signal)) / 2

    exact = brentq(lambda s: probability(s) / probability(1e-300) - 0.1, 0.1, 20)
    assert limit == pytest.approx(exact, rel=1e-3)
