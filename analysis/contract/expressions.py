"""Arithmetic on columns as a file can state it: names, numbers, operators and a few functions, and no code.

The text is parsed by Python's own parser, and an expression is made of the nodes that are known here and of no others:
there are no attributes, subscripts or calls but of `FUNCTIONS`, so that whatever a file says, nothing is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Values = Array | float

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.Mod: np.mod,
    ast.BitAnd: np.bitwise_and,
    ast.BitOr: np.bitwise_or,
    ast.RShift: np.right_shift,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: np.negative, ast.Invert: np.invert}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "min": np.minimum,
    "max": np.maximum,
    "where": np.where,
}
"""What an expression can call, elementwise: `min` and `max` of two columns, `where(condition, a, b)`."""


LONGEST = 500
"""Characters of an expression."""


class Expression:
    """An expression and the `names` of the columns it needs; ValueError for a text that is none.

    >>> e = Expression("hypot(px, py) / pz")
    >>> sorted(e.names)
    ['px', 'py', 'pz']
    >>> float(e({"px": 3.0, "py": 4.0, "pz": 10.0}))
    0.5
    """

    def __init__(self, text: str) -> None:
        self.text = text
        names: set[str] = set()
        try:
            if len(text) > LONGEST:
                raise ValueError(f"it has {len(text)} characters, and {LONGEST} are allowed")
            self._of = _compiled(ast.parse(" ".join(text.split()), mode="eval").body, names)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(f"{text[:LONGEST]!r} is no expression: {getattr(error, 'msg', error)}") from None
        self.names = frozenset(names)

    def __call__(self, columns: Mapping[str, Values]) -> Values:
        """The value for columns of one shape; KeyError for a name that they lack."""
        value: Values = self._of(columns)
        return value

    @property
    def is_a_name(self) -> bool:
        """Whether it is a column as it stands."""
        return self.text.strip() in self.names


Node = Callable[[Mapping[str, Values]], Any]


def _compiled(node: ast.expr, names: set[str]) -> Node:
    """What computes a node; `names` collects the columns."""
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return lambda _: value
        case ast.Name(id=name):
            names.add(name)
            return lambda columns: columns[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _applied(BINARY[type(op)], (left, right), names)
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in UNARY:
            return _applied(UNARY[type(sign)], (operand,), names)
        case ast.Compare(left=left, ops=[comparison], comparators=[right]) if type(comparison) in COMPARISONS:
            return _applied(COMPARISONS[type(comparison)], (left, right), names)
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]) if function in FUNCTIONS:
            return _applied(FUNCTIONS[function], tuple(arguments), names)
    raise ValueError(
        f"{ast.unparse(node)!r} is not allowed; there are numbers, columns, + - * / ** % & | >> ~, comparisons of two, "
        f"and {', '.join(FUNCTIONS)}"
    )


def _applied(function: Callable[..., Any], operands: tuple[ast.expr, ...], names: set[str]) -> Node:
    inner = [_compiled(operand, names) for operand in operands]
    return lambda columns: function(*(value(columns) for value in inner))
