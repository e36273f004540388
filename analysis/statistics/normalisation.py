"""Kaon decays N_K, acceptance and single event sensitivity, with an error budget that knows what is correlated.

Every quantity is a `Measurement`: a value and its relative contributions, each with a source and a kind (stat, syst
or ext).  Products and quotients add the contributions of one source with their signs, so what is common to the
normalisation and the signal cancels in the ratio of acceptances if, and only if, both name the same source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Kind = Literal["stat", "syst", "ext"]
KINDS: tuple[Kind, ...] = ("stat", "syst", "ext")


class NormalisationError(ValueError):
    """An input that cannot be part of a normalisation; the message names it."""


@dataclass(frozen=True)
class Contribution:
    """One source of error: signed relative size (0.03 = 3%), so that correlated sources can cancel."""

    source: str
    kind: Kind
    relative: float


@dataclass(frozen=True)
class Measurement:
    """A positive number with its error by source; `stat`, `syst`, `ext` and `error` are absolute."""

    value: float
    budget: tuple[Contribution, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise NormalisationError(f"a measurement must be a finite number above zero, got {self.value}")
        if not all(math.isfinite(part.relative) for part in self.budget):
            raise NormalisationError("errors of a measurement must be finite; leave out what is not known")

    @property
    def stat(self) -> float:
        """Statistical error."""
        return self._part("stat")

    @property
    def syst(self) -> float:
        """Systematic error."""
        return self._part("syst")

    @property
    def ext(self) -> float:
        """External error (branching fractions measured elsewhere)."""
        return self._part("ext")

    @property
    def error(self) -> float:
        """Total error, all sources in quadrature."""
        return self.value * math.sqrt(sum(part.relative**2 for part in self.budget))

    @property
    def largest(self) -> Contribution | None:
        """The source that limits the precision; None without errors."""
        return max(self.budget, key=lambda part: abs(part.relative), default=None)

    def __mul__(self, other: Measurement | float) -> Measurement:
        factor = _as_measurement(other)
        return Measurement(self.value * factor.value, _joined(self.budget, factor.budget))

    def __truediv__(self, other: Measurement | float) -> Measurement:
        return self * _as_measurement(other).inverse()

    def inverse(self) -> Measurement:
        """1 / value with the same relative errors, their signs turned."""
        turned = tuple(replace(part, relative=-part.relative) for part in self.budget)
        return Measurement(1 / self.value, turned)

    def __repr__(self) -> str:
        parts = ", ".join(f"{kind} {getattr(self, kind):.2g}" for kind in KINDS if getattr(self, kind) > 0)
        return f"{self.value:.5g}" + (f" ± {self.error:.2g} ({parts})" if parts else "")

    def _part(self, kind: Kind) -> float:
        return self.value * math.sqrt(sum(part.relative**2 for part in self.budget if part.kind == kind))


def measurement(value: float, source: str, *, stat: float = 0.0, syst: float = 0.0, ext: float = 0.0) -> Measurement:
    """A measurement with absolute errors, named "`source` stat", "`source` syst", "`source` ext".

    Two measurements made with the same source and kind are taken as fully correlated.
    """
    errors: tuple[tuple[Kind, float], ...] = (("stat", stat), ("syst", syst), ("ext", ext))
    for kind, error in errors:
        if not (math.isfinite(error) and error >= 0):
            raise NormalisationError(f"{kind} of {source} must be a finite error, not negative, got {error}")
    if not (math.isfinite(value) and value > 0):
        raise NormalisationError(f"{source} must be a finite number above zero, got {value}")
    return Measurement(value, tuple(Contribution(f"{source} {k}", k, e / value) for k, e in errors if e))


def acceptance(
    selected: float,
    generated: float,
    source: str,
    *,
    sum_of_squared_weights: float | None = None,
    generated_sum_of_squared_weights: float | None = None,
    syst: Sequence[tuple[str, float]] = (),
) -> Measurement:
    """Acceptance from simulation: selected over generated events (sums of weights), binomial statistical error.

    sum_of_squared_weights: of the selected and of the generated events; the sums themselves for unit weights. syst:
    (source, relative error) pairs. An error cancels where normalisation and signal name the same source.
    """
    if not 0 < selected <= generated:
        raise NormalisationError(f"selected of {source} must lie between 0 and generated, got {selected}")
    squares = selected if sum_of_squared_weights is None else sum_of_squared_weights
    fraction = selected / generated
    all_squares = generated if generated_sum_of_squared_weights is None else generated_sum_of_squared_weights
    # Ratio of correlated sums: (1 - 2 p) S_selected + p^2 S_generated, which is p (1 - p) N for unit weights.
    variance = max(0.0, (1 - 2 * fraction) * squares + fraction**2 * all_squares) / generated**2
    statistical = Contribution(f"{source} simulation", "stat", math.sqrt(variance) / fraction)
    systematic = tuple(Contribution(name, "syst", relative) for name, relative in syst)
    return Measurement(fraction, (statistical, *systematic))


def candidates(weights: ArrayLike, source: str = "normalisation candidates") -> Measurement:
    """Number of weighted candidates: sum of w with the statistical error sqrt(sum w^2)."""
    w = np.asarray(weights, dtype=float)
    if w.size == 0 or not np.isfinite(w).all() or (w < 0).any():
        raise NormalisationError(f"weights of {source} must be finite, not negative and at least one")
    return measurement(float(w.sum()), source, stat=float(np.sqrt((w**2).sum())))


def counted(number: float, *, weighted: float | None = None, source: str = "normalisation candidates") -> Measurement:
    """Published number of candidates with its Poisson error.

    weighted: the published sum of weights, when it is; the relative error stays that of `number` candidates, its
    least value, because the spread of the weights is not published.
    """
    total = number if weighted is None else weighted
    return measurement(total, source, stat=total / math.sqrt(number) if number > 0 else 0.0)


def kaon_decays(
    candidates: Measurement, *, branching_fraction: Measurement, acceptance: Measurement, contamination: float = 0.0
) -> Measurement:
    """Effective number of K+ decays, N_K = (1 - f) N / (B A) (e.g. CERN-EP-2022-018, Section 4)."""
    if not 0 <= contamination < 1:
        raise NormalisationError(f"contamination must lie between 0 and 1, got {contamination}")
    return candidates * (1 - contamination) / (branching_fraction * acceptance)


def single_event_sensitivity(
    kaon_decays: Measurement,
    acceptance: Measurement,
    *,
    daughters: Measurement | None = None,
) -> Measurement:
    """Branching fraction of one expected signal event, 1 / (N_K A), with daughter branching fractions if any.

    Sources shared between N_K and the signal acceptance cancel here, to the extent that they are equal.
    """
    product = kaon_decays * acceptance
    return (product if daughters is None else product * daughters).inverse()


@dataclass(frozen=True)
class Sensitivity:
    """What limits a search. `largest_error` is the largest contribution to the error of the sensitivity.

    background_per_limit: expected background over the zero-background limit in events: far below one, the limit
    falls as 1 / N_K and the size of the data set is what limits it; far above one, as 1 / sqrt(N_K) at best.
    """

    limited_by: Literal["data set", "background", "background systematics"]
    largest_error: Contribution | None
    background_per_limit: float

    def __str__(self) -> str:
        largest = self.largest_error
        error = f"; largest error {largest.source} ({100 * abs(largest.relative):.1f}%)" if largest else ""
        return f"limited by the {self.limited_by}{error}"


def what_limits(
    single_event_sensitivity: Measurement, background: float, background_error: float, confidence_level: float = 0.9
) -> Sensitivity:
    """Say whether the size of the data set, the background or its systematic error limits the sensitivity."""
    zero_background = -math.log1p(-confidence_level)
    ratio = background / zero_background
    if background_error > math.sqrt(max(background, 1.0)):
        limited: Literal["data set", "background", "background systematics"] = "background systematics"
    else:
        limited = "background" if ratio > 1 else "data set"
    return Sensitivity(limited, single_event_sensitivity.largest, ratio)


def _as_measurement(number: Measurement | float) -> Measurement:
    return number if isinstance(number, Measurement) else Measurement(float(number))


def _joined(first: tuple[Contribution, ...], second: tuple[Contribution, ...]) -> tuple[Contribution, ...]:
    sums: dict[tuple[str, Kind], float] = {}
    for part in (*first, *second):
        key = (part.source, part.kind)
        sums[key] = sums.get(key, 0.0) + part.relative
    return tuple(Contribution(source, kind, size) for (source, kind), size in sums.items() if abs(size) > 1e-15)
