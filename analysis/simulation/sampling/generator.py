"""Blocks of generated decays: from random numbers to weighted momenta in the laboratory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays import Mode
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.decays.phase_space import Tree, generate
from rarekaon.analysis.kernels.compiled import entry, inlined
from rarekaon.analysis.simulation.detector.transport import COLUMNS, PHOTON
from rarekaon.analysis.simulation.detector.vetoes import IN_LAV, IN_LKR, photon_fate
from rarekaon.analysis.simulation.ground.beam import Exposure, kaons, to_laboratory, vertex_z
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import Constants, constants
from rarekaon.analysis.simulation.ground.draws import numbers
from rarekaon.analysis.simulation.sampling.adaptive_grids import Mixture, adapted, combined, uniform
from rarekaon.analysis.simulation.streams.requirements import Focus, Requirement, Stream
from rarekaon.analysis.simulation.streams.true_products import (
    LEAST_PHOTON,
    all_missed,
    depth_of_others,
    line_seen,
    load_product,
    mass_of_products,
)

Floats = npt.NDArray[np.float64]

TRAINING_POINTS, TRAINING_ITERATIONS = 40000, 9
TRAINING_KEY = 2**33
"""Key of the training's random numbers, beyond that of any block."""
PLAIN_SHARE = 0.1
"""Share of decays sampled uniformly."""


@dataclass(frozen=True)
class Generator:
    """A decay mode with its sampling.

    `norm` is the mean of amplitude times phase space over the quoted range.  Only the `part` of the decays that the
    stream has is made (`Stream.decays`).  `tree` maps the unit cube to momenta (None: the mode's own); the grids belong
    to it.
    """

    mode: Mode
    mixture: Mixture
    norm: float
    tree: Tree | None = None
    part: tuple[float, float] = (0.0, 1.0)

    def block(self, rng: np.random.Generator, exposure: Exposure, n: int) -> Decays:
        """n weighted decays; their weights average the probability of the part over the range of the branching
        fraction.
        """
        x, inverse = self.mixture.draw(rng, n)
        p, weight = generate(self.tree or self.mode.flat, np.ascontiguousarray(x[:, :-1]))
        weight = weight * self.mode.density(p) * (inverse / self.norm) * (self.part[1] - self.part[0])
        return in_laboratory(self.mode, exposure, rng, p, vertex_z(x[:, -1], self.part), weight)


def in_laboratory(
    mode: Mode, exposure: Exposure, rng: np.random.Generator, p: Floats, z: Floats, weight: Floats
) -> Decays:
    """Decays of kaons of the beam with the momenta p (products, 4, n) in the kaon's frame, which become those in the
    laboratory.
    """
    row, run, burst = exposure.draw(rng, len(z))
    kaon, vertex = kaons(rng, exposure.beam[row], z)
    rest_energy = p[:, 3].copy()
    to_laboratory(p, kaon)
    return Decays(mode.pdg, mode.charges, p, rest_energy, kaon, vertex, weight, row, run, burst, mode.radiative)


@inlined
def _photon_vetoed(c: Constants, d: Decays, i: int, row: Floats) -> bool:
    for k in range(d.pdg.size):
        if d.pdg[k] == PHOTON and d.momenta[k, 3, i] > c.lav_threshold:
            load_product(d, k, i, row)
            if photon_fate(c, row)[0] == IN_LAV:
                return True
    return False


class Aim(NamedTuple):
    """A focus and the number of tracks it needs, for the kernel; `lone` is the product that is seen alone, or -1."""

    tracks: int
    low: float
    high: float
    transverse: float
    photon_veto: bool
    photons: int
    sign: int
    pair_mass: float
    vertex_mass: float
    invisible: float
    missed: bool
    pairs: bool
    lone: int


@inlined
def _add(d: Decays, i: int, k: int, total: Floats) -> None:
    """Add a product's momentum and its components across the kaon's direction to `total` (3,)."""
    px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
    total[0] += np.sqrt(px * px + py * py + pz * pz)
    total[1] += px - pz * d.kaon[0, i] / d.kaon[2, i]
    total[2] += py - pz * d.kaon[1, i] / d.kaon[2, i]


@inlined
def _add_photons(c: Constants, d: Decays, i: int, row: Floats, total: Floats) -> int:
    """Add the photons that may be candidates of a pi0; returns their number."""
    count = 0
    for k in range(d.pdg.size):
        if d.pdg[k] == PHOTON and d.momenta[k, 3, i] > LEAST_PHOTON:
            load_product(d, k, i, row)
            if photon_fate(c, row)[0] == IN_LKR:
                _add(d, i, k, total)
                count += 1
    return count


@inlined
def invisible_mass(d: Decays, i: int, lone: int) -> float:
    """Squared mass (MeV2) of the kaon without its product `lone` (-1: without its charged products)."""
    x, y, z = d.kaon[0, i], d.kaon[1, i], d.kaon[2, i]
    energy = np.sqrt(x * x + y * y + z * z + MASS_K**2)
    for k in range(d.pdg.size):
        if k == lone or (lone < 0 and d.charge[k] != 0):
            x, y, z = x - d.momenta[k, 0, i], y - d.momenta[k, 1, i], z - d.momenta[k, 2, i]
            energy -= d.momenta[k, 3, i]
    return energy * energy - x * x - y * y - z * z


