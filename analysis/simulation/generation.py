"""Blocks of generated decays: from random numbers to weighted momenta in the laboratory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from analysis.detector import inside_octagon, inside_straw, straw_views
from analysis.particles import MASS_E, MASS_K, MASS_PI
from analysis.schema import Z_GTK3
from analysis.simulation.beam import Exposure, kaons, to_laboratory, vertex_z
from analysis.simulation.constants import Constants, constants
from analysis.simulation.conversions import conversion_probability
from analysis.simulation.decays import Mode
from analysis.simulation.importance import Mixture, adapted, combined, uniform
from analysis.simulation.kernel import kernel
from analysis.simulation.layout import Decays
from analysis.simulation.phase_space import Tree, generate
from analysis.simulation.streams import Focus, Stream
from analysis.simulation.vetoes import IN_LAV, IN_LKR, photon_fate, photon_inefficiency

Floats = npt.NDArray[np.float64]

NORMALISATION_POINTS = 2**18
TRAINING_POINTS, TRAINING_ITERATIONS = 40000, 9
TRAINING_KEY = 2**33
"""Philox key of the training's random numbers, beyond that of any block."""
FLOOR = 0.5
"""Weight below which decays are thinned out before unweighting, in units of the largest common weight."""
COMMON = 0.99
"""Quantile of the weights that counts as the largest common one."""
PLAIN_SHARE = 0.1
"""Share of decays sampled uniformly."""


@dataclass(frozen=True)
class Generator:
    """A decay mode with its sampling.

    `norm` is the mean of amplitude times phase space over the quoted range.  Decays of a weight below `floor` are
    kept with the probability weight / floor and then have the weight `floor`: before unweighting it costs nothing
    to thin them out early.  Decays whose invisible part has a squared mass below `invisible` (MeV2)
    have no weight, nor those upstream of `first` (mm).  `tree` maps the unit cube to momenta (None: the mode's own);
    the grids belong to it.
    """

    mode: Mode
    mixture: Mixture
    norm: float
    floor: float = 0.0
    tree: Tree | None = None
    invisible: float = -np.inf
    first: float = -np.inf

    def block(self, rng: np.random.Generator, exposure: Exposure, n: int) -> Decays:
        """n weighted decays; their weights average 1 over the range of the branching fraction."""
        x, inverse = self.mixture.draw(rng, n)
        decays = _decays(self.mode, self.tree or self.mode.flat, exposure, rng, x, inverse / self.norm)
        if np.isfinite(self.invisible):
            _without_low_masses(decays, self.invisible)
        _without_upstream(decays, self.first)
        if self.floor > 0:
            light = decays.weight < self.floor
            survives = rng.random(n) * self.floor < decays.weight
            decays.weight[light] = np.where(survives[light], self.floor, 0.0)
        return decays


def _without_upstream(d: Decays, first: float) -> None:
    d.weight[d.vertex[2] < first] = 0.0


def _decays(mode: Mode, tree: Tree, exposure: Exposure, rng: np.random.Generator, x: Floats, factor: Floats) -> Decays:
    p, weight = generate(tree, np.ascontiguousarray(x[:, :-1]))
    weight = weight * mode.density(p) * factor
    row, run, burst = exposure.draw(rng, len(x))
    kaon, vertex = kaons(rng, exposure.beam[row], vertex_z(x[:, -1]))
    rest_energy = p[:, 3].copy()
    to_laboratory(p, kaon)
    return Decays(mode.pdg, mode.charges, p, rest_energy, kaon, vertex, weight, row, run, burst, mode.radiative)


def normalisation(mode: Mode) -> float:
    """Mean of amplitude times phase-space weight over the unit cube, where the branching fraction is quoted.

    A scrambled Sobol sequence with a fixed seed.
    """
    u = qmc.Sobol(mode.flat.dimensions, seed=1).random(NORMALISATION_POINTS)
    p, weight = generate(mode.flat, u)
    value = weight * mode.density(p)
    if mode.range is not None:
        value = np.where(mode.range(*p), value, 0.0)
    return float(value.mean())


