"""Counting searches in a YAML file: several channels, backgrounds by component, shared errors; and their results.

confidence_level: 0.9
methods: [cls, bayes]
shared_ses_error: 0.03            # relative: N_K, which all channels share
channels:
  "2017":
    observed: 0                   # left out: expected limits only
    ses: {value: 0.94e-10, error: 0.01e-10}
    backgrounds:
      pi0_D e nu: {expected: 0.12, error: 0.02, prior: gamma_posterior, shared: {misidentification: 0.02}}
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.special import ndtri

from rarekaon.analysis.processing.unblinding import open_boxes
from rarekaon.analysis.results.provenance import provenance
from rarekaon.analysis.statistics import Background, expected_upper_limits, significance, upper_limit
from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Prior
from rarekaon.analysis.statistics.combination import Channel, combined_cls, combined_limit, combined_measurement
from rarekaon.analysis.statistics.contours import FEW
from rarekaon.analysis.statistics.counting import CountingExperiment, LargeCounts
from rarekaon.analysis.statistics.interval import central_interval, profile_interval

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Error = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Method = Literal["cls", "fc", "fc_lengthened", "bayes", "rolke", "rolke_unbounded"]

_SCAN_POINTS = 41
LEAST_SIGNIFICANCE = -10.0
"""Stands for minus infinity, the significance of no event at all: JSON holds finite numbers."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class CountedBackground(_Strict):
    """One background in one channel, in events.

    error and error_down are its own (as `Background`); shared: common errors by name, in events per standard
    deviation: those of one name move together, within a channel and between channels.
    """

    expected: Error
    error: Error = 0.0
    error_down: Error | None = None
    prior: Prior | None = None
    shared: dict[str, Error] = {}


class CountedSensitivity(_Strict):
    """Single event sensitivity with the error that no other channel has."""

    value: Positive = 1.0
    error: Error = 0.0


class CountedChannel(_Strict):
    """One counting channel; without `observed` only expected limits are computed."""

    observed: Annotated[int, Field(ge=0, strict=True)] | None = None
    ses: CountedSensitivity = CountedSensitivity()
    backgrounds: dict[str, CountedBackground] = {}

    def components(self) -> tuple[Background, ...]:
        """Independent components: those with shared errors are one, its errors of one name added linearly."""
        own = [c for c in self.backgrounds.values() if not c.shared]
        sharing = [c for c in self.backgrounds.values() if c.shared]
        made = [Background(c.expected, c.error, c.prior, c.error_down) for c in own]
        if sharing:
            errors = [*(c.error for c in sharing), *self.shared().values()]
            total = float(np.hypot.reduce(errors)) if errors else 0.0
            made.append(Background(sum(c.expected for c in sharing), total, "truncated_gaussian"))
        return tuple(made) or (Background(0.0),)

    def shared(self) -> dict[str, float]:
        """Common errors of the channel by name, in events."""
        sums: dict[str, float] = {}
        for component in self.backgrounds.values():
            for name, error in component.shared.items():
                sums[name] = sums.get(name, 0.0) + error
        return sums

    def channel(self) -> Channel:
        """As a channel of a combination; Raises ArgumentError without a count."""
        if self.observed is None:
            raise ArgumentError("observed is not given for every channel: they cannot be combined")
        own = [Background(c.expected, c.error, c.prior, c.error_down) for c in self.backgrounds.values()]
        return Channel(
            self.observed, own or [Background(0.0)], self.ses.value, self.ses.error, tuple(self.shared().items())
        )


class CountsFile(_Strict):
    """Channels with what they share."""

    confidence_level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    methods: tuple[Method, ...] = ("cls",)
    shared_ses_error: Error = 0.0
    channels: Annotated[dict[str, CountedChannel], Field(min_length=1)]

    @classmethod
    def read(cls, path: Path) -> CountsFile:
        """Raises ArgumentError with the file and the place of what is wrong."""
        try:
            return cls.model_validate(yaml.safe_load(path.read_text()))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ArgumentError(f"{path}: no YAML ({error})") from error
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ArgumentError(f"{path}: {problems}") from error


def results_of(counts: CountsFile) -> dict[str, Any]:
    """Limits by every method, significance, interval and CLs scan of each channel, and of all together."""
    channels = {name: _results(counts, channel) for name, channel in counts.channels.items()}
    observed = all(channel.observed is not None for channel in counts.channels.values())
    return {
        "confidence_level": counts.confidence_level,
        "channels": channels,
        "combined": _combined(counts) if observed else None,
        "input": counts.model_dump(mode="json"),
        "provenance": provenance(open_boxes=open_boxes()),
    }


def _combined(counts: CountsFile) -> dict[str, Any]:
    channels, shared = [c.channel() for c in counts.channels.values()], counts.shared_ses_error
    limit = combined_limit(channels, shared_ses_error=shared, confidence_level=counts.confidence_level).upper_limit
    measured = combined_measurement(channels, shared_ses_error=shared)
    signals = np.linspace(0, 2 * limit, _SCAN_POINTS)
    return {
        "upper_limit": limit,
        "p_value": measured.p_value,
        "significance": _significance(measured.p_value),
        "interval": asdict(measured.interval),
        "cls_scan": {
            "branching_fraction": signals.tolist(),
            "cls": [1.0, *combined_cls(channels, signals[1:], shared_ses_error=shared)],
        },
    }


def _significance(p_value: float) -> float:
    """One-sided standard deviations, not below those that JSON can hold."""
    return max(float(-ndtri(p_value)), LEAST_SIGNIFICANCE)


def _results(counts: CountsFile, channel: CountedChannel) -> dict[str, Any]:
    components, ses = channel.components(), channel.ses.value
    error = float(np.hypot(channel.ses.error, counts.shared_ses_error * ses))
    found: dict[str, Any] = {"expected_upper_limit": {}, "upper_limit": {}}
    for method in counts.methods:
        settings: dict[str, Any] = {
            "ses": ses, "ses_error": error, "confidence_level": counts.confidence_level, "method": method,
        }  # fmt: skip
        if channel.observed is None:
            found["expected_upper_limit"][method] = list(expected_upper_limits(components, **settings))
        else:
            limit = upper_limit(channel.observed, components, **settings)
            found["expected_upper_limit"][method] = list(limit.expected_upper_limit)
            found["upper_limit"][method] = limit.upper_limit
            if limit.least_coverage is not None:
                found.setdefault("least_coverage", {})[method] = limit.least_coverage
    if channel.observed is not None:
        found["p_value"] = significance(channel.observed, components).p_value
        found["significance"] = _significance(found["p_value"])
        found["interval"] = asdict(central_interval(channel.observed, components, ses=ses, ses_error=error))
        found["profile_interval"] = asdict(profile_interval(channel.observed, components, ses=ses, ses_error=error))
        found["cls_scan"] = _scan(channel.observed, components, ses, error / ses, counts.confidence_level)
    return found


def _scan(
    observed: int, components: tuple[Background, ...], ses: float, relative: float, level: float
) -> dict[str, list[float]]:
    """CLs against the branching fraction, up to twice the limit."""
    limit = upper_limit(observed, components, ses_error=relative, confidence_level=level).signal_events
    signals = np.linspace(0, 2 * limit, _SCAN_POINTS)
    if observed <= FEW:
        experiment = CountingExperiment(observed, components, relative)
        values = [experiment.cls(float(s)) for s in signals]
    else:
        large = LargeCounts([observed], components, relative)
        values = [1.0, *(float(large.cls(np.array([s]))[0]) for s in signals[1:])]
    return {"branching_fraction": [float(s * ses) for s in signals], "cls": values}
