"""A resonance in a pair of products: a heavy neutrino in (pi, l), an axion-like particle or Z' in any other pair."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.contract.units import MeV, mm
from rarekaon.analysis.decays.mode import KAON, dot, mass2
from rarekaon.analysis.recasting.density import Density, Floats, Pair, Products, RecastError, pairs_named

HBAR_C = 1.973269804e-10 * MeV * mm
"""CODATA 2018."""
NEGLIGIBLE = 1e-6
"""Ratio of a line's width to its window below which the window alone counts."""
Amplitude = Literal["isotropic", "majorana"]


@dataclass(frozen=True)
class Resonance(Density):
    """K+ -> R and the rest, where R decays to two of the products. Identical products are symmetrised.

    The line shape in s, the squared mass of the pair, is a Breit-Wigner of constant width, averaged over masses within
    `window` of each point. Simulated events have to stand for lines far narrower than their spacing, and the acceptance
    is nearly linear over the window. The two assignments of identical products do not interfere, which holds where the
    width is small.
    """

    pair: str
    """The two products, e.g. "pi- e+"."""
    mass: float
    """In MeV."""
    width: float = 0.0
    """In MeV; 0 with `ctau`, or for a narrow resonance."""
    ctau: float = 0.0
    """Lifetime in mm, in place of the width."""
    amplitude: Amplitude = "isotropic"
    """"isotropic", or "majorana": |M|^2 of K+ -> l+ N, N -> pi- l'+ with the spin of a Majorana neutrino N (A. Atre
    et al., JHEP 05 (2009) 030)."""
    window: float = 2 * MeV
    """Half width (MeV) of the average; wide resonances can have 0."""
    prompt_within: float = 300 * mm
    """Decays farther (mm) from the kaon's vertex count as not selected, so the limit is conservative. Tracks of
    simulated pi- e+ e+ can be moved apart by the default without a change of the acceptance (below 1%; a test moves
    them)."""

    def __post_init__(self) -> None:
        numbers = (self.mass, self.width, self.ctau, self.window, self.prompt_within)
        if not all(math.isfinite(x) and x >= 0 for x in numbers) or self.mass == 0:
            raise RecastError(f"mass, width, ctau and window of a resonance must be finite and not negative: {numbers}")
        if self.width and self.ctau:
            raise RecastError("give a resonance a width or a lifetime, not both: one follows from the other")
        if self.total_width == 0 and self.window == 0:
            raise RecastError("a resonance without width needs a window: no simulated event has exactly its mass")
        if self.amplitude not in ("isotropic", "majorana"):
            raise RecastError(f"amplitude must be isotropic or majorana, not {self.amplitude!r}")

    @property
    def total_width(self) -> float:
        """Width (MeV), from the lifetime where that is given."""
        return HBAR_C / self.ctau if self.ctau else self.width

    @property
    def description(self) -> str:
        life = f", c tau {self.ctau:g} mm" if self.ctau else f", width {self.width:g} MeV" if self.width else ", narrow"
        spin = " as a Majorana neutrino" if self.amplitude == "majorana" else ""
        return f"resonance in {self.pair}{spin}, mass {self.mass:g} MeV{life}"

    @property
    def parameters(self) -> dict[str, float]:
        return {"mass": self.mass, "width": self.total_width, "ctau": self.ctau}

    @property
    def prompt(self) -> Density:
        return replace(self, ctau=0.0, width=self.total_width) if self.ctau else self

    @property
    def half_window(self) -> float:
        """Half the interval of s (MeV2) that the line is averaged over."""
        return 2 * self.mass * self.window

    @property
    def scale(self) -> float:
        """M Gamma (MeV2), 0 where it is negligible beside the window."""
        scale = self.mass * self.total_width
        return scale if scale > NEGLIGIBLE * self.half_window else 0.0

    def breaks(self, span: float) -> list[float]:
        """Values of s (MeV2) between which the line shape is smooth, out to `span` from its centre."""
        mass2, half = self.mass**2, self.half_window
        steps = [0.0]
        step = self.scale
        while 0 < step < span:
            steps += [-step, step]
            step *= 3
        return sorted({centre + step for centre in (mass2 - half, mass2, mass2 + half) for step in steps})

    def line(self, s: Floats | float) -> Floats:
        """Line shape in s (MeV2), integral 1 over all s.

        The average of M Gamma / pi / ((s - M^2)^2 + M^2 Gamma^2) over the window, in closed form.
        """
        distance, half, scale = np.asarray(s, dtype=np.float64) - self.mass**2, self.half_window, self.scale
        if half == 0:
            return np.asarray(scale / np.pi / (distance**2 + scale**2))
        if scale == 0:
            return np.where(np.abs(distance) < half, 1 / (2 * half), 0.0)
        covered = np.arctan((distance + half) / scale) - np.arctan((distance - half) / scale)
        return np.asarray(covered / (2 * half * np.pi))

    def pairs(self, names: tuple[str, ...]) -> tuple[Pair, ...]:
        """The pairs that can be the resonance; RecastError for a mass out of reach or another decay than asked for."""
        found = pairs_named(self.pair, names)
        inside = sum(particle(name).mass for name in self.pair.split())
        outside = MASS_K - (sum(particle(name).mass for name in names) - inside)
        if not inside < self.mass < outside:
            raise RecastError(
                f"{self.description}: the pair's mass lies between {inside:.5g} and {outside:.5g} MeV; "
                f"give a mass inside, or another density as a function"
            )
        if self.amplitude == "majorana" and not _is_pion_and_leptons(names, found[0]):
            raise RecastError(
                f"a Majorana neutrino decays to a pion and a lepton beside another lepton, not {self.pair}"
            )
        return found

    def matrix_element(self, products: Products, pair: Pair) -> Floats:
        """|M|^2 (n,) with the resonance in `pair`, without the line shape."""
        if self.amplitude == "isotropic":
            return np.ones(len(products))
        (other,) = set(range(3)) - set(pair)
        pion, lepton = sorted(pair, key=lambda k: not products.names[k].startswith("pi"))
        return majorana(products.momenta[other], products.momenta[pion], products.momenta[lepton])

    def term(self, products: Products, pair: Pair) -> Floats:
        """The density (n,) of one assignment."""
        return self.line(products.mass2(pair)) * self.matrix_element(products, pair)

    def value(self, products: Products) -> Floats:
        return np.asarray(sum(self.term(products, pair) for pair in self.pairs(products.names)))

    def detectable(self, products: Products, laboratory: Floats) -> Floats:
        if not self.ctau:
            return self.value(products)
        total = np.zeros(len(products))
        for pair in self.pairs(products.names):
            momentum = np.linalg.norm(laboratory[pair[0], :3] + laboratory[pair[1], :3], axis=0)
            decay_length = momentum / self.mass * self.ctau
            total += self.term(products, pair) * -np.expm1(-self.prompt_within / decay_length)
        return total


def _is_pion_and_leptons(names: tuple[str, ...], pair: Pair) -> bool:
    pions = sum(names[k].startswith("pi") for k in pair)
    leptons = sum(any(particle(name).lepton_numbers) for name in names)
    return len(names) == 3 and pions == 1 and leptons == 2


def majorana(first: Floats, pion: Floats, second: Floats) -> Floats:
    """Sum over spins of |M|^2, up to a constant, of K+ -> l+(first) N, N -> pi-(pion) l'+(second); (n,) from (4, n).

    The amplitude is v-bar(first) k p v(second) between left-handed projectors, with the slashed momenta k of
    the kaon and p of the pion; the chirality of N's propagator leaves its mass as a factor.
    """
    k2, p2 = MASS_K**2, mass2(pion)
    left = 2 * dot(KAON, first) * KAON - k2 * first
    right = 2 * dot(pion, second) * pion - p2 * second
    return np.asarray(dot(left, right))