@inlined
def _has_pair(d: Decays, i: int, aim: Aim) -> bool:
    for k in range(d.pdg.size):
        for j in range(k):
            heavy = d.charge[k] * d.charge[j] == aim.sign and mass_of_products(d, i, k, j, True) >= aim.pair_mass
            if heavy and (aim.vertex_mass == 0 or mass_of_products(d, i, k, j, False) > aim.vertex_mass):
                return True
    return False


@entry
def _survey(c: Constants, d: Decays, beam: Floats, aim: Aim, out: Floats) -> None:
    """Distance (MeV) of each decay from a focus: 0 inside, infinite when its tracks are not seen.

    Where photons must be missed, the weights of the decays take up the probability that they are.
    """
    row, total = np.zeros(COLUMNS), np.zeros(3)
    for i in range(d.weight.size):
        seen, total[:] = 0, 0.0
        for k in range(d.pdg.size):
            if d.charge[k] != 0 and line_seen(c, d, k, i, c.lkr_r_min):
                _add(d, i, k, total)
                seen += 1
        out[i] = np.inf
        if aim.missed:
            d.weight[i] *= all_missed(c, d, i, row, 0, aim.pairs)
        if seen < aim.tracks or (aim.photon_veto and _photon_vetoed(c, d, i, row)):
            continue
        if aim.photons > 0 and _add_photons(c, d, i, row, total) < aim.photons:
            continue
        if aim.sign != 0 and not _has_pair(d, i, aim):
            continue
        depth = 0.0
        if aim.lone >= 0:
            if not line_seen(c, d, aim.lone, i, c.lkr_r_min):
                continue
            depth = depth_of_others(c, d, aim.lone, i, row)
        missing = beam[d.conditions[i], 0] - total[0]
        out[i] = max(0.0, aim.low - missing, missing - aim.high) + depth
        if np.isfinite(aim.invisible):
            out[i] += max(0.0, np.sqrt(aim.invisible) - np.sqrt(max(0.0, invisible_mass(d, i, aim.lone))))
        if np.isfinite(aim.transverse):
            out[i] += 30 * max(0.0, np.sqrt(total[1] ** 2 + total[2] ** 2) - aim.transverse)


def _aim(focus: Focus, requirement: Requirement, lone: int) -> Aim:
    low, high = focus.missing
    return Aim(
        requirement.tracks,
        low,
        high,
        focus.transverse,
        focus.photon_veto,
        focus.photons,
        focus.sign,
        focus.pair_mass,
        focus.vertex_mass,
        focus.invisible,
        focus.missed,
        requirement.pairs,
        lone,
    )


def generator(mode: Mode, stream: Stream, exposure: Exposure, seed: int) -> Generator:
    """The generator of a mode for a stream, with one grid for each focus that the mode can reach.

    A focus on a product that is seen alone has a grid for each one that may be it, with equal shares.  Shares of
    focuses that are not reached go to the others.  Deterministic in the seed.
    """
    grids, shares = [], []
    aims = [(focus, lone) for focus in stream.focuses for lone in _alone(mode, focus)]
    for number, (focus, lone) in enumerate(aims):
        rng = numbers(seed, TRAINING_KEY + number)
        found = _train(mode, _aim(focus, stream.requirement, lone), stream, exposure, rng)
        if found is not None:
            grids.append(found)
            shares.append(focus.share / len(_alone(mode, focus)))
    norm = mean_density(mode)
    if not grids:
        return Generator(mode, uniform(mode.flat.dimensions + 1), norm, part=stream.decays)
    wanted = np.array(shares) * (1 - PLAIN_SHARE) / sum(shares)
    return Generator(mode, combined(grids, list(wanted)), norm, tree=mode.aligned, part=stream.decays)


def _alone(mode: Mode, focus: Focus) -> list[int]:
    """The positive products, if a focus is on one that is seen alone; else -1."""
    return [int(k) for k in np.flatnonzero(mode.charges > 0)] if focus.lone else [-1]


def _train(mode: Mode, aim: Aim, stream: Stream, exposure: Exposure, rng: np.random.Generator) -> Floats | None:
    c = constants()

    def target(x: Floats) -> tuple[Floats, Floats]:
        p, weight = generate(mode.aligned, np.ascontiguousarray(x[:, :-1]))
        d = in_laboratory(mode, exposure, rng, p.copy(), vertex_z(x[:, -1], stream.decays), weight)
        distance, value = np.empty(len(x)), np.zeros(len(x))
        _survey(c, d, exposure.beam, aim, distance)
        rows = np.flatnonzero(np.isfinite(distance))  # the amplitude is what costs time
        value[rows] = d.weight[rows] * mode.density(np.ascontiguousarray(p[:, :, rows]))
        return value, distance

    return adapted(mode.flat.dimensions + 1, target, rng, iterations=TRAINING_ITERATIONS, points=TRAINING_POINTS)
