"""Blocks of generated decays: from random numbers to weighted momenta in the laboratory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays import Mode
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.decays.phase_space import DecayTree, generate
from rarekaon.analysis.kernels.compiled import entry, inlined
from rarekaon.analysis.simulation.detector.transport import COLUMNS, PHOTON
from rarekaon.analysis.simulation.detector.vetoes import IN_LAV, IN_LKR, photon_fate
from rarekaon.analysis.simulation.ground.beam import RunningConditions, kaons, to_laboratory, vertex_z
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import Constants, constants
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.sampling.adaptive_grids import Grid, Mixture, adapted, combined, uniform
from rarekaon.analysis.simulation.streams.requirements import PhaseSpaceRegion, Requirement, Stream
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
    """A decay mode with its sampling."""

    mode: Mode
    """The decay."""
    mixture: Mixture
    """The grids that points of the unit cube are drawn from."""
    norm: float
    """Mean of amplitude times phase space over the range of the branching fraction."""
    tree: DecayTree | None = None
    """Maps the unit cube to momenta; None: the mode's own. The grids belong to it."""
    part: tuple[float, float] = (0.0, 1.0)
    """Part of the decays, along z, that the stream has (`Stream.decays`)."""

    def block(self, rng: np.random.Generator, running: RunningConditions, n: int) -> Decays:
        """n weighted decays; their weights average the probability of the part over the range of the branching
        fraction.
        """
        x, inverse = self.mixture.draw(rng, n)
        p, weight = generate(self.tree or self.mode.flat, np.ascontiguousarray(x[:, :-1]))
        weight = weight * self.mode.density(p) * (inverse / self.norm) * (self.part[1] - self.part[0])
        return in_laboratory(self.mode, running, rng, p, vertex_z(x[:, -1], self.part), weight)


def in_laboratory(
    mode: Mode, running: RunningConditions, rng: np.random.Generator, p: Floats, z: Floats, weight: Floats
) -> Decays:
    """Decays of kaons of the beam with the momenta p (products, 4, n) in the kaon's frame, which become those in the
    laboratory.
    """
    row, run, burst = running.draw(rng, len(z))
    kaon, vertex = kaons(rng, running.beam[row], z)
    rest_energy = p[:, 3].copy()
    to_laboratory(p, kaon)
    return Decays(
        mode.pdg, mode.charges, p, rest_energy, kaon, vertex, weight, row, run, burst, mode.radiative, mode.polarised
    )


@inlined
def _photon_vetoed(c: Constants, d: Decays, i: int, row: Floats) -> bool:
    for k in range(d.pdg.size):
        if d.pdg[k] == PHOTON and d.momenta[k, 3, i] > c.lav_threshold:
            load_product(d, k, i, row)
            if photon_fate(c, row)[0] == IN_LAV:
                return True
    return False


class RegionForKernel(NamedTuple):
    """A region of phase space as the kernel takes it, see `PhaseSpaceRegion`."""

    tracks: int
    """Tracks that are needed."""
    low: float
    """Least missing momentum (MeV)."""
    high: float
    """Largest missing momentum (MeV)."""
    transverse: float
    """Largest transverse momentum (MeV)."""
    photon_veto: bool
    """Whether no photon points at a large-angle station."""
    photons: int
    """Photons in the calorimeter."""
    sign: int
    """Product of the charges of a pair; 0: any."""
    pair_mass: float
    """Least mass (MeV) of the pair."""
    vertex_mass: float
    """Least mass (MeV) of all charged products."""
    invisible: float
    """Least squared mass (MeV2) of what is not charged."""
    missed: bool
    """Whether the probability that photons are missed counts."""
    pairs: bool
    """Whether converted photons are seen."""
    lone: int
    """The product that is seen alone, or -1."""


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
def _has_pair(d: Decays, i: int, region: RegionForKernel) -> bool:
    for k in range(d.pdg.size):
        for j in range(k):
            heavy = d.charge[k] * d.charge[j] == region.sign and mass_of_products(d, i, k, j, True) >= region.pair_mass
            if heavy and (region.vertex_mass == 0 or mass_of_products(d, i, k, j, False) > region.vertex_mass):
                return True
    return False


