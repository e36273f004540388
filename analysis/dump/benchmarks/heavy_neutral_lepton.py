"""A heavy neutral lepton N that mixes with one flavour (benchmarks BC6, BC7): of K, D, Ds and B decays, to pi l.

Rates of JHEP 11 (2018) 032 (arXiv:1805.08567); N is a Majorana particle, so that it decays to both charges.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import pi

import numpy as np

from rarekaon.analysis.contract.particles import CTAU_K, MASS_E, MASS_K, MASS_MU
from rarekaon.analysis.dump.benchmarks.neutral_lepton_widths import other_width, pion_width, triangle
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import (
    Floats,
    Flux,
    boosted,
    breakup_momentum,
    directions,
    four_momentum,
    joined,
    two_body,
)
from rarekaon.analysis.dump.hadrons import MASSES, heavy_hadrons, kaons_before_absorption
from rarekaon.analysis.dump.model import Model, Production, VisibleDecay

HBAR = 6.582119569e-22  # MeV s
LIFETIMES = {"D+": 1.033e-12, "D0": 0.4101e-12, "Ds": 0.504e-12, "B+": 1.638e-12, "B0": 1.519e-12, "K+": 1.238e-8}
MASS_K0, MASS_D0, MASS_DP = 497.6, 1864.84, 1869.66


def leptonic(parent: float, constant: float, mixing: float, lepton: float, mass: float) -> float:
    """Gamma(P -> l N) (MeV) at U^2 = 1 for decay constant and quark mixing."""
    if lepton + mass >= parent:
        return 0.0
    x, y = (lepton / parent) ** 2, (mass / parent) ** 2
    strength = (facts().constants.fermi * constant * mixing) ** 2 * parent**3 / (8 * pi)
    return float(strength * (x + y - (x - y) ** 2) * np.sqrt(triangle(1.0, x, y)))


@dataclass(frozen=True)
class Semileptonic:
    """H -> h l N with the form factor f(q^2) = at_zero/(1 - q^2/pole^2) for f_+, half its slope for f_0."""

    daughter: float
    mixing: float
    at_zero: float
    pole: float

    def rate(self, parent: float, lepton: float, mass: float, q2: Floats) -> Floats:
        """dGamma/dq^2 (1/MeV) at U^2 = 1.

        The leptons' tensor, integrated over their directions, is A (q q - q^2 g) + B q q with
        A = 4/3 (2 - x - y - (x-y)^2), B = 4 (x + y - (x-y)^2), x = m_l^2/q^2, y = m^2/q^2.
        """
        x, y = lepton**2 / q2, mass**2 / q2
        hadrons = triangle(parent**2, self.daughter**2, q2)
        plus, zero = self.at_zero / (1 - q2 / self.pole**2), self.at_zero / (1 - 0.5 * q2 / self.pole**2)
        a, b = 4 / 3 * (2 - x - y - (x - y) ** 2), 4 * (x + y - (x - y) ** 2)
        amplitude = a * plus**2 * hadrons + b * zero**2 * (parent**2 - self.daughter**2) ** 2
        strength = (facts().constants.fermi * self.mixing) ** 2 / 2
        phase_space = np.sqrt(hadrons) * np.sqrt(triangle(1.0, x, y)) / (256 * pi**3 * parent**3)
        return np.asarray(strength * phase_space * amplitude)


def semileptonic(parents: Flux, parent: float, lifetime: float, h: Semileptonic, lepton: float, mass: float,
                 rng: np.random.Generator) -> Flux:  # fmt: skip
    """N of H -> h l N; N is isotropic against the lepton (the polarisation of the pair is left out)."""
    n = len(parents.weight)
    low, high = (lepton + mass) ** 2, (parent - h.daughter) ** 2
    if low >= high:
        return Flux(np.zeros(n), parents.momentum)
    q2 = rng.uniform(low, high, n)
    branching = h.rate(parent, lepton, mass, q2) * (high - low) * lifetime / HBAR
    pair, _ = two_body(parents.momentum, parent, np.sqrt(q2), h.daughter, rng)
    p = breakup_momentum(np.sqrt(q2), lepton, mass)
    own = four_momentum(mass, *(directions(n, rng) * p[:, None]).T)
    return Flux(parents.weight * branching, boosted(own, pair))


def _of_charm(lepton: float, mass: float, n: int, rng: np.random.Generator) -> Flux:
    c, part = facts().constants, n // 5
    made = [
        _two(heavy_hadrons("D+", part, rng), "D+", c.f_d, c.v_cd, lepton, mass, rng),
        _two(heavy_hadrons("Ds", part, rng), "Ds", c.f_ds, c.v_cs, lepton, mass, rng),
    ]
    for meson, daughter in (("D+", MASS_K0), ("D0", MASS_K)):
        to_kaon = Semileptonic(daughter, c.v_cs, 0.747, 2112.0)
        parents = heavy_hadrons(meson, part, rng)
        made.append(semileptonic(parents, MASSES[meson], LIFETIMES[meson], to_kaon, lepton, mass, rng))
    return joined(*made)


def _of_beauty(lepton: float, mass: float, n: int, rng: np.random.Generator) -> Flux:
    """B -> D l N; D* and heavier, twice as frequent for light N, are left out."""
    made = []
    for meson, daughter in (("B+", MASS_D0), ("B0", MASS_DP)):
        to_charm = Semileptonic(daughter, facts().constants.v_cb, 0.66, 6330.0)
        parents = heavy_hadrons(meson, n // 2, rng)
        made.append(semileptonic(parents, MASSES[meson], LIFETIMES[meson], to_charm, lepton, mass, rng))
    return joined(*made)


def _of_kaons(lepton: float, mass: float, n: int, rng: np.random.Generator) -> Flux:
    c = facts().constants
    made = []
    for sign in ("K+", "K-"):
        kaons = kaons_before_absorption("K+" if sign == "K+" else "K-", n // 2, rng, CTAU_K)
        made.append(_two(kaons, "K+", c.f_k, c.v_us, lepton, mass, rng))
    return joined(*made)


def _two(parents: Flux, kind: str, constant: float, mixing: float, lepton: float, mass: float,
         rng: np.random.Generator) -> Flux:  # fmt: skip
    parent = MASS_K if kind == "K+" else MASSES[kind]
    branching = leptonic(parent, constant, mixing, lepton, mass) * LIFETIMES[kind] / HBAR
    if branching == 0:
        return Flux(np.zeros(len(parents.weight)), parents.momentum)
    neutral, _ = two_body(parents.momentum, parent, mass, lepton, rng)
    return Flux(parents.weight * branching, neutral)


def hnl(name: str, lepton: str, mass: float, masses: tuple[float, ...]) -> Model:
    """N that mixes with the flavour of `lepton`, e.g. "mu"."""
    errors = facts().relative_errors
    return Model(
        name=name,
        title=f"heavy neutral lepton to pi {lepton}",
        coupling=f"|U_{lepton}4|^2",
        couplings=(1e-12, 1.0),
        power=1,
        masses=masses,
        production=(
            Production("K decays", partial(_of_kaons, mass), errors.light_mesons),
            Production("D and Ds decays", partial(_of_charm, mass), errors.charm),
            Production("B decays", partial(_of_beauty, mass), errors.beauty),
        ),
        modes=(VisibleDecay(("pi+", f"{lepton}-"), partial(pion_width, mass)),),
        hidden=partial(other_width, mass),
        source="JHEP 11 (2018) 032",
    )


ELECTRON_MASSES = (150, 200, 300, 400, 450, 480, 500, 600, 800, 1000, 1200, 1400, 1600, 1700, 1800, 1900, 2200, 2600)
MUON_MASSES = (255, 300, 350, 380, 400, 500, 600, 800, 1000, 1200, 1400, 1500, 1600, 1700, 1800, 2200)
HNL_E = hnl("hnl_e", "e", MASS_E, ELECTRON_MASSES)
HNL_MU = hnl("hnl_mu", "mu", MASS_MU, MUON_MASSES)
