"""Generation with Russian roulette before decays are tracked.

Grids are adapted to weight times keep probability (`streams.keep_probability`).  Decays for which this product is below
a threshold are dropped at random, and those kept weigh more in return.  The work of unweighting is set by the largest
weight of an event.  Events of weighted samples keep their weights: for them a decay counts the more, the rarer the
regions of phase space are that it lies in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.decays import Mode
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.decays.phase_space import DecayTree
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.transport import PHOTON
from rarekaon.analysis.simulation.detector.vetoes import ANYWHERE
from rarekaon.analysis.simulation.ground.beam import RunningConditions, beam_spread
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.sampling.adaptive_grids import Grid, Mixture, adapted, combined, uniform
from rarekaon.analysis.simulation.sampling.generator import (
    PLAIN_SHARE,
    TRAINING_ITERATIONS,
    TRAINING_KEY,
    TRAINING_POINTS,
    RegionForKernel,
    aim_at,
    invisible_mass,
    survey,
)
from rarekaon.analysis.simulation.sampling.proposals import for_kernel, propose, room
from rarekaon.analysis.simulation.streams.keep_probability import keep_probabilities, responses
from rarekaon.analysis.simulation.streams.requirements import Requirement, Stream

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GRID_ITERATIONS, GRID_POINTS = 6, 15_000
"""What the grid of all decays is trained with. They need not be searched for, as decays in rare regions are."""
AGAIN = 3
"""Iterations of the training for a stratum that begins with the grids of another one."""
THRESHOLD_POINTS = 40_000
ABOVE_THRESHOLD = 0.03
"""Share of the sum of weight times keep probability that may lie above the threshold."""
FEW_POINTING = 0.05
"""Part that is kept of the decays with too few products that point at the detectors."""


@kernel
def _without_low_masses(d: Decays, lowest: float) -> None:
    for i in range(d.weight.size):
        if invisible_mass(d, i, -1) < lowest:
            d.weight[i] = 0.0


@dataclass(frozen=True)
class RouletteGenerator:
    """A decay mode with its sampling for a stream.

    Russian roulette is played with decays of which weight times keep probability is below `threshold`: they are kept
    with the probability that the product is of it, and weigh more in return.
    """

    mode: Mode
    """The decay."""
    mixture: Mixture
    """The grid that points of the unit cube are drawn from."""
    norm: float
    """Mean of amplitude times phase space over the range of the branching fraction."""
    tree: DecayTree
    """Maps the unit cube to momenta."""
    requirement: Requirement
    """What the stream asks for."""
    bias: RareResponses
    """How rare responses are drawn."""
    responses: Floats
    """Identification of every product, see `keep_probability`."""
    part: tuple[float, float]
    """Part of the decays, along z, that the stream has (`Stream.decays`)."""
    invisible: float = -np.inf
    """Decays whose invisible part has a smaller squared mass (MeV2) have no weight."""
    threshold: float = 0.0
    """Below it Russian roulette is played."""
    regions: tuple[RegionForKernel, ...] = ()
    """Regions of phase space whose decays count more."""
    gains: tuple[float, ...] = (1.0,)
    """Factors of what decays in each region count, and of all decays."""

    def block(self, rng: np.random.Generator, running: RunningConditions, n: int) -> Decays:
        """Those of n decays that are kept.  Over all n the weights average 1 in the range of the branching fraction,
        for the part of the decays that is made.
        """
        _, inverse, decays = self.pointing(rng, running, self.mixture, n)
        decays.weight[:] *= inverse
        value = self.values(decays, running)
        kept = value > rng.random(len(value)) * self.threshold
        decays.weight[~kept] = 0.0
        decays.weight[kept] *= np.maximum(self.threshold / value[kept], 1.0)
        return decays

    def values(self, decays: Decays, running: RunningConditions) -> Floats:
        """Weight times keep probability (n,), times the gains of the regions that decays lie in."""
        probability = np.empty(len(decays.weight))
        keep_probabilities(constants(), self.requirement, self.bias, self.responses, decays, running.beam, probability)
        gain = np.full(len(probability), self.gains[-1])
        for region, more in zip(self.regions, self.gains[:-1], strict=True):
            gain[_distance(decays, running, region) <= 0] += more
        return decays.weight * probability * gain

    def pointing(
        self, rng: np.random.Generator, running: RunningConditions, mixture: Mixture, n: int
    ) -> tuple[Floats, Floats, Decays]:
        """Those of n decays of a mixture with enough charged products that point at the detectors, after their points
        in the unit cube and 1 over the density there.

        Where more than one is missing, a few stand for all: `FEW_POINTING`.
        """
        made = room(self.mode, n)
        sieve = self.requirement.tracks - 1, FEW_POINTING
        kept = propose(
            rng, constants(), beam_spread(), running.beam, running.cumulative, mixture.tables, self.part,
            for_kernel(self.tree), sieve, n, made,
        )  # fmt: skip
        d, rest = made.decays, np.ascontiguousarray(made.rest[:, :, :kept])
        momenta, kaon, vertex = (np.ascontiguousarray(a[..., :kept]) for a in (d.momenta, d.kaon, d.vertex))
        run, burst = running.bursts(rng, d.conditions[:kept])
        weight = d.weight[:kept] * self.mode.density(rest) * (self.part[1] - self.part[0]) / self.norm
        decays = Decays(
            d.pdg, d.charge, momenta, rest[:, 3].copy(), kaon, vertex, weight, d.conditions[:kept], run, burst,
            d.radiative,
            d.polarised,
        )  # fmt: skip
        if np.isfinite(self.invisible):
            _without_low_masses(decays, self.invisible)
        return made.points[:kept], made.inverse[:kept], decays


def roulette_generator(
    mode: Mode,
    stream: Stream,
    running: RunningConditions,
    seed: int,
    bias: RareResponses,
    invisible: float = -np.inf,
    *,
    weighted: bool = False,
    like: RouletteGenerator | None = None,
) -> RouletteGenerator:
    """The generator of a mode for a stream whose events are unweighted, or keep their weights (`weighted`).
    Deterministic in the seed.  The training begins with the grids of `like`, the generator of another stratum.

    Decays upstream of GTK3 are left out but of streams of nothing else: the few that reach a stream have a thousand
    times the weight of the others.  One grid serves all of a stream that is unweighted: grids for its regions of phase
    space would leave the largest weights to the few decays outside them.
    """
    rng = random_stream(seed, TRAINING_KEY - 1)
    required, upstream = stream.requirement, stream.last <= Z_GTK3
    made = RouletteGenerator(
        mode,
        uniform(mode.flat.dimensions + 1),
        mean_density(mode),
        # where photons must be missed, and where regions are concentrated on, directions are those in the kaon's frame
        mode.aligned if weighted or (required.no_extra_activity and PHOTON in mode.pdg) else mode.flat,
        required,
        bias,
        responses(constants(), required, bias, mode.pdg, mode.charges),
        (stream if upstream else replace(stream, first=max(stream.first, Z_GTK3))).decays,
        invisible,
    )
    # photons beside a track are too few to adapt a grid to: those in the calorimeter stand for them
    learnt = replace(made, requirement=required._replace(beside=ANYWHERE)) if required.beside == 1 else made
    # a stratum of positrons has no use for pairs of opposite sign, and the others none for pairs of like sign
    concentrate_on = [r for r in stream.concentrate_on if weighted and r.sign * required.positrons >= 0]
    regions = [aim_at(region, required, -1) for region in concentrate_on]
    whole, *grids = _trained(learnt, running, rng, regions, like)
    if whole is None:
        return made
    reached = [
        (wanted.share, region, grid)
        for wanted, region, grid in zip(concentrate_on, regions, grids, strict=True)
        if grid is not None
    ]
    rest = 1 - sum(share for share, _, _ in reached)
    shares = [rest, *(share for share, _, _ in reached)]
    mixture = combined([whole, *(grid for *_, grid in reached)], [share * (1 - PLAIN_SHARE) for share in shares])
    _, inverse, decays = made.pointing(rng, running, mixture, THRESHOLD_POINTS)
    decays.weight[:] *= inverse
    values = made.values(decays, running)
    if not weighted:
        return replace(made, mixture=mixture, threshold=threshold_of(values))
    gains = []
    for share, region, _ in reached:
        inside = values[_distance(decays, running, region) <= 0].sum()
        gains.append(share / inside if inside > 0 else 0.0)
    regions = [region for _, region, _ in reached]
    made = replace(made, mixture=mixture, regions=tuple(regions), gains=(*gains, rest / values.sum()))
    # accept-reject needs equal weights at any price; weighted events are worth what they cost
    return replace(made, threshold=float(made.values(decays, running).sum()) / THRESHOLD_POINTS)


def _distance(decays: Decays, running: RunningConditions, region: RegionForKernel) -> Floats:
    distance = np.empty(len(decays.weight))
    survey(constants(), decays, running.beam, region, distance)
    return distance


def _trained(
    made: RouletteGenerator,
    running: RunningConditions,
    rng: np.random.Generator,
    regions: list[RegionForKernel],
    like: RouletteGenerator | None,
) -> list[Grid | None]:
    """Grids adapted to weight times keep probability: one for all decays, and one for those in each region."""

    def target(mixture: Mixture, rng: np.random.Generator, n: int) -> tuple[Floats, Floats, Floats, Floats]:
        x, inverse, decays = made.pointing(rng, running, mixture, n)
        kept = made.values(decays, running)
        values, distances = np.tile(kept, (1 + len(regions), 1)), np.zeros((1 + len(regions), len(x)))
        for k, region in enumerate(regions, 1):
            distances[k] = _distance(decays, running, region)
            values[k, ~np.isfinite(distances[k])] = 0.0
        return x, inverse, values, distances

    iterations, points = GRID_ITERATIONS, GRID_POINTS
    if regions or made.requirement.no_extra_activity:  # rare regions, rare photons
        iterations, points = TRAINING_ITERATIONS, TRAINING_POINTS
    start = None if like is None else _known(like, regions)
    if start:
        iterations = AGAIN
    return adapted(
        made.mixture.dimensions,
        1 + len(regions),
        target,
        rng,
        iterations=iterations,
        points=points,
        start=start,
        related=True,
    )


def _known(like: RouletteGenerator, regions: list[RegionForKernel]) -> list[Grid] | None:
    """The grids of another stratum for all decays and for each region; None if it lacks one."""
    grids = like.mixture.grids[1:]  # the first one is plain
    known = dict(zip(like.regions, grids[1:], strict=True)) if grids else {}
    return [grids[0], *(known[region] for region in regions)] if grids and {*regions} <= {*known} else None


def threshold_of(values: Floats) -> float:
    """The value above which lies no more than the part `ABOVE_THRESHOLD` of the sum of all."""
    falling = np.sort(values)[::-1]
    above = np.cumsum(falling) - falling * np.arange(1, len(values) + 1)
    beyond = np.flatnonzero(above > ABOVE_THRESHOLD * falling.sum())
    return float(falling[beyond[0] if len(beyond) else -1])
