"""Single-track streams leave out what happens upstream of GTK3, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.catalogue import RareResponses, SimulatedSample, conditions
from analysis.channels import search
from analysis.schema import Z_GTK3
from analysis.simulation.beam import Exposure
from analysis.simulation.blocks import source
from analysis.simulation.samples import simulate_sample
from analysis.units import GeV2
from tests.reading import columns_of

EXPOSURE = Exposure.of(conditions().of("2017"), downscaled=False)


def test_decays_start_at_gtk3_and_keep_their_weights():
    rare = RareResponses(photon_missed=0.9)
    made = source("K+ -> mu+ nu_mu gamma", "single_track", rare, EXPOSURE, 5).generator
    rng = np.random.Generator(np.random.Philox(key=[1, 2]))
    decays = made.block(rng, EXPOSURE, 40_000)
    assert decays.vertex[2].min() < Z_GTK3
    assert (decays.weight[decays.vertex[2] < Z_GTK3] == 0).all()
    assert (decays.weight[decays.vertex[2] > Z_GTK3] > 0).any()


def _accepted(stream: str, rare: RareResponses, seed: int, decays: int, directory: Path) -> tuple[float, float]:
    """Share of K+ -> mu+ nu gamma above 0.03 GeV2 that the selection of lone muons takes, and its error."""
    sample = SimulatedSample(
        decay="K+ -> mu+ nu_mu gamma", stream=stream, decays=decays, quick=1, seed=seed, rare_responses=rare
    )
    path = directory / f"{stream}.root"
    simulate_sample(stream, sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    columns = columns_of(path, "mu_nu_gamma")
    selection = search("mu_nu_nu_nu", "2016-2018").signal
    muons = selection.identify(columns.shared(selection.candidates))
    for cut in selection.cuts:
        muons = muons.take(cut.passes(cut.quantity.of(muons)))
    above = selection.observable.of(muons) > 0.03 * GeV2
    weight = columns.event("truth_weight")[muons.event[above]]
    return float(weight.sum()) / decays, float(np.sqrt((weight**2).sum())) / decays


def test_the_stream_keeps_all_that_the_selection_takes(tmp_path):
    """Photons beside the muon's cluster, too, which no veto may see: they are half of the events."""
    everything, error = _accepted("one_track", RareResponses(), 7, 300_000, tmp_path)
    rare = RareResponses(photon_missed=0.9, least_missed=0.02)
    kept, its_error = _accepted("single_track_tail", rare, 8, 600_000, tmp_path)
    assert kept == pytest.approx(everything, abs=3 * np.hypot(error, its_error)), (error, its_error)
