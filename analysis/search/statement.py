"""What a search states: its data set, cuts and regions as plain data that can be written down and compared.

An unblinding record holds the statement of its search and opens the box as long as it is the same.  How a quantity is
computed is code and not part of it; the values that its function was made with are.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.facts.models import conditions, user_catalogue
from rarekaon.analysis.search.declaration import Cut, Quantity, Region, Search, Selection


def statement(search: Search) -> dict[str, Any]:
    """Runs of the data set, and the samples where they are the user's own data; of the normalisation and of each
    selection with a masked region what it takes, cuts on and keeps masked.  Dicts, lists, numbers and strings.
    """
    stated = dict.fromkeys((search.normalisation, *search.masked_selections))
    own = users_data(search)
    return {
        "runs": [list(p.runs) for p in conditions().of(search.dataset)],
        **({"data": own} if own else {}),
        **{s.name: _selection(s) for s in stated},
    }


def users_data(search: Search) -> list[str]:
    """Samples of the search that are the user's own data, where a record of pseudo-data opens nothing."""
    return [name for name in search.samples.data if name in user_catalogue().data]


def changes(before: Mapping[str, Any], now: Mapping[str, Any], place: str = "") -> list[str]:
    """What differs between two statements, one line each: "signal / cuts: ... instead of ..."."""
    found: list[str] = []
    for key in dict.fromkeys((*before, *now)):
        here = f"{place} / {key}".removeprefix(" / ")
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += changes(old, new, here)
        elif isinstance(old, list) and isinstance(new, list):
            gone, added = [x for x in old if x not in new], [x for x in new if x not in old]
            if old != new:
                found.append(f"{here}: {_listed(added) or 'nothing'} instead of {_listed(gone) or 'nothing'}")
        elif old != new:
            found.append(f"{here}: {'nothing' if new is None else new} instead of {'nothing' if old is None else old}")
    return found


def _listed(parts: list[Any]) -> str:
    return ", ".join(map(str, parts))


def _selection(s: Selection) -> dict[str, Any]:
    return {
        "decay": s.decay,
        "triggers": list(s.triggers),
        "candidates": described(s.candidates),
        "identified": described(s.identify),
        "cuts": [_cut(c) for c in s.cuts],
        "observable": _quantity(s.observable),
        "regions": [_region(r) for r in s.regions],
        "box": [_cut(c) for c in s.box],
        "weight": described(s.weight),
    }


def _cut(cut: Cut) -> str:
    return f"{_quantity(cut.quantity)} {_interval(cut.within)}"


def _region(region: Region) -> str:
    kind = " signal" * region.signal + " masked" * region.masked or " control"
    without = f" without {_interval(region.excluding)}" if region.excluding else ""
    return f"{region.name} {_interval(region.within)}{without},{kind}"


def _interval(within: Interval) -> str:
    return f"({within.low!r}, {within.high!r})"


def _quantity(quantity: Quantity) -> str:
    _, _, made_with = described(quantity.of).partition("(")
    return f"{quantity.name}({made_with}" if made_with else quantity.name


def described(value: Any) -> str:
    """A value as text that is the same in every process; of a function its name and what it was made with.

    >>> from analysis.selection.identification import pion
    >>> described(pion(e_over_p_below=0.85))
    'pion(e_over_p_below=0.85, muv3_veto=None)'
    """
    if isinstance(value, np.generic | np.ndarray):
        return described(value.tolist())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {described(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(described, value))})"
    if isinstance(value, set | frozenset):
        return f"({', '.join(sorted(map(described, value)))})"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}({', '.join(described(getattr(value, f.name)) for f in fields(value))})"
    return _function(value) if callable(value) else str(value)


def _function(function: Any) -> str:
    plain = inspect.unwrap(function)
    name = getattr(plain, "__qualname__", type(plain).__qualname__).partition(".<locals>")[0]
    cells = getattr(plain, "__closure__", None) or ()
    if not cells:
        return str(name)
    made_with = zip(plain.__code__.co_freevars, cells, strict=True)
    return f"{name}({', '.join(f'{key}={described(cell.cell_contents)}' for key, cell in made_with)})"
