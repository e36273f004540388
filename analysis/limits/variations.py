"""What the declared variations do to expected events, and which source of error moves the limit most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.search.declaration import Selection, ShapeSystematic
from rarekaon.analysis.statistics import Background, expected_upper_limits

_MEDIAN = 2


@dataclass(frozen=True)
class Shift:
    """Change of expected events by one standard deviation of a source."""

    up: float = 0.0
    """Events up minus nominal."""
    down: float = 0.0
    """Events down minus nominal."""

    @property
    def size(self) -> float:
        """Half of the difference: signed, so that samples that move oppositely cancel."""
        return (self.up - self.down) / 2

    def scaled(self, factor: float) -> Shift:
        return Shift(self.up * factor, self.down * factor)


def shift_of(
    booked: SearchHistograms, variation: ShapeSystematic, sample: str, selection: Selection, region: str
) -> Shift:
    """Change of the sum of weights of a sample in a region of a selection; none if it does not vary."""
    if sample not in variation.samples:
        return Shift()
    nominal = booked.count(sample, selection, region).value
    up, down = (booked.count(sample, selection, region, varied=name).value for name, _ in variation.ends())
    return Shift(up - nominal, down - nominal)


def background_shifts(booked: SearchHistograms, region: str, decays: float) -> dict[str, dict[str, Shift]]:
    """Changes in events by source and sample."""
    search = booked.search
    return {
        variation.name: {
            sample: shift_of(booked, variation, sample, search.signal, region).scaled(
                booked.rate_per_weight(sample) * decays
            )
            for sample in variation.samples
            if sample in search.samples.backgrounds
        }
        for variation in search.shape_systematics
    }


def acceptance_errors(
    booked: SearchHistograms, sample: str, selection: Selection, region: str
) -> tuple[tuple[str, float], ...]:
    """Relative changes of an acceptance by source, signed: what moves signal and normalisation alike cancels."""
    accepted = booked.count(sample, selection, region).value
    return tuple(
        (v.name, shift_of(booked, v, sample, selection, region).size / accepted)
        for v in booked.search.shape_systematics
        if sample in v.samples and accepted > 0
    )


def ranking(
    background: Background, sources: Mapping[str, float], signal: Mapping[str, float], relative: float, level: float
) -> list[dict[str, Any]]:
    """Sources of error by their effect on the median expected limit, the largest first.

    sources: their errors of the background in events; signal: those of the acceptance, relative; relative: of the
    sensitivity in total.  The effect is the share of the limit that goes with the source.
    """

    def median(error: float, relative_error: float) -> float:
        prior = background.prior if error > 1e-9 * background.expected else "fixed"
        component = Background(background.expected, error if prior != "fixed" else 0.0, prior)
        return expected_upper_limits(component, ses_error=relative_error, confidence_level=level)[_MEDIAN]

    def without(total: float, part: float) -> float:
        return math.sqrt(max(0.0, total**2 - part**2))

    nominal = median(background.error, relative)
    rows = [
        {
            "source": name,
            "background_events": sources.get(name, 0.0),
            "acceptance": signal.get(name, 0.0),
            "effect_on_limit": 1
            - median(without(background.error, sources.get(name, 0.0)), without(relative, signal.get(name, 0.0)))
            / nominal,
        }
        for name in dict.fromkeys([*sources, *signal])
    ]
    return sorted(rows, key=lambda row: -abs(float(row["effect_on_limit"])))
