"""The order of a sum depends on the order of the chunks and on nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarekaon.analysis.execution.reduction import combine, reduce_in_order, reduce_tree


class Term(str):
    """A term that remembers how it was added up."""

    __slots__ = ()

    def __add__(self, other: str) -> Term:
        return Term(f"({self[:]}+{other[:]})")


def terms(n: int) -> list[Term]:
    return [Term(i) for i in range(n)]


def test_neighbours_are_summed_first() -> None:
    assert reduce_in_order(terms(5), fan_in=2) == "(((0+1)+(2+3))+4)"


@given(n=st.integers(1, 200), fan_in=st.integers(2, 9))
def test_the_stack_and_the_tree_add_in_the_same_order(n: int, fan_in: int) -> None:
    assert reduce_in_order(iter(terms(n)), fan_in) == reduce_tree(terms(n), combine, fan_in)


@given(n=st.integers(1, 200), fan_in=st.integers(2, 9))
def test_every_term_is_there_once_and_in_order(n: int, fan_in: int) -> None:
    assert reduce_in_order([[i] for i in range(n)], fan_in) == list(range(n))


def test_a_single_output_is_returned_as_it_is() -> None:
    output = {"n": 1}
    assert reduce_in_order([output]) is output
    assert reduce_tree([output], combine) is output


def test_outputs_are_not_changed_by_the_sum() -> None:
    outputs = [{"a": {"n": i}} for i in range(40)]
    assert reduce_in_order(outputs) == {"a": {"n": 780}}
    assert outputs == [{"a": {"n": i}} for i in range(40)]


def test_few_sums_are_held_at_a_time() -> None:
    """A thousand chunks of which at most fan-in per level of the tree are alive."""
    alive = 0
    most = 0

    class Counted:
        def __init__(self) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

        def __add__(self, other: Counted) -> Counted:
            return Counted()

    reduce_in_order((Counted() for _ in range(1000)), fan_in=10)
    assert most <= 3 * 10 + 2


def test_the_order_matters_for_floats() -> None:
    """Else the whole module would be idle: 1 is lost beside 1e16, 16 is not."""
    numbers = [1e16] + [1.0] * 31
    assert sum(numbers) == 1e16
    assert reduce_in_order(numbers, fan_in=16) == 1e16 + 16


def test_nothing_to_reduce() -> None:
    with pytest.raises(ValueError, match="no outputs"):
        reduce_in_order([])
