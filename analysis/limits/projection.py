"""Projections: the expected limit of a search with more, or fewer, kaon decays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.statistics import Background, expected_upper_limits


class ProjectionError(ValueError):
    """A record that cannot be projected, or an impossible range."""


@dataclass(frozen=True)
class ProjectionPoint:
    """What a search would expect from a number of kaon decays."""

    kaon_decays: float
    """Kaon decays in the fiducial volume."""
    background: float
    """Expected events."""
    background_error: float
    """Its error."""
    single_event_sensitivity: float
    """Branching fraction of one signal event."""
    expected_upper_limit: tuple[float, float, float, float, float]
    """Limits at the -2 .. 2 sigma quantiles of the background-only count."""


@dataclass(frozen=True)
class Projection:
    """Expected limits of one search against the number of kaon decays."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    origin: str
    """"events" or "published": where today's record is from."""
    kaon_decays: float
    """Kaon decays of today's record."""
    unit: str
    """Unit of the limits."""
    points: tuple[ProjectionPoint, ...]
    """In ascending kaon decays."""


def projectable(record: LimitRecord) -> bool:
    """Whether a record is a counting limit that says how many kaon decays it is from; points of scans are not."""
    return bool(record.kaon_decays and record.single_event_sensitivity) and not record.parameter


def decays_range(low: float, high: float, points: int) -> tuple[float, ...]:
    """So many numbers of kaon decays from `low` to `high`, equally spaced in the logarithm.

    >>> decays_range(1e11, 1e13, 3)
    (100000000000.0, 1000000000000.0, 10000000000000.0)
    """
    if not (0 < low < high < math.inf and points >= 2):
        raise ProjectionError(f"a range of kaon decays needs 0 < low < high and 2 points, not {low}, {high}, {points}")
    return tuple(float(n) for n in np.geomspace(low, high, points))


def project(
    record: LimitRecord, decays: Sequence[float], *, background_prior: str, confidence_level: float = 0.9
) -> Projection:
    """The expected limit for each number of kaon decays.

    The background of the signal region grows with the decays, and so does its error: its relative error stays, and that
    of the sensitivity.  This is what the present analysis would give with more data; a better known background does
    better.  Counts are integers, so limits do not fall smoothly where the background is small.

    Raises ProjectionError for a record without kaon decays or sensitivity.
    """
    if not projectable(record):
        raise ProjectionError(f"{record.search}/{record.dataset} is no counting limit with a number of kaon decays")
    now, sensitivity = float(record.kaon_decays or 0), float(record.single_event_sensitivity or 0)
    relative = (record.single_event_sensitivity_error or 0.0) / sensitivity

    def at(number: float) -> ProjectionPoint:
        scale = number / now
        expected, error = record.background * scale, record.background_error * scale
        background = Background(expected, error, background_prior)  # type: ignore[arg-type]
        ses = sensitivity / scale
        limits = expected_upper_limits(background, ses=ses, ses_error=relative * ses, confidence_level=confidence_level)
        return ProjectionPoint(number, expected, error, ses, limits)

    points = tuple(at(number) for number in sorted(decays))
    return Projection(record.search, record.dataset, record.origin, now, record.unit, points)
