"""One limit from several regions, data sets or searches that share the signal and some of their errors.

Signal and background are separated by the likelihood-ratio ordering of the counts, T = sum_i n_i log(1 + s_i / b_i),
and CLs(mu) = P(T <= T_obs | mu) / P(T <= T_obs | 0) is summed over the counts themselves: exact, without toys.
Errors named alike in several channels are one common quantity, integrated over outside the sum; the others are
marginalised channel by channel as in a single search.  With one channel T is the count and the single limit returns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaincinv, ndtr

from rarekaon.analysis.statistics import arguments
from rarekaon.analysis.statistics.arguments import ArgumentError, count, non_negative, relative_sensitivity_error
from rarekaon.analysis.statistics.background import Background, as_components
from rarekaon.analysis.statistics.feldman_cousins import log_signal_counts
from rarekaon.analysis.statistics.few_counts import log_counts
from rarekaon.analysis.statistics.interval import ONE_SIGMA, CentralInterval

Floats = NDArray[np.float64]

_MOST_OUTCOMES = 4_000_000


@dataclass(frozen=True)
class Channel:
    """One counting channel of a combination.

    ses, ses_error: single event sensitivity with the part of its error that no other channel shares.
    shared: names of the common background errors with the events they add per standard deviation, e.g.
    (("misidentification", 0.09),); a channel may have several, channels with one name move together.
    """

    observed: int
    background: Background | Sequence[Background]
    ses: float = 1.0
    ses_error: float = 0.0
    shared: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        count("observed", self.observed)
        relative_sensitivity_error(self.ses, self.ses_error)
        if self.shared and not self.expected > 0:
            raise ArgumentError("shared: a channel without expected background has no background error to share")

    @property
    def expected(self) -> float:
        """Expected background in events."""
        return sum(component.expected for component in as_components(self.background))


@dataclass(frozen=True)
class CombinedLimit:
    """Upper limit of a combination, in the unit of the sensitivities, and the channels it came from."""

    upper_limit: float
    confidence_level: float
    channels: tuple[Channel, ...]
    shared_ses_error: float

    def __repr__(self) -> str:
        return (
            f"upper limit at {100 * self.confidence_level:g}% CL  {self.upper_limit:.4g}  "
            f"({len(self.channels)} channels, observed {', '.join(str(c.observed) for c in self.channels)})"
        )


def combined_limit(
    channels: Sequence[Channel], *, shared_ses_error: float = 0.0, confidence_level: float = 0.9
) -> CombinedLimit:
    """CLs limit of all channels together.

    shared_ses_error: relative error of the sensitivity that all channels share (N_K, a branching fraction), with
    the gamma prior of a single search.
    Raises ArgumentError for no channel, or for so many or so large counts that the sum would take too long.
    """
    if not channels:
        raise ArgumentError("channels must hold at least one channel")
    level = arguments.confidence_level(confidence_level)
    model = _Combination(tuple(channels), non_negative("shared_ses_error", shared_ses_error))
    target = math.log1p(-level)
    high = min(channel.ses * (channel.observed + 3 * math.sqrt(channel.observed + 1) + 3) for channel in channels)
    while model.cls(high) > 1 - level:
        high *= 1.5
    limit = float(brentq(lambda mu: math.log(model.cls(mu)) - target, 1e-6 * high, high, xtol=1e-9 * high))
    return CombinedLimit(limit, level, tuple(channels), shared_ses_error)


def combined_cls(channels: Sequence[Channel], signals: Floats, *, shared_ses_error: float = 0.0) -> list[float]:
    """CLs of each signal, in the unit of the sensitivities."""
    model = _Combination(tuple(channels), non_negative("shared_ses_error", shared_ses_error))
    return [model.cls(float(signal)) for signal in signals]


@dataclass(frozen=True)
class CombinedMeasurement:
    """A signal seen in several channels together, in the unit of the sensitivities."""

    interval: CentralInterval
    """The most likely signal for the expected backgrounds, and its central interval."""
    p_value: float
    """Probability of outcomes at least as signal-like without a signal."""


def combined_measurement(
    channels: Sequence[Channel], *, shared_ses_error: float = 0.0, level: float = ONE_SIGMA
) -> CombinedMeasurement:
    """The measured signal of all channels with the ends that its outcomes' order gives, and the p-value.

    Outcomes are ordered by T of the signal that is asked about; the p-value by T of the upper end.
    Raises ArgumentError as `combined_limit` does, or where so few events are unlikely with any signal.
    """
    outside = (1 - arguments.confidence_level(level)) / 2
    model = _Combination(tuple(channels), non_negative("shared_ses_error", shared_ses_error))
    high = min(c.ses * (c.observed + 3 * math.sqrt(c.observed + 1) + 3) for c in channels)
    smallest = 1e-9 * high
    if model.at_most(smallest)[0] <= outside:
        raise ArgumentError("channels: so few events are less likely than the level allows without a signal")
    while model.at_most(high)[0] > outside:
        high *= 1.5
    upper = float(brentq(lambda mu: model.at_most(mu)[0] - outside, smallest, high, xtol=1e-9 * high))

    def fewer(mu: float) -> float:
        return model.at_most(mu, observed_included=False)[0] - (1 - outside)

    lower = float(brentq(fewer, smallest, high, xtol=1e-9 * high)) if fewer(smallest) > 0 else 0.0
    p_value = 1 - model.at_most(upper, observed_included=False)[1]
    return CombinedMeasurement(CentralInterval(_most_likely(channels), lower, upper, level), p_value)


def _most_likely(channels: Sequence[Channel]) -> float:
    """The signal, not below 0, that maximises the likelihood of the counts for the expected backgrounds."""

    def slope(mu: float) -> float:
        counted = (c.observed / max(c.expected + mu / c.ses, 1e-300) - 1 for c in channels)
        return sum(part / c.ses for part, c in zip(counted, channels, strict=True))

    smallest = 1e-12 * min(c.ses for c in channels)
    if slope(smallest) <= 0:
        return 0.0
    high = sum(c.observed for c in channels) * min(c.ses for c in channels) * (1 + 1e-9)
    return float(brentq(slope, smallest, high, xtol=1e-12 * high))


class _Combination:
    """Outcomes of all channels up to what could lie below the observed T, and their probabilities."""

    def __init__(self, channels: tuple[Channel, ...], shared_ses_error: float) -> None:
        self.channels = channels
        self._efficiencies = _gamma_nodes(shared_ses_error)
        self._scenarios = _scenarios(channels)

    def cls(self, mu: float) -> float:
        """CLs of the signal `mu`, in the unit of the sensitivities."""
        with_signal, without = self.at_most(mu)
        return with_signal / without

    def at_most(self, mu: float, *, observed_included: bool = True) -> tuple[float, float]:
        """P(T <= T_obs), or P(T < T_obs), with the signal `mu` and without one; T orders outcomes for `mu`."""
        # A floor keeps the weight of a channel without background finite: one event there outweighs the others.
        weights = np.array([math.log1p(mu / c.ses / max(c.expected, 1e-6)) for c in self.channels])
        weights = np.where(_informative(self.channels, mu), weights, 0.0)
        counts = np.array([c.observed for c in self.channels])
        step = 1e-9 if observed_included else -1e-9
        threshold = float(weights @ counts) * (1 + step) + 1e-3 * step
        if threshold < 0:
            return 0.0, 0.0
        most = [_most_likely_at_most(channel, mu) for channel in self.channels]
        sizes = [int(min(threshold / w, top) if w else top) + 1 for w, top in zip(weights, most, strict=True)]
        if math.prod(sizes) > _MOST_OUTCOMES:
            raise ArgumentError("channels: too many outcomes to sum exactly; merge channels of equal s / b")
        statistic = sum(w * axis for w, axis in zip(weights, np.ogrid[tuple(slice(n) for n in sizes)], strict=True))
        allowed = np.asarray(statistic <= threshold)
        without = sum(weight * _mass(allowed, self._background(sizes, shift)) for weight, shift in self._scenarios)
        with_signal = 0.0
        for weight, shift in self._scenarios:
            background = self._background(sizes, shift)
            for share, efficiency in zip(*self._efficiencies, strict=True):
                with_signal += weight * share * _mass(allowed, self._with_signal(background, mu * efficiency))
        return with_signal, float(without)

    def _background(self, sizes: list[int], shift: dict[str, float]) -> list[Floats]:
        return [
            _shifted_counts(channel, sum(size * shift[name] for name, size in channel.shared), n)
            for channel, n in zip(self.channels, sizes, strict=True)
        ]

    def _with_signal(self, background: list[Floats], mu: float) -> list[Floats]:
        signals = (
            np.exp(log_signal_counts(np.arange(b.size), np.array([mu / c.ses]), c.ses_error / c.ses)[0])
            for c, b in zip(self.channels, background, strict=True)
        )
        return [np.convolve(s, b)[: b.size] for s, b in zip(signals, background, strict=True)]


def _most_likely_at_most(channel: Channel, mu: float) -> float:
    """A count that is practically never exceeded: beyond it the outcomes need no sum."""
    errors = sum(component.error for component in as_components(channel.background))
    errors += sum(abs(size) for _, size in channel.shared)
    mean = channel.expected + 8 * errors + mu / channel.ses * (1 + 8 * channel.ses_error / channel.ses)
    return mean + 9 * math.sqrt(mean) + 30


def _informative(channels: Sequence[Channel], mu: float) -> NDArray[np.bool_]:
    """Channels that say something about the signal.

    A channel of next to no sensitivity would still break the ties between the outcomes of the others, and its
    fluctuations would move the limit: below 1e-4 of the information of the best channel it is left out.
    """
    information = np.array([(mu / c.ses) ** 2 / (c.expected + mu / c.ses) for c in channels])
    return np.asarray(information >= 1e-4 * information.max())


def _mass(allowed: NDArray[np.bool_], factors: list[Floats]) -> float:
    """Probability of the allowed outcomes when the channels are independent."""
    total = allowed.astype(float)
    for factor in reversed(factors):
        total = total @ factor
    return float(total)


def _shifted_counts(channel: Channel, shift: float, size: int) -> Floats:
    """Absolute probabilities of the background counts when the shared errors add `shift` events to the mean."""
    scale = max(0.0, 1 + shift / channel.expected) if shift else 1.0
    total: Floats = np.eye(1, size)[0]
    for component in as_components(channel.background):
        scaled = Background(
            component.expected * scale,
            component.error * scale,
            component.prior if scale else None,
            None if component.error_down is None or not scale else component.error_down * scale,
        )
        total = np.convolve(total, np.exp(log_counts(scaled, size - 1).log_probabilities))[:size]
    return total


def _scenarios(channels: tuple[Channel, ...]) -> list[tuple[float, dict[str, float]]]:
    """Weight and pulls of every combination of the shared errors (11-point Gauss-Hermite in each)."""
    names = sorted({name for channel in channels for name, _ in channel.shared})
    if len(names) > 3:
        raise ArgumentError("channels: more than three shared background errors; add the small ones in quadrature")
    points, weights = np.polynomial.hermite_e.hermegauss(11)
    scenarios: list[tuple[float, dict[str, float]]] = [(1.0, {})]
    for name in names:
        scenarios = [
            (w * float(v), {**pulls, name: float(z)})
            for w, pulls in scenarios
            for z, v in zip(points, weights / weights.sum(), strict=True)
        ]
    return scenarios


def _gamma_nodes(relative_error: float) -> tuple[Floats, Floats]:
    """Weights and values of the common relative efficiency, gamma of mean 1, by its quantiles."""
    if relative_error == 0:
        return np.ones(1), np.ones(1)
    points, weights = np.polynomial.legendre.leggauss(24)
    z = 6 * points
    density = weights * np.exp(-(z**2) / 2)
    shape = 1 / relative_error**2
    return np.asarray(density / density.sum()), np.asarray(gammaincinv(shape, ndtr(z)) / shape)
