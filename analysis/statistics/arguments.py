"""What an argument must be: every check names the argument and says what to do instead."""

from __future__ import annotations

import math
import sys
from numbers import Integral, Real

MOST_EVENTS = 1e15
"""Above it neighbouring counts differ by less than their rounding."""
HIGHEST_LEVEL = 1 - 1e-9
"""Confidence levels nearer to 1 have lost the digits of what they leave out."""


class ArgumentError(ValueError):
    """A number that cannot be an input of a limit; the message names the argument."""


def _is_no(kind: type, value: object) -> bool:
    return isinstance(value, bool) or not isinstance(value, kind)


def finite(name: str, value: float) -> float:
    """Return `value` as a float; refuse NaN, infinities and what is no number."""
    if _is_no(Real, value):
        raise ArgumentError(f"{name} must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ArgumentError(f"{name} must be finite, not {value}; leave out what is not known")
    return float(value)


def non_negative(name: str, value: float) -> float:
    """Return `value` as a float; refuse negative numbers."""
    if finite(name, value) < 0:
        raise ArgumentError(f"{name} must not be negative, got {value}; clip an estimate below zero to 0")
    return float(value)


def number_of_events(name: str, value: float) -> float:
    """Return `value` as a float; refuse negative numbers, and more events than a double counts one by one."""
    if non_negative(name, value) > MOST_EVENTS:
        raise ArgumentError(f"{name} must be at most {MOST_EVENTS:g} events, got {value:g}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Return `value` as a float; refuse zero and negative numbers."""
    if finite(name, value) <= 0:
        raise ArgumentError(f"{name} must be above zero, got {value}")
    return float(value)


def relative_sensitivity_error(ses: float, ses_error: float) -> float:
    """Error of the single event sensitivity relative to it, from 0 to 1.

    Beyond 1 the efficiency is mostly near zero, and a limit of many powers of ten says nothing but that.
    """
    error = non_negative("ses_error", ses_error)
    if positive("ses", ses) < sys.float_info.min:
        raise ArgumentError(f"ses must be a number that a double holds with all digits, got {ses}")
    if error > ses:
        raise ArgumentError(f"ses_error must not exceed ses, got {ses_error:g} of {ses:g}")
    return error / ses


def count(name: str, value: int) -> int:
    """Return `value` as an int; refuse negative and non-integer counts."""
    if _is_no(Integral, value):
        raise ArgumentError(f"{name} must be an integer count, not {value!r}")
    if value < 0:
        raise ArgumentError(f"{name} must not be negative, got {value}")
    if value > MOST_EVENTS:
        raise ArgumentError(f"{name} must be at most {MOST_EVENTS:g} events, got {value}")
    return int(value)


def confidence_level(value: float) -> float:
    """Return the confidence level; refuse anything outside (0, 1), or too near to 1 to have digits left."""
    if not 0 < finite("confidence_level", value) < 1:
        raise ArgumentError(f"confidence_level must lie between 0 and 1, got {value}; write 0.9 for 90%")
    if value > HIGHEST_LEVEL:
        raise ArgumentError(f"confidence_level must be at most {HIGHEST_LEVEL!r}, got {value!r}")
    return float(value)


def percent(level: float) -> str:
    """A confidence level in per cent, with as many nines as it has.

    >>> percent(0.9), percent(0.999999999)
    ('90%', '99.9999999%')
    """
    return f"{100 * level:.10g}%"