@kernel
def _line_seen(c: Constants, d: Decays, k: int, i: int) -> bool:
    """Whether a charged product, on a straight line with the kick, crosses all chambers and the calorimeter.

    Upstream decays are left to the plain share of the sampling.
    """
    px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
    if pz < 3000.0 or d.vertex[2, i] < c.trim5_z:
        return False
    kicked = (px + d.charge[k] * c.magnet_kick) / pz
    x, y, z = d.vertex[0, i], d.vertex[1, i], d.vertex[2, i]
    at_magnet = x + px / pz * (c.magnet_z - z)
    for chamber in range(4):
        plane = c.straw_z[chamber]
        x_here = x + px / pz * (plane - z)
        if chamber > 1:
            x_here = at_magnet + kicked * (plane - c.magnet_z)
        y_here = y + py / pz * (plane - z)
        if not inside_straw(x_here, y_here, c.straw_hole_x[chamber], c.straw_half, c.straw_r_max):
            return False
        if straw_views(x_here, y_here, c.straw_hole_x[chamber], c.straw_half) < 2:
            return False
    x_here = at_magnet + kicked * (c.lkr_z - c.magnet_z)
    return inside_octagon(x_here, y + py / pz * (c.lkr_z - z), c.lkr_r_min, c.lkr_apothem)


@kernel
def _photon_vetoed(c: Constants, d: Decays, i: int) -> bool:
    row = np.zeros(11)
    for k in range(d.pdg.size):
        if d.pdg[k] == 22 and d.momenta[k, 3, i] > c.lav_threshold:
            for j in range(3):
                row[2 + j], row[6 + j] = d.momenta[k, j, i], d.vertex[j, i]
            if photon_fate(c, row)[0] == IN_LAV:
                return True
    return False


@kernel
def _missed(c: Constants, d: Decays, i: int) -> float:
    """Probability that no detector sees any photon."""
    row, probability = np.zeros(11), 1.0
    for k in range(d.pdg.size):
        if d.pdg[k] == 22:
            for j in range(3):
                row[2 + j], row[6 + j] = d.momenta[k, j, i], d.vertex[j, i]
            detector, _, _, _ = photon_fate(c, row)
            missed = photon_inefficiency(c, detector, d.momenta[k, 3, i])
            if detector == IN_LKR:  # about half of the pairs are swept out
                missed += 0.5 * conversion_probability(c, row)
            probability *= min(missed, 1.0)
    return probability


@kernel
def _weigh_missed(c: Constants, d: Decays) -> None:
    for i in range(d.weight.size):
        d.weight[i] *= _missed(c, d, i)


class Aim(NamedTuple):
    """A focus and the number of tracks it needs, for the kernel."""

    tracks: int
    low: float
    high: float
    transverse: float
    photon_veto: bool
    sign: int
    pair_mass: float
    vertex_mass: float
    invisible: float
    missed: bool


@kernel
def _mass(d: Decays, i: int, first: int, second: int, pair_only: bool) -> float:
    """Mass (MeV) of two charged products as electrons, alone or with all other charged ones as pions."""
    energy, x, y, z = 0.0, 0.0, 0.0, 0.0
    for k in range(d.pdg.size):
        electron = k in (first, second)
        if d.charge[k] == 0 or (pair_only and not electron):
            continue
        px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
        mass = MASS_E if electron else MASS_PI
        energy += np.sqrt(px * px + py * py + pz * pz + mass * mass)
        x, y, z = x + px, y + py, z + pz
    return np.sqrt(max(0.0, energy * energy - x * x - y * y - z * z))


@kernel
def _invisible(d: Decays, i: int) -> float:
    """Squared mass (MeV2) of the kaon without its charged products."""
    x, y, z = d.kaon[0, i], d.kaon[1, i], d.kaon[2, i]
    energy = np.sqrt(x * x + y * y + z * z + MASS_K**2)
    for k in range(d.pdg.size):
        if d.charge[k] != 0:
            x, y, z = x - d.momenta[k, 0, i], y - d.momenta[k, 1, i], z - d.momenta[k, 2, i]
            energy -= d.momenta[k, 3, i]
    return energy * energy - x * x - y * y - z * z


@kernel
def _without_low_masses(d: Decays, lowest: float) -> None:
    for i in range(d.weight.size):
        if _invisible(d, i) < lowest:
            d.weight[i] = 0.0


@kernel
def _has_pair(d: Decays, i: int, aim: Aim) -> bool:
    for k in range(d.pdg.size):
        for j in range(k):
            heavy = d.charge[k] * d.charge[j] == aim.sign and _mass(d, i, k, j, True) >= aim.pair_mass
            if heavy and (aim.vertex_mass == 0 or _mass(d, i, k, j, False) > aim.vertex_mass):
                return True
    return False


