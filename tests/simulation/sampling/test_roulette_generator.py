"""Generation with Russian roulette: every mean is that of plain sampling, and weights come out nearly equal."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.facts.models import SimulatedSample, conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.ground.beam import RunningConditions, decayed_before, vertex_z
from rarekaon.analysis.simulation.ground.buffers import concatenated
from rarekaon.analysis.simulation.samples.blocks import SIZE, decay_simulation, decays_to_unweight, weighted_decays
from rarekaon.analysis.simulation.sampling.roulette_generator import ABOVE_THRESHOLD, threshold_of
from rarekaon.analysis.simulation.streams.keep_probability import EDGE

RUNNING = RunningConditions.of(conditions().of("2017"), downscaled=False)
KE4 = "K+ -> pi+ pi- e+ nu_e"
KE4_RARE = RareResponses(pi_plus_as_electron=0.4, pi_minus_as_electron=0.5, pi_plus_as_positron_in_rich=0.3)


def spectrum(output, per):
    """Weighted counts, and their variances, in bins of the tracks' total momentum, like-sign pairs apart."""
    first = np.cumsum(output.event["nTrack"]) - output.event["nTrack"]
    at = first[:, None] + np.arange(3)
    tracks = output.Track
    momentum = tracks["momentum"][at].sum(axis=1) / 1000
    ratio = tracks["lkr_energy"][at] / tracks["momentum"][at]
    positrons = ((ratio > 0.89) & (tracks["charge"][at] > 0)).sum(axis=1) > 1
    weight, edges = output.event["truth_weight"] / per, (0, 35, 50, 60, 68, 72, 90)
    rows = [np.histogram(momentum, edges, weights=weight**k * (positrons == kind)) for k in (1, 2) for kind in (0, 1)]
    counts = [np.asarray(row[0]) for row in rows]
    return np.concatenate(counts[:2]), np.concatenate(counts[2:])


CASES = [
    (KE4, KE4_RARE),
    (
        "K+ -> pi0 e+ nu_e, pi0 -> e+ e- gamma",
        RareResponses(electron_as_pion=0.35, positron_as_pion=0.35),
    ),
]


def compared(outputs, blocks, decay, rare, stream="dielectron"):
    """The samples together have the spectrum that the regions of the stream with one bias give without roulette."""
    whole = decay_simulation(decay, stream, rare, RUNNING, 21)
    made = 3
    expected, variance = spectrum(concatenated([whole.block(b) for b in range(made)]), made * SIZE)
    found, error = np.sum([spectrum(output, blocks * SIZE) for output in outputs], axis=0)
    good = np.minimum(expected**2 / np.maximum(variance, 1e-300), found**2 / np.maximum(error, 1e-300)) > 10
    assert good.sum() > 2
    chi2 = ((found - expected)[good] ** 2 / (variance + error)[good]).sum()
    assert chi2 < good.sum() + 4 * np.sqrt(2 * good.sum())
    assert found.sum() == pytest.approx(expected.sum(), abs=4 * np.sqrt(variance.sum() + error.sum()))


def weighted(decay, stream, rare, running, seed):
    """The strata of a sample of weighted events."""
    sample = SimulatedSample(decay=decay, stream=stream, decays=1, quick=1, seed=seed, rare_responses=rare)
    return weighted_decays(sample, running)


@pytest.mark.parametrize(("decay", "rare"), CASES)
@pytest.mark.parametrize("sources", [decays_to_unweight, weighted])
def test_strata_with_roulette_have_the_spectrum_of_the_stream(decay, rare, sources):
    """Another generator and other probabilities, but the same events."""
    parts = sources(decay, "dielectron", rare, RUNNING, 22)
    assert len(parts) == 3
    compared([concatenated([part.block(b) for b in range(2)]) for part in parts], 2, decay, rare)


def test_pairs_beside_a_muon_have_the_spectrum_of_the_stream():
    """Negative pions that decay more often than positive ones, in a stratum where the RICH may say anything."""
    rare = RareResponses(pi_plus_as_electron=0.6, forced_pion_decays=5)
    parts = weighted(KE4, "muon_dielectron", rare, RUNNING, 23)
    compared([concatenated([part.block(b) for b in range(2)]) for part in parts], 2, KE4, rare, "muon_dielectron")


def test_strata_hold_different_events():
    parts = decays_to_unweight(KE4, "dielectron", KE4_RARE, RUNNING, 22)
    for part, wanted, agree in zip(parts, (True, True, False), (True, False, None), strict=True):
        output = concatenated([part.block(b) for b in range(2)])
        first = np.concatenate(([0], np.cumsum(output.event["nTrack"])[:-1]))
        own = first[:, None] + np.arange(3)
        electron = output.Track["lkr_energy"][own] / output.Track["momentum"][own] > 0.89
        positron = electron & (output.Track["charge"][own] > 0)
        assert len(positron) > 10
        assert ((positron.sum(axis=1) >= 2) == wanted).mean() > 0.9  # clusters merge, photons join them
        if wanted:
            liked = output.Track["rich_log_e"][own] > output.Track["rich_log_pi"][own]
            assert (((positron & liked).sum(axis=1) >= 2) == agree).mean() > 0.9


def test_weights_are_nearly_equal_after_roulette():
    """Few weigh more than the level, or than the level of a decay beyond a bound: what unweighting loses."""
    part = decays_to_unweight(KE4, "dielectron", KE4_RARE, RUNNING, 22)[0]
    weight = np.concatenate([part.block(b).event["truth_weight"] for b in range(3)])
    assert len(weight) > 1000
    heavy = 1.5 * part.generator.threshold / EDGE
    assert np.maximum(weight - heavy, 0).sum() < 0.01 * weight.sum()


def test_decays_start_at_gtk3_and_their_weights_add_up_to_what_happens_there():
    part = decays_to_unweight("K+ -> mu+ nu_mu", "all", RareResponses(), RUNNING, 3)[0]
    decays = part.generator.block(np.random.default_rng(1), RUNNING, 50_000)
    assert decays.vertex[2].min() >= Z_GTK3 - 1e-6
    downstream = (vertex_z(np.linspace(0, 1, 100_001)) > Z_GTK3).mean()
    assert 1 - decayed_before(Z_GTK3) == pytest.approx(downstream, abs=1e-4)
    error = np.sqrt((decays.weight**2).sum()) / 50_000
    assert decays.weight.sum() / 50_000 == pytest.approx(downstream, abs=5 * error)


def test_the_level_leaves_the_part_above_it_that_it_may():
    values = np.random.default_rng(2).exponential(size=100_000)
    threshold = threshold_of(values)
    assert np.maximum(values - threshold, 0).sum() == pytest.approx(ABOVE_THRESHOLD * values.sum(), rel=0.01)
    assert threshold_of(np.zeros(10)) == 0
    assert threshold_of(np.ones(10)) == 1