@entry
def survey(c: Constants, d: Decays, beam: Floats, region: RegionForKernel, out: Floats) -> None:
    """Distance (MeV) of each decay from a region of phase space: 0 inside, infinite when its tracks are not seen.

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
        if region.missed:
            d.weight[i] *= all_missed(c, d, i, row, 0, region.pairs)
        if seen < region.tracks or (region.photon_veto and _photon_vetoed(c, d, i, row)):
            continue
        if region.photons > 0 and _add_photons(c, d, i, row, total) < region.photons:
            continue
        if region.sign != 0 and not _has_pair(d, i, region):
            continue
        depth = 0.0
        if region.lone >= 0:
            if not line_seen(c, d, region.lone, i, c.lkr_r_min):
                continue
            depth = depth_of_others(c, d, region.lone, i, row)
        missing = beam[d.conditions[i], 0] - total[0]
        out[i] = max(0.0, region.low - missing, missing - region.high) + depth
        if np.isfinite(region.invisible):
            out[i] += max(0.0, np.sqrt(region.invisible) - np.sqrt(max(0.0, invisible_mass(d, i, region.lone))))
        if np.isfinite(region.transverse):
            out[i] += 30 * max(0.0, np.sqrt(total[1] ** 2 + total[2] ** 2) - region.transverse)


def aim_at(region: PhaseSpaceRegion, requirement: Requirement, lone: int) -> RegionForKernel:
    low, high = region.missing
    return RegionForKernel(
        requirement.tracks,
        low,
        high,
        region.transverse,
        region.photon_veto,
        region.photons,
        region.sign,
        region.pair_mass,
        region.vertex_mass,
        region.invisible,
        region.missed,
        requirement.pairs,
        lone,
    )


def generator(mode: Mode, stream: Stream, running: RunningConditions, seed: int) -> Generator:
    """The generator of a mode for a stream, with one grid for each region of phase space that the mode can reach.

    Where one product must be seen alone, each product that may be it has a grid, with equal shares.  Shares of regions
    that are not reached go to the others.  Deterministic in the seed.
    """
    wanted = [
        (region.share / len(_alone(mode, region)), aim_at(region, stream.requirement, lone))
        for region in stream.concentrate_on
        for lone in _alone(mode, region)
    ]
    trained = _trained(mode, [region for _, region in wanted], stream, running, random_stream(seed, TRAINING_KEY))
    reached = [(share, grid) for (share, _), grid in zip(wanted, trained, strict=True) if grid is not None]
    norm = mean_density(mode)
    if not reached:
        return Generator(mode, uniform(mode.flat.dimensions + 1), norm, part=stream.decays)
    total = sum(share for share, _ in reached)
    shares = [share * (1 - PLAIN_SHARE) / total for share, _ in reached]
    return Generator(mode, combined([grid for _, grid in reached], shares), norm, tree=mode.aligned, part=stream.decays)


def _alone(mode: Mode, region: PhaseSpaceRegion) -> list[int]:
    """The positive products, if a region of phase space is on one that is seen alone; else -1."""
    return [int(k) for k in np.flatnonzero(mode.charges > 0)] if region.lone else [-1]


def _trained(
    mode: Mode, regions: list[RegionForKernel], stream: Stream, running: RunningConditions, rng: np.random.Generator
) -> list[Grid | None]:
    def target(mixture: Mixture, rng: np.random.Generator, n: int) -> tuple[Floats, Floats, Floats, Floats]:
        x, inverse = mixture.draw(rng, n)
        p, weight = generate(mode.aligned, np.ascontiguousarray(x[:, :-1]))
        d = in_laboratory(mode, running, rng, p.copy(), vertex_z(x[:, -1], stream.decays), weight)
        distances, values = np.empty((len(regions), len(x))), np.zeros((len(regions), len(x)))
        for k, region in enumerate(regions):
            each = d._replace(weight=weight.copy())
            survey(constants(), each, running.beam, region, distances[k])
            values[k] = np.where(np.isfinite(distances[k]), each.weight, 0.0)
        rows = np.flatnonzero((values > 0).any(axis=0))  # the amplitude is what costs time
        values[:, rows] *= mode.density(np.ascontiguousarray(p[:, :, rows]))
        return x[rows], inverse[rows], values[:, rows], distances[:, rows]

    if not regions:
        return []
    dimensions = mode.flat.dimensions + 1
    return adapted(dimensions, len(regions), target, rng, iterations=TRAINING_ITERATIONS, points=TRAINING_POINTS)