@kernel
def _survey(c: Constants, d: Decays, beam: Floats, aim: Aim, out: Floats) -> None:
    """Distance (MeV) of each decay from a focus: 0 inside, infinite when its tracks are not seen.

    Where photons must be missed, the weights of the decays take up the probability that they are.
    """
    for i in range(d.weight.size):
        seen, total, across_x, across_y = 0, 0.0, 0.0, 0.0
        for k in range(d.pdg.size):
            if d.charge[k] != 0 and _line_seen(c, d, k, i):
                px, py, pz = d.momenta[k, 0, i], d.momenta[k, 1, i], d.momenta[k, 2, i]
                seen += 1
                total += np.sqrt(px * px + py * py + pz * pz)
                across_x += px - pz * d.kaon[0, i] / d.kaon[2, i]
                across_y += py - pz * d.kaon[1, i] / d.kaon[2, i]
        out[i] = np.inf
        if aim.missed:
            d.weight[i] *= _missed(c, d, i)
        if seen < aim.tracks or (aim.photon_veto and _photon_vetoed(c, d, i)):
            continue
        if aim.sign != 0 and not _has_pair(d, i, aim):
            continue
        missing = beam[d.conditions[i], 0] - total
        out[i] = max(0.0, aim.low - missing, missing - aim.high)
        if np.isfinite(aim.invisible):
            out[i] += max(0.0, np.sqrt(aim.invisible) - np.sqrt(max(0.0, _invisible(d, i))))
        if np.isfinite(aim.transverse):
            out[i] += 30 * max(0.0, np.sqrt(across_x**2 + across_y**2) - aim.transverse)


def _aim(focus: Focus, tracks: int) -> Aim:
    low, high = focus.missing
    return Aim(
        tracks,
        low,
        high,
        focus.transverse,
        focus.photon_veto,
        focus.sign,
        focus.pair_mass,
        focus.vertex_mass,
        focus.invisible,
        focus.missed,
    )


def generator(mode: Mode, stream: Stream, exposure: Exposure, seed: int) -> Generator:
    """The generator of a mode for a stream, with one grid for each focus that the mode can reach.

    Shares of focuses that are not reached go to the others.  Deterministic in the seed.
    """
    grids, shares = [], []
    for number, focus in enumerate(stream.focuses):
        rng = np.random.Generator(np.random.Philox(key=[seed, TRAINING_KEY + number]))
        found = _train(mode, focus, stream, exposure, rng)
        if found is not None:
            grids.append(found)
            shares.append(focus.share)
    norm = normalisation(mode)
    if not grids:
        return Generator(mode, uniform(mode.flat.dimensions + 1), norm, first=stream.first)
    wanted = np.array(shares) * (1 - PLAIN_SHARE) / sum(shares)
    return Generator(mode, combined(grids, list(wanted)), norm, tree=mode.aligned, first=stream.first)


def plain_generator(mode: Mode, stream: Stream, exposure: Exposure, seed: int, invisible: float = -np.inf) -> Generator:
    """The generator for unweighting: one grid for the mode's own density, thinned out to nearly equal weights.

    For streams without photon signals the density counts with the probability that the photons are missed, and is
    not thinned out: most of it ends before anything is tracked.

    Decays upstream of GTK3 are left out: the few that reach a stream have a thousand times the weight of the others.
    Grids for the stream's focuses would leave the largest weights to the few decays outside them, and the largest
    weight is what unweighting pays for.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, TRAINING_KEY - 1]))
    first = max(stream.first, Z_GTK3)

    alone = stream.requirement.alone and 22 in mode.pdg
    tree = mode.aligned if alone else mode.flat

    def target(x: Floats) -> tuple[Floats, Floats]:
        d = _decays(mode, tree, exposure, rng, x, np.ones(len(x)))
        _without_low_masses(d, invisible)
        _without_upstream(d, first)
        if alone:
            _weigh_missed(constants(), d)
        return d.weight, np.zeros(len(x))

    dimensions = mode.flat.dimensions + 1
    grid = adapted(dimensions, target, rng, iterations=TRAINING_ITERATIONS, points=TRAINING_POINTS)
    mixture = uniform(dimensions) if grid is None else combined([grid], [1 - PLAIN_SHARE])
    norm = normalisation(mode)
    x, inverse = mixture.draw(rng, TRAINING_POINTS)
    common = float(np.quantile(target(x)[0] * inverse, COMMON)) / norm
    return Generator(mode, mixture, norm, 0.0 if alone else FLOOR * common, tree, invisible, first)


def _train(mode: Mode, focus: Focus, stream: Stream, exposure: Exposure, rng: np.random.Generator) -> Floats | None:
    c, aim = constants(), _aim(focus, stream.requirement.tracks)

    def target(x: Floats) -> tuple[Floats, Floats]:
        d = _decays(mode, mode.aligned, exposure, rng, x, np.ones(len(x)))
        _without_upstream(d, stream.first)
        distance = np.empty(len(x))
        _survey(c, d, exposure.beam, aim, distance)
        return np.where(np.isfinite(distance), d.weight, 0.0), distance

    return adapted(mode.flat.dimensions + 1, target, rng, iterations=TRAINING_ITERATIONS, points=TRAINING_POINTS)
