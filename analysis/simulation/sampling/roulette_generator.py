"""Generation for samples that are unweighted afterwards, with Russian roulette before decays are tracked.

The work of unweighting is set by the largest weight of an event.  So a grid is adapted to weight times keep probability
(`streams.keep_probability`).  Decays for which this product is below a threshold are dropped at random, and those kept
weigh more in return.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.decays import Mode
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.decays.phase_space import DecayTree, generate
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.particle_response import Bias
from rarekaon.analysis.simulation.detector.transport import PHOTON
from rarekaon.analysis.simulation.ground.beam import RunningConditions, vertex_z
from rarekaon.analysis.simulation.ground.buffers import Decays
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.sampling.adaptive_grids import Mixture, adapted, combined, uniform
from rarekaon.analysis.simulation.sampling.generator import (
    PLAIN_SHARE,
    TRAINING_ITERATIONS,
    TRAINING_KEY,
    TRAINING_POINTS,
    in_laboratory,
    invisible_mass,
)
from rarekaon.analysis.simulation.streams.keep_probability import keep_probabilities, responses
from rarekaon.analysis.simulation.streams.requirements import Requirement, Stream
from rarekaon.analysis.simulation.streams.true_products import ANYWHERE, lines_seen

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

THRESHOLD_POINTS = 100_000
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
    """A decay mode with its sampling for a stream whose events are unweighted.

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
    bias: Bias
    """How rare responses are drawn."""
    responses: Floats
    """Identification of every product, see `keep_probability`."""
    part: tuple[float, float]
    """Part of the decays, along z, that the stream has (`Stream.decays`)."""
    invisible: float = -np.inf
    """Decays whose invisible part has a smaller squared mass (MeV2) have no weight."""
    threshold: float = 0.0
    """Below it Russian roulette is played."""

    def block(self, rng: np.random.Generator, running: RunningConditions, n: int) -> Decays:
        """Those of n decays that are kept.  Over all n the weights average 1 in the range of the branching fraction,
        for the part of the decays that is made.
        """
        x, inverse = self.mixture.draw(rng, n)
        _, decays = self._pointing(rng, running, x, inverse)
        value = self._values(decays, running)
        kept = value > rng.random(len(value)) * self.threshold
        decays.weight[~kept] = 0.0
        decays.weight[kept] *= np.maximum(self.threshold / value[kept], 1.0)
        return decays

    def target(self, rng: np.random.Generator, running: RunningConditions, x: Floats) -> Floats:
        """Weight times keep probability of decays at points x (n, dimensions) of the unit cube."""
        rows, decays = self._pointing(rng, running, x, np.ones(len(x)))
        values = np.zeros(len(x))
        values[rows] = self._values(decays, running)
        return values

    def _values(self, decays: Decays, running: RunningConditions) -> Floats:
        probability = np.empty(len(decays.weight))
        keep_probabilities(constants(), self.requirement, self.bias, self.responses, decays, running.beam, probability)
        return decays.weight * probability

    def _pointing(
        self, rng: np.random.Generator, running: RunningConditions, x: Floats, inverse: Floats
    ) -> tuple[Ints, Decays]:
        """Those of the decays at x of which enough charged products point at the detectors, and their rows.

        Where more than one is missing, a few stand for all: `FEW_POINTING`.
        """
        p, weight = generate(self.tree, np.ascontiguousarray(x[:, :-1]))
        z = vertex_z(x[:, -1], self.part)
        weight = weight * inverse * (self.part[1] - self.part[0]) / self.norm
        d = in_laboratory(self.mode, running, rng, p.copy(), z, weight)
        seen = np.empty(len(x), np.int64)
        lines_seen(constants(), d, seen)
        few = seen < self.requirement.tracks - 1
        rows = np.flatnonzero(~few | (rng.random(len(x)) < FEW_POINTING))
        decays = Decays(
            d.pdg,
            d.charge,
            np.ascontiguousarray(d.momenta[:, :, rows]),
            np.ascontiguousarray(d.rest_energy[:, rows]),
            np.ascontiguousarray(d.kaon[:, rows]),
            np.ascontiguousarray(d.vertex[:, rows]),
            weight[rows] * self.mode.density(np.ascontiguousarray(p[:, :, rows])),
            d.conditions[rows],
            d.run[rows],
            d.burst[rows],
            d.radiative,
        )
        decays.weight[few[rows]] /= FEW_POINTING
        if np.isfinite(self.invisible):
            _without_low_masses(decays, self.invisible)
        return rows, decays


def roulette_generator(
    mode: Mode, stream: Stream, running: RunningConditions, seed: int, bias: Bias, invisible: float = -np.inf
) -> RouletteGenerator:
    """The generator of a mode for a stream whose events are unweighted; deterministic in the seed.

    Decays upstream of GTK3 are left out: the few that reach a stream have a thousand times the weight of the others.
    One grid serves all of a stream: grids for its regions of phase space would leave the largest weights to the few
    decays outside them.
    """
    rng = random_stream(seed, TRAINING_KEY - 1)
    dimensions, plain = mode.flat.dimensions + 1, uniform(mode.flat.dimensions + 1)
    made = RouletteGenerator(
        mode,
        plain,
        mean_density(mode),
        # the directions of photons that must be missed are those in the kaon's frame
        mode.aligned if stream.requirement.no_extra_activity and PHOTON in mode.pdg else mode.flat,
        stream.requirement,
        bias,
        responses(constants(), stream.requirement, bias, mode.pdg, mode.charges),
        replace(stream, first=max(stream.first, Z_GTK3)).decays,
        invisible,
    )

    required = stream.requirement
    # photons beside a track are too few to adapt a grid to: those in the calorimeter stand for them
    learnt = replace(made, requirement=required._replace(beside=ANYWHERE)) if required.beside > 0 else made

    def target(x: Floats) -> tuple[Floats, Floats]:
        return learnt.target(rng, running, x), np.zeros(len(x))

    grid = adapted(dimensions, target, rng, iterations=TRAINING_ITERATIONS, points=TRAINING_POINTS)
    mixture = plain if grid is None else combined([grid], [1 - PLAIN_SHARE])
    x, inverse = mixture.draw(rng, THRESHOLD_POINTS)
    return replace(made, mixture=mixture, threshold=threshold_of(made.target(rng, running, x) * inverse))


def threshold_of(values: Floats) -> float:
    """The value above which lies no more than the part `ABOVE_THRESHOLD` of the sum of all."""
    falling = np.sort(values)[::-1]
    above = np.cumsum(falling) - falling * np.arange(1, len(values) + 1)
    beyond = np.flatnonzero(above > ABOVE_THRESHOLD * falling.sum())
    return float(falling[beyond[0] if len(beyond) else -1])
