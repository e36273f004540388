"""Single-track streams leave out what happens upstream of GTK3, and nothing else."""

from __future__ import annotations

from analysis.catalogue import RareResponses, conditions
from analysis.schema import Z_GTK3
from analysis.simulation.beam import Exposure
from analysis.simulation.blocks import source
from analysis.simulation.draws import numbers

EXPOSURE = Exposure.of(conditions().of("2017"), downscaled=False)


def test_decays_start_at_gtk3_and_keep_their_weights():
    rare = RareResponses(photon_missed=0.9)
    made = source("K+ -> mu+ nu_mu gamma", "single_track", rare, EXPOSURE, 5).generator
    rng = numbers(1, 2)
    decays = made.block(rng, EXPOSURE, 40_000)
    assert decays.vertex[2].min() < Z_GTK3
    assert (decays.weight[decays.vertex[2] < Z_GTK3] == 0).all()
    assert (decays.weight[decays.vertex[2] > Z_GTK3] > 0).any()
