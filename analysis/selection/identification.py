"""Who is who: tracks of a vertex identified as the particles of a final state.

An `Identification` maps a species ("pi", "e", "mu") to a rule giving a mask of shape (n, tracks).  The rules of a
selection exclude one another, so that a final state is matched by one assignment (up to exchange of equal particles).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import Particle, particle
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.kernels.compiled import compiled

Mask = NDArray[np.bool_]
Rule = Callable[[Candidates], Mask]
Identification = Mapping[str, Rule]

_SPECIES = {211: "pi", 11: "e", 13: "mu"}


def e_over_p(c: Candidates) -> NDArray[np.float64]:
    """E/p: associated calorimeter energy over momentum, shape (n, tracks)."""
    return np.asarray(c.track("lkr_energy") / c.track("momentum"))


def vertex_time(c: Candidates) -> NDArray[np.float64]:
    """Mean time of the vertex's tracks from the RICH (the hodoscope's for tracks without RICH hits), shape (n,)."""
    return c.once(_mean_time)


def _mean_time(c: Candidates) -> NDArray[np.float64]:
    return np.asarray(c.track("rich_time").mean(axis=1))


def muv3_in_time(c: Candidates, window: float) -> Mask:
    """Tracks (n, k) with an associated MUV3 signal within `window` (ns) of the vertex time."""
    found = c.track("muv3_index") >= 0
    some = np.asarray(found.any(axis=1))
    if 2 * np.count_nonzero(some) > len(some):
        return np.asarray(found & _in_time(c, window))
    few = c.take(some)  # most tracks are no muons, and their times need not be looked at
    found[some] &= _in_time(few, window)
    return found


def _in_time(c: Candidates, window: float) -> Mask:
    return np.asarray(np.abs(c.track("muv3_time") - vertex_time(c)[:, None]) < window)


@compiled
def rows_with(mask: Mask, number: int) -> NDArray[np.int64]:
    """Rows of a mask (n, k) in which at least `number` are true."""
    rows = np.empty(len(mask), np.int64)
    found = 0
    for n in range(len(mask)):
        true = 0
        for k in range(mask.shape[1]):
            true += mask[n, k]
        rows[found] = n
        found += true >= number
    return rows[:found].copy()


@cache
def pion(e_over_p_below: float, *, muv3_veto: float | None = None) -> Rule:
    """E/p below a value and, where `muv3_veto` (ns) is given, no associated MUV3 signal in time."""

    def rule(c: Candidates) -> Mask:
        soft = c.once(e_over_p) < e_over_p_below
        return soft if muv3_veto is None else soft & ~muv3_in_time(c, muv3_veto)

    return rule


@cache
def electron(low: float = 0.9, high: float = 1.1) -> Rule:
    """E/p around one."""

    def rule(c: Candidates) -> Mask:
        return Interval(low, high).mask(c.once(e_over_p))

    return rule


@cache
def muon(e_over_p_below: float = 0.2, *, muv3_window: float) -> Rule:
    """Minimum ionising in the calorimeter, with an associated MUV3 signal within `muv3_window` (ns)."""

    def rule(c: Candidates) -> Mask:
        return (c.once(e_over_p) < e_over_p_below) & muv3_in_time(c, muv3_window)

    return rule


@cache
def rich_muon(*, below: float, threshold: float) -> Rule:
    """For momenta under `below` (MeV): no positron, and above the muon's Cherenkov threshold no pion either.

    A track without RICH hits prefers nothing and passes.
    """

    def rule(c: Candidates) -> Mask:
        momentum, pion_like = c.track("momentum"), c.track("rich_log_pi")
        no_positron = c.track("rich_log_e") <= pion_like
        no_pion = (momentum < threshold) | (c.track("rich_log_mu") >= pion_like)
        return (momentum >= below) | (no_positron & no_pion)

    return rule


@cache
def all_of(*rules: Rule) -> Rule:
    """Tracks that satisfy every one of the rules."""
    return lambda c: np.logical_and.reduce([c.once(rule) for rule in rules])


def vertex_identified_as(*particles: str, by: Identification) -> Callable[[Candidates], Candidates]:
    """Selects vertices whose tracks are `particles`, e.g. ("pi-", "e+", "e+"), in that slot order.

    The returned function gives candidates with ordered tracks; equal particles keep the order of the file.  Its
    attribute `possible` gives all that may be these particles.
    """
    return _identified(particles, tuple(by.items()))


@cache
def _with(rule: Rule, number: int) -> Callable[[Candidates], Candidates]:
    """Gives the candidates with at least `number` tracks that satisfy a rule. Several final states begin with it."""

    def satisfying(c: Candidates) -> Candidates:
        rows = rows_with(c.once(rule), number)
        return c if len(rows) == len(c) else c.take(rows)

    return satisfying


@cache
def _identified(particles: tuple[str, ...], by: tuple[tuple[str, Rule], ...]) -> VertexIdentified:
    return VertexIdentified(particles, dict(by))


@dataclass(frozen=True, eq=False)
class VertexIdentified:
    """Turns vertices into those whose tracks are `particles`, with ordered tracks; made once for equal arguments."""

    particles: tuple[str, ...]
    by: Identification

    @cached_property
    def _wanted(self) -> tuple[Particle, ...]:
        return tuple(particle(name) for name in self.particles)

    @cached_property
    def _masses(self) -> tuple[float, ...]:
        return tuple(p.mass for p in self._wanted)

    @cached_property
    def _orders(self) -> list[tuple[int, ...]]:
        return _distinct_orders(self.particles)

    @cached_property
    def _needed(self) -> list[tuple[str, int]]:
        """Species and how many of them, the rarest first, so that other rules are looked at for few candidates: what
        is asked for most, pions last."""
        counted = Counter(_SPECIES[abs(p.pdg)] for p in self._wanted)
        return sorted(counted.items(), key=lambda item: (-item[1], item[0] == "pi"))

    def __call__(self, c: Candidates) -> Candidates:
        for name, number in self._needed:
            c = c.once(_with(self.by[name], number))
        slots = self._slots(c)
        order = np.full((len(c), len(slots)), -1)
        for trial in self._orders:
            order[(order[:, 0] < 0) & _matches(slots, trial)] = trial
        found = order[:, 0] >= 0
        return c.take(found).ordered(order[found], self.particles, self._masses)

    def possible(self, c: Candidates) -> Candidates:
        """Every way in which the tracks of each vertex may be the particles, for the box: a vertex is there once for
        each order of its tracks that fits.  A track whose E/p is no number may be anything.
        """
        unknown = ~np.isfinite(c.once(e_over_p))
        slots = [slot | unknown for slot in self._slots(c)]
        rows = [np.flatnonzero(_matches(slots, trial)) for trial in self._orders]
        order = np.concatenate([np.tile(t, (len(r), 1)) for t, r in zip(self._orders, rows, strict=True)])
        return c.take(np.concatenate(rows)).ordered(order, self.particles, self._masses)

    def _slots(self, c: Candidates) -> list[Mask]:
        """Tracks (n, k) that have the charge and satisfy the rule of each particle."""
        charge = c.track("charge")
        return [c.once(self.by[_SPECIES[abs(p.pdg)]]) & (charge == p.charge) for p in self._wanted]


def _matches(slots: list[Mask], order: tuple[int, ...]) -> Mask:
    """Vertices (n,) whose tracks, taken in this order, satisfy their slots."""
    return np.asarray(np.logical_and.reduce([slot[:, track] for slot, track in zip(slots, order, strict=True)]))


def _distinct_orders(particles: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Track orders that differ by more than an exchange of equal particles."""
    seen: dict[tuple[str, ...], tuple[int, ...]] = {}
    for order in permutations(range(len(particles))):
        by_track = tuple(particles[order.index(track)] for track in range(len(particles)))
        seen.setdefault(by_track, order)
    return list(seen.values())
