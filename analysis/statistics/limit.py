"""The limit of one counting search: observed count, background and single event sensitivity in, upper limit out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from scipy.special import ndtr

from rarekaon.analysis.statistics.arguments import (
    ArgumentError,
    confidence_level,
    count,
    percent,
    relative_sensitivity_error,
)
from rarekaon.analysis.statistics.background import Background, as_components
from rarekaon.analysis.statistics.counting import bayesian_limits, cls_limits
from rarekaon.analysis.statistics.exact_coverage import LimitFunction, least_coverage
from rarekaon.analysis.statistics.feldman_cousins import feldman_cousins_limits, lengthened_limits
from rarekaon.analysis.statistics.many_counts import count_quantiles
from rarekaon.analysis.statistics.rolke import rolke_limits, unbounded_rolke_limits
from rarekaon.analysis.statistics.sensitivity_prior import SENSITIVITY_PRIORS, SensitivityPrior, limits_with_prior

Band = tuple[float, float, float, float, float]

METHODS: dict[str, LimitFunction] = {
    "cls": cls_limits,
    "fc": feldman_cousins_limits,
    "bayes": bayesian_limits,
    "rolke": rolke_limits,
    "rolke_unbounded": unbounded_rolke_limits,
    "fc_lengthened": lengthened_limits,
}
_LEVELS = tuple(float(ndtr(z)) for z in (-2.0, -1.0, 0.0, 1.0, 2.0))
_NAMES = {
    "cls": "CLs",
    "fc": "Feldman-Cousins, as constructed",
    "bayes": "Bayesian, flat prior",
    "rolke": "profile likelihood (Rolke, bounded)",
    "rolke_unbounded": "profile likelihood (Rolke, unbounded)",
    "fc_lengthened": "Feldman-Cousins, lengthened as in the published tables",
}
UNDERCOVERING = ("rolke", "rolke_unbounded")
"""Methods whose limits hold less often than the level says, for some signals: results print how often."""


@dataclass(frozen=True)
class Limit:
    """An upper limit with the inputs it was made of.

    upper_limit: in the unit of `ses` (a branching fraction, or events for ses = 1).
    signal_events: the same in signal events, upper_limit / ses.
    expected_upper_limit: limits at the -2, -1, 0, 1, 2 sigma quantiles of the background-only count, which are
    integers: near n = 0 several coincide.
    """

    upper_limit: float
    signal_events: float
    expected_upper_limit: Band
    observed: int
    background: tuple[Background, ...]
    ses: float
    ses_error: float
    confidence_level: float
    method: str
    least_coverage: float | None = None
    """Smallest coverage of the method for the expected background, taken as known, where it is below the level."""
    ses_prior: SensitivityPrior = "gamma"
    """What `ses_error` means: the distribution of the signal's efficiency."""

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What a reader wants to see, as (name, text) pairs."""
        backgrounds = " + ".join(
            f"{b.expected:g}" + ("" if b.is_fixed else f" ± {b.error:g} ({b.prior})") for b in self.background
        )
        error = f" ± {self.ses_error:g} ({self.ses_prior})" if self.ses_error else ""
        coverage = f"as low as {100 * self.least_coverage:.1f}% for some signals" if self.least_coverage else ""
        return (
            (f"upper limit at {percent(self.confidence_level)} CL", f"{self.upper_limit:.4g}"),
            ("in signal events", f"{self.signal_events:.4g}"),
            ("expected (-2 .. +2 sigma)", ", ".join(f"{value:.4g}" for value in self.expected_upper_limit)),
            ("observed", f"{self.observed}"),
            ("background", backgrounds),
            ("single event sensitivity", f"{self.ses:g}{error}"),
            ("method", _NAMES[self.method]),
            *((("coverage", coverage),) if coverage else ()),
        )

    def __repr__(self) -> str:
        width = max(len(name) for name, _ in self.rows())
        return "\n".join(f"{name:<{width}}  {text}" for name, text in self.rows())

    def _repr_html_(self) -> str:
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in self.rows())
        return f"<table>{cells}</table>"


def upper_limit(
    observed: int,
    background: Background | Sequence[Background],
    *,
    ses: float = 1.0,
    ses_error: float = 0.0,
    confidence_level: float = 0.9,
    method: str = "cls",
    ses_prior: SensitivityPrior = "gamma",
) -> Limit:
    """Upper limit of a counting search, every error marginalised.

    background: one component or several independent ones (`correlated_sum` joins correlated ones).
    ses, ses_error: single event sensitivity, the quantity that gives one expected event, and its error, taken as
    the relative error of the signal efficiency.  With the default ses = 1 the limit is in events.
    method: "cls", "fc" (Feldman-Cousins; "fc_lengthened" as in the published tables, for a known background and
    sensitivity), "bayes" (flat prior) or "rolke" (profile likelihood from s >= 0; "rolke_unbounded" from any s), which
    covers less than it says: see `Limit.least_coverage`.
    ses_prior: of the efficiency, see `sensitivity_prior`; other than "gamma" for "cls" and "bayes" alone.

    Raises ArgumentError, a ValueError, that names the argument at fault.

    >>> upper_limit(0, Background(0.43, 0.09, "truncated_gaussian"), ses=2.28e-11).signal_events
    2.302585092994046
    """
    components, relative = _checked(background, ses, ses_error, confidence_level)
    if method not in METHODS:
        raise ArgumentError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if ses_prior not in SENSITIVITY_PRIORS:
        raise ArgumentError(f"ses_prior must be one of {', '.join(SENSITIVITY_PRIORS)}, not {ses_prior!r}")
    number = count("observed", observed)
    quantiles = count_quantiles(components, _LEVELS)
    limits = METHODS[method] if ses_prior == "gamma" else limits_with_prior(method, ses_prior)
    events, *expected = limits((number, *quantiles), components, relative, confidence_level)
    _check_finite(ses, (events, *expected))
    expectation = sum(component.expected for component in components)
    least = least_coverage(METHODS[method], expectation, confidence_level) if method in UNDERCOVERING else None
    return Limit(
        least_coverage=least if least is not None and least < confidence_level else None,
        upper_limit=events * ses,
        signal_events=events,
        expected_upper_limit=_band(expected, ses),
        observed=number,
        background=components,
        ses=ses,
        ses_error=ses_error,
        confidence_level=confidence_level,
        method=method,
        ses_prior=ses_prior,
    )


def expected_upper_limits(
    background: Background | Sequence[Background],
    *,
    ses: float = 1.0,
    ses_error: float = 0.0,
    confidence_level: float = 0.9,
    method: str = "cls",
) -> Band:
    """Limits at the -2 .. 2 sigma quantiles of the background-only count (integers: no interpolation)."""
    components, relative = _checked(background, ses, ses_error, confidence_level)
    quantiles = count_quantiles(components, _LEVELS)
    return _band(METHODS[method](quantiles, components, relative, confidence_level), ses)


def _check_finite(ses: float, events: Sequence[float]) -> None:
    if not all(0 <= ses * value < math.inf for value in events) or (max(events) > 0 and ses * max(events) == 0):
        raise ArgumentError(f"ses must leave limits that a double can hold, got {ses:g}")


def _band(events: Sequence[float], ses: float) -> Band:
    lowest, low, median, high, highest = (ses * value for value in events)
    return lowest, low, median, high, highest


def _checked(
    background: Background | Sequence[Background], ses: float, ses_error: float, level: float
) -> tuple[tuple[Background, ...], float]:
    confidence_level(level)
    return as_components(background), relative_sensitivity_error(ses, ses_error)
