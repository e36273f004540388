"""HistFactory workspaces of the searches, for a colleague to check with pyhf or ROOT.

Channels are regions, samples are background modes, the signal has the normalisation factor mu, scaled so that
mu = branching fraction / `scale`.  Errors have the shapes that the limits are computed with: a Gaussian cut at zero is
a linear `histosys` whose parameter ends where its sample vanishes, counting statistics a `shapesys` of the mode and
region, a lognormal and the parts of the sensitivity a `normsys`.  Errors of one name move together.

Names are of letters, digits and underscores, which is all that HS3 and ROOT take; `about` has the written ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rarekaon.analysis.results.records import write_text
from rarekaon.analysis.statistics.arguments import ArgumentError, count, non_negative, positive

MEASUREMENT = "branching_fraction"
PARAMETER = "mu"
FEWEST_EVENTS = 10.0
"""Observed and expected events of every signal region below which asymptotic formulae are wrong by 9% to 39%."""

_SMALLEST_YIELD = 1e-6
_REACH = 5.0
"""Standard deviations that parameters may go."""


@dataclass(frozen=True)
class Sample:
    """One background mode in one region, in events.

    stat: error of simulation or counting statistics.  systematics: (name, error) pairs; errors of one name move
    together, between modes and between regions.  shape: of the systematic errors.  variations: (name, events more one
    standard deviation up, events more one down) of errors that move the sample either way.
    """

    mode: str
    expected: float
    stat: float = 0.0
    systematics: tuple[tuple[str, float], ...] = ()
    shape: Literal["gaussian", "lognormal"] = "gaussian"
    variations: tuple[tuple[str, float, float], ...] = ()

    def __post_init__(self) -> None:
        non_negative("expected", self.expected)
        non_negative("stat", self.stat)
        for name, error in self.systematics:
            non_negative(f"systematics {name}", error)
        if self.expected == 0 and (self.stat or self.systematics):
            raise ArgumentError(f"expected of {self.mode} is 0: HistFactory errors are relative, leave the mode out")


@dataclass(frozen=True)
class RegionCounts:
    """One region: observed events, background modes, and the expected signal at a branching fraction of 1 `scale`."""

    name: str
    observed: int
    samples: tuple[Sample, ...]
    signal: float = 0.0

    def __post_init__(self) -> None:
        count("observed", self.observed)
        non_negative("signal", self.signal)


def plain_name(text: str) -> str:
    """A name of letters, digits and underscores that differs wherever charges do.

    >>> plain_name("K+ -> pi- e+ e+"), plain_name("e- -> pi- misidentification")
    ('Kplus_to_piminus_eplus_eplus', 'eminus_to_piminus_misidentification')
    """
    charged = re.sub(r"(?<=[A-Za-z0])-(?![A-Za-z0-9>])", "minus", text.replace("->", " to ").replace("+", "plus"))
    return re.sub(r"[^A-Za-z0-9]+", "_", charged).strip("_")


def workspace(
    regions: Sequence[RegionCounts], sensitivity_errors: Sequence[tuple[str, float]] = (), highest_mu: float = 100.0
) -> dict[str, Any]:
    """The workspace as plain data that JSON can hold.

    sensitivity_errors: (name, relative error) of every part of N_K and acceptance; each is a `normsys` of the signal
    in all regions.  highest_mu: upper bound of the parameter (pyhf's default, 10, makes its scans fail).
    Raises ArgumentError without a region with signal, or where two names become one.
    """
    if not regions or not any(region.signal > 0 for region in regions):
        raise ArgumentError("regions must hold at least one region with signal")
    _names(regions, sensitivity_errors)
    parameters = [{"name": PARAMETER, "inits": [1.0], "bounds": [[0.0, positive("highest_mu", highest_mu)]]}]
    parameters += [
        {"name": name, "bounds": [[-min(_REACH, lowest), _REACH]]} for name, lowest in _lowest_pulls(regions).items()
    ]
    return {
        "version": "1.0.0",
        "channels": [_channel(region, sensitivity_errors) for region in regions],
        "observations": [{"name": plain_name(region.name), "data": [float(region.observed)]} for region in regions],
        "measurements": [{"name": MEASUREMENT, "config": {"poi": PARAMETER, "parameters": parameters}}],
    }


def about(
    regions: Sequence[RegionCounts], sensitivity_errors: Sequence[tuple[str, float]], unit: float, file: str
) -> dict[str, Any]:
    """What the HistFactory schema has no place for: the unit of mu, the written names, whether asymptotics holds."""
    fewest = min(min(float(r.observed), sum(sample.expected for sample in r.samples)) for r in regions if r.signal > 0)
    holds = fewest >= FEWEST_EVENTS
    return {
        "unit": unit,
        "meaning": f"{PARAMETER} is the branching fraction over {unit:g}",
        "asymptotics": (
            "holds"
            if holds
            else f"does not hold: a signal region has {fewest:.3g} events, fewer than {FEWEST_EVENTS:g}; limits by the "
            "asymptotic formulae are 9% to 39% too low"
        ),
        "limit": f"kaon limit --workspace {file}" + ("" if holds else " --toys 100000"),
        "names": _names(regions, sensitivity_errors),
    }


def write_workspace(path: Path, content: dict[str, Any]) -> None:
    """Write a workspace as JSON, atomically."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def _written(regions: Sequence[RegionCounts], sensitivity_errors: Sequence[tuple[str, float]]) -> Iterator[str]:
    for region in regions:
        yield region.name
        for sample in region.samples:
            yield sample.mode
            yield from (name for name, _ in sample.systematics)
            yield from (name for name, _, _ in sample.variations)
    yield from (name for name, _ in sensitivity_errors)


def _names(regions: Sequence[RegionCounts], sensitivity_errors: Sequence[tuple[str, float]]) -> dict[str, str]:
    """Written names by their plain ones."""
    names: dict[str, str] = {}
    for written in _written(regions, sensitivity_errors):
        other = names.setdefault(plain_name(written), written)
        if other != written or not plain_name(written):
            raise ArgumentError(f"names: {other!r} and {written!r} are one name of letters and digits; change one")
    return names


def _lowest_pulls(regions: Sequence[RegionCounts]) -> dict[str, float]:
    """Pull at which the first sample of each linear error vanishes."""
    lowest: dict[str, float] = {}
    for sample in (s for r in regions for s in r.samples if s.shape == "gaussian"):
        for name, error in sample.systematics:
            if error:
                pull = (sample.expected - _SMALLEST_YIELD) / error
                lowest[plain_name(name)] = min(pull, lowest.get(plain_name(name), _REACH))
    return lowest


def _channel(region: RegionCounts, sensitivity_errors: Sequence[tuple[str, float]]) -> dict[str, Any]:
    samples = [_sample(region.name, sample) for sample in region.samples]
    if region.signal > 0:
        modifiers: list[dict[str, Any]] = [{"name": PARAMETER, "type": "normfactor", "data": None}]
        modifiers += [_normsys(name, relative) for name, relative in sensitivity_errors]
        samples.insert(0, {"name": "signal", "data": [region.signal], "modifiers": modifiers})
    if not samples:
        raise ArgumentError(f"samples of {region.name}: a region needs a signal or a background mode")
    return {"name": plain_name(region.name), "samples": samples}


def _sample(region: str, sample: Sample) -> dict[str, Any]:
    modifiers: list[dict[str, Any]] = []
    # A yield of exactly zero makes the likelihood of one event undefined.
    expected = max(sample.expected, _SMALLEST_YIELD)
    if sample.stat:
        name = f"statistics_{plain_name(sample.mode)}_{plain_name(region)}"
        modifiers.append({"name": name, "type": "shapesys", "data": [sample.stat]})
    for written, error in sample.systematics:
        name = plain_name(written)
        if error and sample.shape == "lognormal":
            modifiers.append(_normsys(name, error / sample.expected))
        elif error:
            both = {"hi_data": [expected + error], "lo_data": [expected - error]}
            modifiers.append({"name": name, "type": "histosys", "data": both})
    for written, up, down in sample.variations:
        ends = {"hi_data": [max(expected + up, _SMALLEST_YIELD)], "lo_data": [max(expected + down, _SMALLEST_YIELD)]}
        modifiers.append({"name": plain_name(written), "type": "histosys", "data": ends})
    return {"name": plain_name(sample.mode), "data": [expected], "modifiers": modifiers}


def _normsys(name: str, relative: float) -> dict[str, Any]:
    """A relative error, one standard deviation up and as much of a factor down."""
    return {"name": plain_name(name), "type": "normsys", "data": {"hi": 1 + relative, "lo": 1 / (1 + relative)}}
