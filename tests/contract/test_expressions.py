"""Expressions of a branch map compute what Python would, and execute nothing."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.expressions import FUNCTIONS, Expression

X, Y = np.array([1.0, -2.0, 3.0]), np.array([4.0, 5.0, -6.0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x", X),
        ("2", 2),
        ("-x + 2 * y - x / y", -X + 2 * Y - X / Y),
        ("x ** 2 % 4", X**2 % 4),
        ("(x > 0) & ~(y < 0)", (X > 0) & ~(Y < 0)),
        ("where(x < 0, 0, y)", [4, 0, -6]),
        ("max(x, 0)", [1, 0, 3]),
        ("min(x, y)", [1, -2, -6]),
        ("atan2(y, x)", np.arctan2(Y, X)),
        ("sqrt(abs(x)) + hypot(x, y)", np.sqrt(np.abs(X)) + np.hypot(X, Y)),
        (" x \n + y", X + Y),
    ],
)
def test_values(text, value):
    np.testing.assert_array_equal(Expression(text)({"x": X, "y": Y}), value)


def test_names_are_those_of_columns():
    expression = Expression("where(track1_exists, sqrt(px * px), 0)")
    assert expression.names == {"track1_exists", "px"}
    assert not expression.is_a_name
    assert Expression(" px ").is_a_name


@pytest.mark.parametrize(
    "text",
    ["", "x +", "x.mean()", "x[0]", "f(x)", "sqrt(x, out=y)", "'x'", "[x]", "lambda: x", "x if y else x", "x < y < 2",
     "x and y", "x := y", "None", "1j", "*x", "x; y", "sqrt", "x + " * 500 + "x"],
)  # fmt: skip
def test_what_is_no_expression(text):
    if text in FUNCTIONS:
        assert Expression(text).names == {text}, "a column can have the name of a function"
        return
    with pytest.raises(ValueError, match="is no expression"):
        Expression(text)
