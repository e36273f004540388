"""K+ -> one charged particle and anything invisible, uniform in the invisible mass.

These are no decays of nature but the response to all of them.  In the kaon's frame the particle is isotropic (the kaon
has no spin) and its momentum is fixed by the invisible mass.  Whatever the selection does to such an event therefore
depends on that mass alone, and a sample that is uniform in it gives acceptance and resolution of every such decay by
reweighting.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, mass2
from rarekaon.analysis.decays.phase_space import Pair


def highest(seen: str) -> float:
    """Masses beside the particle of that name are uniform from 0 to this (MeV).

    >>> round(highest("mu+"), 3)
    388.019
    """
    return MASS_K - particle(seen).mass


def squared_amplitude(seen: Floats, *_invisible: Floats) -> Floats:
    """The inverse of the phase space, p m dm."""
    momentum = np.sqrt((seen[:3] ** 2).sum(axis=0))
    mass = np.sqrt(np.maximum(mass2(KAON - seen), 0.0))
    return np.asarray(MASS_K**2 / np.maximum(momentum * mass, 1e-9 * MASS_K**2))


def _uniform(seen: str, invisible: str, code: int) -> Mode:
    decay = f"K+ -> {seen} {invisible} {invisible}"
    tree = Pair(seen, Pair(invisible, invisible))
    masses = {"X": 0.0} if invisible == "X" else {}
    return Mode(decay, code, tree, "uniform in the invisible mass", squared_amplitude, masses=masses)


MU_INVISIBLE = _uniform("mu+", "nu", 90)
E_INVISIBLE = _uniform("e+", "nu", 91)
PI_INVISIBLE = _uniform("pi+", "X", 92)
"""X X and not nu nu, which is the decay of the Standard Model."""
HIGHEST = highest("mu+")
