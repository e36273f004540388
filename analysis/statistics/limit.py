"""The limit of one counting search: observed count, background and single event sensitivity in, upper limit out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from scipy.special import ndtr

from rarekaon.analysis.statistics.arguments import ArgumentError, confidence_level, count, non_negative, positive
from rarekaon.analysis.statistics.background import Background, as_components
from rarekaon.analysis.statistics.counting import bayesian_limits, cls_limits
from rarekaon.analysis.statistics.feldman_cousins import feldman_cousins_limits
from rarekaon.analysis.statistics.many_counts import count_quantiles
from rarekaon.analysis.statistics.rolke import rolke_limits

Band = tuple[float, float, float, float, float]
LimitFunction = Callable[[Sequence[int], Sequence[Background], float, float], list[float]]

METHODS: dict[str, LimitFunction] = {
    "cls": cls_limits,
    "fc": feldman_cousins_limits,
    "bayes": bayesian_limits,
    "rolke": rolke_limits,
}
_LEVELS = tuple(float(ndtr(z)) for z in (-2.0, -1.0, 0.0, 1.0, 2.0))
_NAMES = {
    "cls": "CLs",
    "fc": "Feldman-Cousins",
    "bayes": "Bayesian, flat prior",
    "rolke": "profile likelihood (Rolke)",
}


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

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What a reader wants to see, as (name, text) pairs."""
        backgrounds = " + ".join(
            f"{b.expected:g}" + ("" if b.is_fixed else f" ± {b.error:g} ({b.prior})") for b in self.background
        )
        return (
            (f"upper limit at {100 * self.confidence_level:g}% CL", f"{self.upper_limit:.4g}"),
            ("in signal events", f"{self.signal_events:.4g}"),
            ("expected (-2 .. +2 sigma)", ", ".join(f"{value:.4g}" for value in self.expected_upper_limit)),
            ("observed", f"{self.observed}"),
            ("background", backgrounds),
            ("single event sensitivity", f"{self.ses:g}" + (f" ± {self.ses_error:g}" if self.ses_error else "")),
            ("method", _NAMES[self.method]),
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
) -> Limit:
    """Upper limit of a counting search, every error marginalised.

    background: one component or several independent ones (`correlated_sum` joins correlated ones).
    ses, ses_error: single event sensitivity, the quantity that gives one expected event, and its error, taken as
    the relative error of the signal efficiency.  With the default ses = 1 the limit is in events.
    method: "cls", "fc" (Feldman-Cousins), "bayes" (flat prior) or "rolke" (profile likelihood).

    Raises ArgumentError, a ValueError, that names the argument at fault.

    >>> upper_limit(0, Background(0.43, 0.09, "truncated_gaussian"), ses=2.28e-11).signal_events
    2.302585092994046
    """
    components, relative = _checked(background, ses, ses_error, confidence_level)
    if method not in METHODS:
        raise ArgumentError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    number = count("observed", observed)
    quantiles = count_quantiles(components, _LEVELS)
    events, *expected = METHODS[method]((number, *quantiles), components, relative, confidence_level)
    return Limit(
        upper_limit=events * ses,
        signal_events=events,
        expected_upper_limit=_band(expected, ses),
        observed=number,
        background=components,
        ses=ses,
        ses_error=ses_error,
        confidence_level=confidence_level,
        method=method,
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


def _band(events: Sequence[float], ses: float) -> Band:
    lowest, low, median, high, highest = (ses * value for value in events)
    return lowest, low, median, high, highest


def _checked(
    background: Background | Sequence[Background], ses: float, ses_error: float, level: float
) -> tuple[tuple[Background, ...], float]:
    confidence_level(level)
    relative = non_negative("ses_error", ses_error) / positive("ses", ses)
    return as_components(background), relative
