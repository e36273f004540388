"""K+ -> one charged particle, or pi+ and the photon of a pi0, and anything invisible, uniform in the invisible mass.

These are no decays of nature but the response to all of them.  In the kaon's frame the particle is isotropic (the kaon
has no spin) and its momentum is fixed by the invisible mass.  Whatever the selection does to such an event therefore
depends on that mass alone, and a sample that is uniform in it gives acceptance and resolution of every such decay by
reweighting.
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, MASS_PI0, particle
from rarekaon.analysis.decays.mode import KAON, Floats, Mode, mass2
from rarekaon.analysis.decays.phase_space import Pair

ALMOST_MASSLESS = 1e-3
"""Mass (MeV) of X: directions of massless products are drawn in the kaon's frame, so that light pairs of them have
large weights."""


def highest(products: tuple[str, ...]) -> float:
    """Masses beside the products that are seen are uniform from 0 to this (MeV).

    >>> round(highest(("mu+", "nu", "nu")), 3)
    388.019
    """
    return MASS_PI0 if "gamma" in products else MASS_K - particle(products[0]).mass


def squared_amplitude(seen: Floats, *_invisible: Floats) -> Floats:
    """The inverse of the phase space, p m dm."""
    momentum = np.sqrt((seen[:3] ** 2).sum(axis=0))
    mass = np.sqrt(np.maximum(mass2(KAON - seen), 0.0))
    return np.asarray(MASS_K**2 / np.maximum(momentum * mass, 1e-9 * MASS_K**2))


def beside_photon(_pion: Floats, _gamma: Floats, *invisible: Floats) -> Floats:
    """The inverse of the phase space of pi0 -> gamma and a mass m, (1 - m^2/m_pi0^2) m dm."""
    share = np.maximum(mass2(*invisible), 0.0) / MASS_PI0**2
    return np.asarray(1 / np.maximum(np.sqrt(share) * (1 - share), 1e-9))


def _uniform(seen: str, invisible: str, code: int) -> Mode:
    decay = f"K+ -> {seen} {invisible} {invisible}"
    tree = Pair(seen, Pair(invisible, invisible))
    masses = {"X": ALMOST_MASSLESS} if invisible == "X" else {}
    return Mode(decay, code, tree, "uniform in the invisible mass", squared_amplitude, masses=masses)


MU_INVISIBLE = _uniform("mu+", "nu", 90)
E_INVISIBLE = _uniform("e+", "X", 91)
PI_INVISIBLE = _uniform("pi+", "X", 92)
"""X X and not nu nu, which is the decay of the Standard Model."""
PI0_GAMMA_INVISIBLE = Mode(
    "K+ -> pi+ pi0, pi0 -> gamma X X",
    93,
    Pair("pi+", Pair("gamma", Pair("X", "X"), "pi0")),
    "uniform in the invisible mass",
    beside_photon,
    masses={"X": ALMOST_MASSLESS},
)
HIGHEST = highest(MU_INVISIBLE.products)
