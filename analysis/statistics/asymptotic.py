"""Asymptotic limits of workspaces through pyhf: several bins and every modifier, for many events.

For the counts of rare decays the asymptotic formulae are wrong by 17% to 39%; they are refused below ten events.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarekaon.analysis.statistics.arguments import ArgumentError, confidence_level
from rarekaon.analysis.statistics.workspace import FEWEST_EVENTS


class AsymptoticsError(ArgumentError):
    """Too few observed or expected events for the asymptotic distribution of the test statistic."""


@dataclass(frozen=True)
class AsymptoticLimit:
    """CLs upper limit on the parameter of interest."""

    parameter: str
    """Its name in the workspace."""
    upper_limit: float
    """Observed."""
    expected_upper_limit: tuple[float, ...]
    """At the -2 .. 2 sigma expectations of the background."""
    confidence_level: float


def asymptotic_limit(content: dict[str, Any], level: float = 0.9, *, anyway: bool = False) -> AsymptoticLimit:
    """Asymptotic CLs limit of a workspace in pyhf's JSON.

    Raises ArgumentError for what is no workspace, AsymptoticsError if fewer than ten events are observed or expected
    where signal is; `anyway` is for studies of how wrong it is.
    """
    confidence_level(level)
    with _pyhf_warnings_contained():
        model, data = _model(content)
        if not anyway:
            _refuse_few_events(model, data)
        observed, expected = _scan(model, data, level)
    return AsymptoticLimit(
        str(model.config.poi_name), float(observed), tuple(float(value) for value in expected), level
    )


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


def _model(content: dict[str, Any]) -> tuple[Any, Any]:
    import pyhf

    wrong = pyhf.exceptions
    try:
        workspace = pyhf.Workspace(content)
        # code4 / code1: exponential interpolation keeps every yield above zero.
        model = workspace.model(
            modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}},
        )
        data = workspace.data(model)
    except (wrong.InvalidSpecification, wrong.InvalidMeasurement, wrong.InvalidModel, wrong.InvalidModifier) as error:
        raise ArgumentError(f"workspace: pyhf refuses it: {error}") from error
    if model.config.poi_index is None:
        raise ArgumentError("workspace: its measurement has no parameter of interest")
    return model, data


def _refuse_few_events(model: Any, data: Any) -> None:
    parameters = model.config.suggested_init()
    parameters[model.config.poi_index] = 0.0
    background = model.expected_actualdata(parameters)
    parameters[model.config.poi_index] = 1.0
    with_signal = model.expected_actualdata(parameters) > background
    if not with_signal.any():
        raise ArgumentError("workspace: no region has a signal")
    observed = np.asarray(data[: len(background)])
    fewest = min(float(background[with_signal].min()), float(observed[with_signal].min()))
    if fewest < FEWEST_EVENTS:
        raise AsymptoticsError(
            f"asymptotic formulae need about {FEWEST_EVENTS:g} observed and expected events in every signal region, "
            f"here {fewest:.3g}: use the exact limit"
        )


@contextmanager
def _pyhf_warnings_contained() -> Iterator[None]:
    """pyhf 0.7.6 uses jsonschema's deprecated RefResolver in every model, and divides by zero in its fits."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="pyhf")
        yield
