"""What an argument must be: every check names the argument and says what to do instead."""

from __future__ import annotations

import math
from numbers import Integral, Real


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


def positive(name: str, value: float) -> float:
    """Return `value` as a float; refuse zero and negative numbers."""
    if finite(name, value) <= 0:
        raise ArgumentError(f"{name} must be above zero, got {value}")
    return float(value)


def count(name: str, value: int) -> int:
    """Return `value` as an int; refuse negative and non-integer counts."""
    if _is_no(Integral, value):
        raise ArgumentError(f"{name} must be an integer count, not {value!r}")
    if value < 0:
        raise ArgumentError(f"{name} must not be negative, got {value}")
    return int(value)


def confidence_level(value: float) -> float:
    """Return the confidence level; refuse anything outside the open interval (0, 1)."""
    if not 0 < finite("confidence_level", value) < 1:
        raise ArgumentError(f"confidence_level must lie between 0 and 1, got {value}; write 0.9 for 90%")
    return float(value)
