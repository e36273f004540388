"""A search as the reference implementations read it: its declaration, with the parameters of its rules and quantities.

Nothing of a channel is written down again: triggers, cuts and intervals are the channel file's.  What rules and
quantities keep to themselves (they are functions) is looked up in their closures.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, Selection

Parameters = dict[str, Any]


class NoReferenceError(ValueError):
    """A search uses something that the reference implementations do not know."""


@dataclass(frozen=True)
class Rule:
    """An identification rule by the name of its function ("pion", "electron", "muon")."""

    kind: str
    parameters: Parameters


@dataclass(frozen=True)
class FinalState:
    """Particles in slot order with charges, masses (MeV) and the rule of each."""

    names: tuple[str, ...]
    charges: tuple[int, ...]
    masses: tuple[float, ...]
    rules: tuple[Rule, ...]


def enclosed(function: Callable[..., Any]) -> Parameters:
    """Values that a function has taken with it from where it was made, or the fields of one that is an object."""
    if is_dataclass(function):
        return {f.name: getattr(function, f.name) for f in fields(function)}
    return dict(inspect.getclosurevars(function).nonlocals)


def final_state(selection: Selection) -> FinalState:
    made = enclosed(selection.identify)
    names = made.get("particles", ())
    if len(names) != 3 or "by" not in made:
        raise NoReferenceError(f"selection {selection.name}: only vertices of three identified tracks have references")
    species = {211: "pi", 11: "e", 13: "mu"}
    found = [particle(name) for name in names]
    rules = [made["by"][species[abs(p.pdg)]] for p in found]
    kinds = [Rule(rule.__qualname__.partition(".")[0], enclosed(rule)) for rule in rules]
    return FinalState(names, tuple(p.charge for p in found), tuple(p.mass for p in found), tuple(kinds))


def quantity(q: Quantity) -> tuple[str, Parameters]:
    """A quantity by the name under which references know it, and its parameters."""
    made_by = q.of.__qualname__.partition(".")[0]
    named = {"invariant_mass": "vertex_mass", "pair_mass": "pair_mass"}.get(made_by, q.name)
    parameters = enclosed(q.of)
    return named, {k: v for k, v in parameters.items() if isinstance(v, int | float | bool | tuple)}


def selections(searches: tuple[Search, ...]) -> dict[str, tuple[Search, Selection]]:
    """Selections of searches by "<data set>/<name>": those that references know how to make."""
    return {
        f"{search.dataset}/{s.name}": (search, s) for search in searches for s in search.selections if has_reference(s)
    }


RULES = {"pion", "electron", "muon"}
QUANTITIES = {
    "vertex_charge", "vertex_z", "track_momentum", "tracks_in_acceptance", "straw_separation", "lkr_separation",
    "track_time_to_trigger", "track_time_spread", "lav_signals", "momentum_balance", "missing_momentum",
    "transverse_momentum", "positron_likelihood", "rich_angle", "vertex_mass", "pair_mass", "missing_mass_squared",
    "extra_clusters", "tracks_downstream", "chambers", "tracks_with_hodoscope",
}  # fmt: skip
"""What both references know."""


def has_reference(selection: Selection) -> bool:
    try:
        rules = final_state(selection).rules
    except NoReferenceError:
        return False
    asked = (selection.observable, *(cut.quantity for cut in selection.cuts))
    return {rule.kind for rule in rules} <= RULES and {quantity(q)[0] for q in asked} <= QUANTITIES


def bounds(cut: Cut) -> tuple[float, float]:
    return cut.within.low, cut.within.high
