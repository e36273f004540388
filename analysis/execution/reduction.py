"""Sums of many outputs in an order that does not depend on who finished first.

Floating-point addition is not associative, so the shape of the sum is fixed by the order of the chunks alone:
groups of `FAN_IN` neighbours are summed, then groups of their sums, and so on.  Serial execution follows it with a
stack, Dask with a tree of tasks; both give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from coffea.processor import accumulate

FAN_IN = 16
T = TypeVar("T")


def combine(outputs: Sequence[Any]) -> Any:
    """Sum neighbours from left to right; a single output is returned as it is."""
    return accumulate(outputs)


def reduce_in_order(outputs: Iterable[Any], fan_in: int = FAN_IN) -> Any:
    """The sum of outputs that arrive one by one; holds fewer than `fan_in` sums per level of the tree.

    Raises ValueError if there are none.

    >>> reduce_in_order([{"n": 1}, {"n": 2}, {"n": 4}], fan_in=2)
    {'n': 7}
    """
    levels: list[list[Any]] = []
    for output in outputs:
        _push(levels, 0, output, fan_in)
    if not levels:
        raise ValueError("nothing to reduce: there are no outputs")
    level = 0
    while level < len(levels) - 1 or len(levels[level]) > 1:
        rest, levels[level] = levels[level], []
        if rest:
            _push(levels, level + 1, combine(rest), fan_in)
        level += 1
    return levels[level][0]


def _push(levels: list[list[Any]], level: int, output: Any, fan_in: int) -> None:
    if level == len(levels):
        levels.append([])
    levels[level].append(output)
    if len(levels[level]) == fan_in:
        full, levels[level] = levels[level], []
        _push(levels, level + 1, combine(full), fan_in)


def reduce_tree(tasks: Sequence[T], submit: Callable[[list[T]], T], fan_in: int = FAN_IN) -> T:
    """The same tree over tasks: `submit` makes the task that sums a group of tasks' outputs."""
    level = list(tasks)
    while len(level) > 1:
        groups = [level[i : i + fan_in] for i in range(0, len(level), fan_in)]
        level = [group[0] if len(group) == 1 else submit(group) for group in groups]
    return level[0]
