"""The same limits through pyhf, asymptotic and with its toys: a cross-check, not the engine.

For the counts of rare decays the asymptotic formulae are wrong by 17% to 39%; they are refused below ten events.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarekaon.analysis.statistics.arguments import ArgumentError, confidence_level, positive
from rarekaon.analysis.statistics.workspace import FEWEST_EVENTS


class AsymptoticsError(ArgumentError):
    """Too few observed or expected events for the asymptotic distribution of the test statistic."""


@dataclass(frozen=True)
class PyhfLimit:
    """Limit on mu, observed and at the -2 .. 2 sigma expectations."""

    observed: float
    expected: tuple[float, ...]


def asymptotic_limit(content: dict[str, Any], level: float = 0.9, *, anyway: bool = False) -> PyhfLimit:
    """Asymptotic CLs limit on mu of a workspace.

    Raises AsymptoticsError if fewer than ten events are observed or expected where signal is; `anyway` is for
    studies of how wrong it is.
    """
    confidence_level(level)
    with _pyhf_warnings_contained():
        model, data = _model(content)
        if not anyway:
            _refuse_few_events(model, data)
        observed, expected = _scan(model, data, level)
    return PyhfLimit(float(observed), tuple(float(value) for value in expected))


def _scan(model: Any, data: Any, level: float) -> tuple[Any, Any]:
    """Observed and expected limits; the bracket, and the bound of mu with it, grows until CLs is passed at its end."""
    import pyhf

    bounds, poi = model.config.suggested_bounds(), model.config.poi_index
    highest = bounds[poi][1]
    for _ in range(60):
        bounds[poi] = (0.0, 1.01 * highest)
        ends = pyhf.infer.hypotest(
            highest, data, model, test_stat="qtilde", return_expected_set=True, par_bounds=bounds
        )
        if max(float(value) for value in (ends[0], *ends[1])) < 1 - level:
            break
        highest *= 2
    lowest = highest
    for _ in range(60):
        lowest /= 2
        ends = pyhf.infer.hypotest(lowest, data, model, test_stat="qtilde", return_expected_set=True, par_bounds=bounds)
        # Near mu = 0 the Asimov test statistic vanishes and pyhf's CLs is NaN.
        if min(float(value) for value in (ends[0], *ends[1])) > 1 - level:
            break
    observed, expected = pyhf.infer.intervals.upper_limits.toms748_scan(
        data, model, lowest, highest, level=1 - level, rtol=1e-5, par_bounds=bounds
    )
    return observed, expected


def toy_cls(content: dict[str, Any], mu: float, *, toys: int, seed: int) -> float:
    """CLs of `mu` with pyhf's toy calculator (about `toys` / 50 seconds); statistical error ~ 1 / sqrt(toys).

    pyhf draws from the global NumPy generator through scipy: its state is set from `seed` and restored.
    """
    positive("toys", toys)
    state = np.random.get_state()  # noqa: NPY002 (pyhf draws from the global generator)
    np.random.seed(seed)  # noqa: NPY002
    try:
        with _pyhf_warnings_contained():
            import pyhf

            model, data = _model(content)
            cls = pyhf.infer.hypotest(
                mu, data, model, test_stat="qtilde", calctype="toybased", ntoys=toys, track_progress=False
            )
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return float(cls)


def validate(content: dict[str, Any]) -> None:
    """Check a workspace against the HistFactory schema and build its model; raises pyhf's exceptions."""
    with _pyhf_warnings_contained():
        _model(content)


def expected_events(content: dict[str, Any], mu: float) -> dict[str, float]:
    """Nominal events of every region at a signal strength."""
    with _pyhf_warnings_contained():
        model, _data = _model(content)
        parameters = model.config.suggested_init()
        parameters[model.config.poi_index] = mu
        actual = model.expected_actualdata(parameters)
        return {name: float(actual[model.config.channel_slices[name]].sum()) for name in model.config.channels}


def _model(content: dict[str, Any]) -> tuple[Any, Any]:
    import pyhf

    workspace = pyhf.Workspace(content)
    # code4 / code1: exponential interpolation keeps every yield above zero.
    model = workspace.model(
        modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}},
    )
    return model, workspace.data(model)


def _refuse_few_events(model: Any, data: Any) -> None:
    parameters = model.config.suggested_init()
    parameters[model.config.poi_index] = 0.0
    background = model.expected_actualdata(parameters)
    parameters[model.config.poi_index] = 1.0
    with_signal = model.expected_actualdata(parameters) > background
    observed = np.asarray(data[: len(background)])
    fewest = min(float(background[with_signal].min()), float(observed[with_signal].min()))
    if fewest < FEWEST_EVENTS:
        raise AsymptoticsError(
            f"asymptotic formulae need about {FEWEST_EVENTS:g} observed and expected events in every signal region, "
            f"here {fewest:.3g}: use upper_limit (exact) or toys"
        )


@contextmanager
def _pyhf_warnings_contained() -> Iterator[None]:
    """pyhf 0.7.6 uses jsonschema's deprecated RefResolver in every model, and divides by zero in its fits."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="pyhf")
        yield
