"""Backgrounds from data with the identification inverted: pions taken for muons, with the probability of that."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.detector import detector
from analysis.events.candidates import Candidates
from analysis.particles import particle
from analysis.selection.identification import Identification, vertex_identified_as

Float = NDArray[np.float64]
Weight = Callable[[Candidates], Float]


def taken_for(
    seen: tuple[str, ...], enforced: tuple[str, ...], *, by: Identification
) -> Callable[[Candidates], Candidates]:
    """Selects vertices whose tracks are `seen` and treats them as `enforced`, slot by slot, from then on."""
    return _taken_for(vertex_identified_as(*seen, by=by), enforced)


@cache
def _taken_for(identify: Callable[[Candidates], Candidates], enforced: tuple[str, ...]) -> Callable[..., Candidates]:
    masses = tuple(particle(name).mass for name in enforced)

    def identification(c: Candidates) -> Candidates:
        found = c.once(identify)
        same = np.tile(np.arange(len(enforced)), (len(found), 1))
        return found.ordered(same, enforced, masses)

    return identification


def pions_as_muons(slots: tuple[int, ...]) -> Weight:
    """Probability that the pions of all `slots` are misidentified as muons, shape (n,).

    The measured probability of one, as a function of its momentum, is in `datasets/detector.yaml`
    (PLB 797 (2019) 134794, Section 3.2).
    """
    pid = detector().pid

    def weight(c: Candidates) -> Float:
        momentum = c.track("momentum")[:, list(slots)]
        return np.asarray(np.interp(momentum, pid.pi_as_mu_momentum, pid.pi_as_mu).prod(axis=1))

    return weight
