"""Single-track streams leave out what happens upstream of GTK3, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.ground.beam import RunningConditions, decayed_before
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.samples.blocks import SIZE, decay_simulation

RUNNING = RunningConditions.of(conditions().of("2017"), downscaled=False)


def test_decays_start_at_gtk3_and_keep_their_weights():
    rare = RareResponses(photon_missed=0.9)
    made = decay_simulation("K+ -> mu+ nu_mu gamma", "single_track", rare, RUNNING, 5).generator
    rng = random_stream(1, 2)
    decays = made.block(rng, RUNNING, 40_000)
    assert decays.vertex[2].min() >= Z_GTK3 - 1e-6
    error = np.sqrt((decays.weight**2).sum()) / 40_000
    assert decays.weight.sum() / 40_000 == pytest.approx(1 - decayed_before(Z_GTK3), abs=5 * error)


def _stored(stream: str, forced: float, seed: int, decays: int) -> tuple[float, float]:
    """Share of K+ -> pi+ pi+ pi- that the stream stores, and its error."""
    made = decay_simulation("K+ -> pi+ pi+ pi-", stream, RareResponses(forced_pion_decays=forced), RUNNING, seed)
    blocks = [made.block(number).event["truth_weight"] for number in range(decays // SIZE)]
    weight = np.concatenate(blocks)
    return weight.sum() / decays, np.sqrt((weight**2).sum()) / decays


def test_pions_out_of_sight_are_sampled_without_bias():
    """Neither the corner where two of three pions are not seen nor forced decays change the share that is stored."""
    plain, error = _stored("single_track", 4.0, 9, 1_500_000)
    focused, its_error = _stored("single_track_tail", 8.0, 10, 1_500_000)
    assert focused == pytest.approx(plain, abs=3 * np.hypot(error, its_error)), (error, its_error)
    assert its_error < 0.3 * focused
