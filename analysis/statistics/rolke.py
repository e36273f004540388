"""Profile-likelihood intervals of W. Rolke, A. Lopez and J. Conrad (Nucl. Instrum. Meth. A 551 (2005) 493).

Observed x ~ Poisson(e s + b).  The efficiency e is Gaussian; the background is Gaussian, or Poisson from a side
measurement y ~ Poisson(tau b).  -2 log of the likelihood ratio, maximised over e and b, is compared with the
two-sided chi-square quantile: at 90% CL the upper limit is where it passes 2.706.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy.optimize import brentq, minimize_scalar
from scipy.special import chdtri, xlogy

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background

_LARGEST_SIGNAL = 1e9


@dataclass(frozen=True)
class GaussianBackground:
    """Background measured as mean +- error (error 0: known)."""

    mean: float
    error: float

    def profiled(self, observed: int, signal: float) -> float:
        """The b that maximises the likelihood for `signal` expected events; may be negative, as published."""
        if self.error == 0:
            return self.mean
        variance = self.error**2
        half = (signal + variance - self.mean) / 2
        constant = signal * (variance - self.mean) - observed * variance
        return -half + math.sqrt(max(0.0, half**2 - constant))

    def penalty(self, background: float) -> float:
        """-2 log likelihood of the background measurement."""
        return 0.0 if self.error == 0 else ((background - self.mean) / self.error) ** 2


@dataclass(frozen=True)
class SidebandBackground:
    """Background measured by y events in a side region tau times as large."""

    events: float
    tau: float

    def profiled(self, observed: int, signal: float) -> float:
        """The b >= 0 that maximises the likelihood for `signal` expected events."""
        a = 1 + self.tau
        half = (signal * a - observed - self.events) / 2
        return max(0.0, (-half + math.sqrt(half**2 + a * self.events * signal)) / a)

    def penalty(self, background: float) -> float:
        """-2 log likelihood of the side measurement, up to a constant."""
        mean = self.tau * background
        return 2 * (mean - self.events - float(xlogy(self.events, mean / self.events) if self.events else 0))


@dataclass(frozen=True)
class ProfileLikelihood:
    """-2 log likelihood ratio of the signal mean with background and efficiency profiled."""

    observed: int
    background: GaussianBackground | SidebandBackground
    efficiency: float = 1.0
    efficiency_error: float = 0.0

    def deviance(self, signal: float) -> float:
        """-2 log likelihood, maximised over the nuisance parameters."""
        if self.efficiency_error == 0:
            return self._at_efficiency(self.efficiency, signal)
        low = max(1e-9 * self.efficiency, self.efficiency - 8 * self.efficiency_error)
        high = self.efficiency + 8 * self.efficiency_error
        found = minimize_scalar(
            lambda e: self._at_efficiency(e, signal), bounds=(low, high), method="bounded", options={"xatol": 1e-9}
        )
        return min(float(found.fun), self._at_efficiency(self.efficiency, signal))

    def minimum(self) -> tuple[float, float]:
        """The signal s >= 0 of the greatest likelihood and the deviance there."""
        best = max(0.0, (self.observed - self._expected) / self.efficiency)
        return best, self.deviance(best)

    @property
    def _expected(self) -> float:
        """The measured background."""
        if isinstance(self.background, GaussianBackground):
            return self.background.mean
        return self.background.events / self.background.tau

    def upper_limit(self, confidence_level: float, *, bounded: bool = True) -> float:
        """Upper end of the interval: the deviance has risen by the chi-square quantile of one degree of freedom.

        bounded: from the best s >= 0.  Unbounded, from the best s of either sign, where the deviance is 0.
        As the authors publish it (Section 3.2), and as their program does: the limit of no event is the straight line
        through those of one and two events, and where an unbounded interval is empty, the observed count is raised
        until it is not.
        """
        return self._published_limit(float(chdtri(1, 1 - confidence_level)), bounded)

    def lower_limit(self, confidence_level: float) -> float:
        """Lower end of the same interval, 0 where that holds s = 0."""
        threshold = float(chdtri(1, 1 - confidence_level))
        best, lowest = self.minimum()
        if best == 0 or self.deviance(0.0) - lowest <= threshold:
            return 0.0
        return float(brentq(lambda s: self.deviance(s) - lowest - threshold, 0.0, best, xtol=1e-10 * best))

    def _published_limit(self, threshold: float, bounded: bool) -> float:
        if self.observed == 0:
            one, two = (replace(self, observed=n)._published_limit(threshold, bounded) for n in (1, 2))
            limit = max(0.0, 2 * one - two)
        else:
            limit = self._crossing(threshold, bounded)
        if limit > 0 or bounded:
            return limit
        empty, filled = self.observed, max(self.observed + 1, math.ceil(self._expected))
        while filled - empty > 1:
            middle = (empty + filled) // 2
            is_empty = replace(self, observed=middle)._crossing(threshold, bounded) == 0
            empty, filled = (middle, filled) if is_empty else (empty, middle)
        return replace(self, observed=filled)._published_limit(threshold, bounded)

    def _crossing(self, threshold: float, bounded: bool) -> float:
        """Where the deviance has risen by `threshold`; 0 if it has at every s >= 0 of an unbounded interval."""
        best, lowest = self.minimum()
        if not bounded:
            lowest = 0.0
            if self.deviance(best) >= threshold:
                return 0.0
        high = best + (4 + 3 * math.sqrt(self.observed + 1)) / self.efficiency
        largest = (_LARGEST_SIGNAL + 1e3 * self.observed) / self.efficiency
        while self.deviance(high) - lowest < threshold:
            high *= 2
            if high > largest:
                raise ArgumentError(
                    "ses_error: an efficiency compatible with zero leaves the profile likelihood without a limit; "
                    "use method 'cls'"
                )
        return float(brentq(lambda s: self.deviance(s) - lowest - threshold, best, high, xtol=1e-10 * high))

    def _at_efficiency(self, efficiency: float, signal: float) -> float:
        mean = efficiency * signal
        background = self.background.profiled(self.observed, mean)
        expected = mean + background
        pull = (efficiency - self.efficiency) / self.efficiency_error if self.efficiency_error else 0.0
        poisson = 2 * expected
        if self.observed:
            # Differences of logarithms lose the digits of large counts.
            excess = max(expected, 1e-300) / self.observed - 1
            poisson = 2 * self.observed * (excess - (math.log1p(excess) if excess > -1 else -700.0))
        return poisson + self.background.penalty(background) + pull**2


def measured_background(backgrounds: Sequence[Background]) -> GaussianBackground | SidebandBackground:
    """The sum of components: a side measurement if all errors are gamma posteriors, a Gaussian otherwise."""
    expected = sum(component.expected for component in backgrounds)
    error = math.sqrt(sum(((c.error + c.down) / 2) ** 2 for c in backgrounds if not c.is_fixed))
    uncertain = [component for component in backgrounds if not component.is_fixed]
    if uncertain and expected > 0 and all(component.prior == "gamma_posterior" for component in uncertain):
        return SidebandBackground((expected / error) ** 2, expected / error**2)
    return GaussianBackground(expected, error)


def rolke_limits(
    counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
) -> list[float]:
    """Profile-likelihood upper limits on the signal mean in events from s >= 0, one for each observed count.

    Components are added, their errors in quadrature: a side measurement if all errors are gamma posteriors,
    a Gaussian otherwise (the published method knows no other shape).
    """
    return _limits(counts, backgrounds, relative_error, confidence_level, bounded=True)


def unbounded_rolke_limits(
    counts: Sequence[int], backgrounds: Sequence[Background], relative_error: float, confidence_level: float
) -> list[float]:
    """The same from the best s of either sign."""
    return _limits(counts, backgrounds, relative_error, confidence_level, bounded=False)


def _limits(
    counts: Sequence[int],
    backgrounds: Sequence[Background],
    relative_error: float,
    confidence_level: float,
    *,
    bounded: bool,
) -> list[float]:
    background = measured_background(backgrounds)
    return [
        ProfileLikelihood(n, background, 1.0, relative_error).upper_limit(confidence_level, bounded=bounded)
        for n in counts
    ]
