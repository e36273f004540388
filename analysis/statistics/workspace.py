"""HistFactory workspaces of the searches, for a colleague to check with pyhf or ROOT.

Channels are regions, samples are background modes, the signal has the normalisation factor mu, scaled so that
mu = branching fraction / `scale`.  Every error is a named modifier: `normsys` for the parts of the sensitivity (the
same name where two channels share it) and for systematic background errors, `staterror`-like `shapesys` per mode and
region for simulation statistics.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rarekaon.analysis.results.records import write_text
from rarekaon.analysis.statistics.arguments import ArgumentError, count, non_negative, positive

MEASUREMENT = "branching fraction"
PARAMETER = "mu"

_SMALLEST_YIELD = 1e-6


@dataclass(frozen=True)
class Sample:
    """One background mode in one region, in events.

    stat: error of simulation statistics.  systematics: (name, error) pairs; errors of one name move together,
    between modes and between regions.
    """

    mode: str
    expected: float
    stat: float = 0.0
    systematics: tuple[tuple[str, float], ...] = ()

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


def workspace(
    regions: Sequence[RegionCounts], sensitivity_errors: Sequence[tuple[str, float]] = (), highest_mu: float = 100.0
) -> dict[str, Any]:
    """The workspace as plain data that JSON can hold.

    sensitivity_errors: (name, relative error) of every part of N_K and acceptance; each is a `normsys` of the signal
    in all regions.  highest_mu: upper bound of the parameter (pyhf's default, 10, makes its scans fail).
    """
    if not regions or not any(region.signal > 0 for region in regions):
        raise ArgumentError("regions must hold at least one region with signal")
    parameter = {"name": PARAMETER, "inits": [1.0], "bounds": [[0.0, positive("highest_mu", highest_mu)]]}
    return {
        "version": "1.0.0",
        "channels": [_channel(region, sensitivity_errors) for region in regions],
        "observations": [{"name": region.name, "data": [float(region.observed)]} for region in regions],
        "measurements": [{"name": MEASUREMENT, "config": {"poi": PARAMETER, "parameters": [parameter]}}],
    }


def write_workspace(path: Path, content: dict[str, Any]) -> None:
    """Write a workspace as JSON, atomically."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def _channel(region: RegionCounts, sensitivity_errors: Sequence[tuple[str, float]]) -> dict[str, Any]:
    samples = [_sample(region.name, sample) for sample in region.samples]
    if region.signal > 0:
        modifiers: list[dict[str, Any]] = [{"name": PARAMETER, "type": "normfactor", "data": None}]
        modifiers += [_normsys(name, relative) for name, relative in sensitivity_errors]
        samples.insert(0, {"name": "signal", "data": [region.signal], "modifiers": modifiers})
    if not samples:
        raise ArgumentError(f"samples of {region.name}: a region needs a signal or a background mode")
    return {"name": region.name, "samples": samples}


def _sample(region: str, sample: Sample) -> dict[str, Any]:
    modifiers: list[dict[str, Any]] = []
    if sample.stat:
        name = f"statistics {sample.mode} {region}"
        modifiers.append({"name": name, "type": "shapesys", "data": [sample.stat]})
    modifiers += [_normsys(name, error / sample.expected) for name, error in sample.systematics if error]
    # A yield of exactly zero makes the likelihood of one event undefined.
    return {"name": sample.mode, "data": [max(sample.expected, _SMALLEST_YIELD)], "modifiers": modifiers}


def _normsys(name: str, relative: float) -> dict[str, Any]:
    """A relative error; beyond 95% the lower side stays above zero, as HistFactory needs."""
    return {"name": name, "type": "normsys", "data": {"hi": 1 + relative, "lo": max(1 - relative, 0.05)}}
