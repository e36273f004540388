"""Strata of a stream: apart they are the stream, and in neither is what belongs to the other."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays import mode
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector.transport import PHOTON
from rarekaon.analysis.simulation.detector.vetoes import in_stratum
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.samples.blocks import DecaySimulation, decay_simulation
from rarekaon.analysis.simulation.sampling.roulette_generator import roulette_generator
from rarekaon.analysis.simulation.streams.requirements import stream
from rarekaon.analysis.simulation.streams.strata import strata

RUNNING = RunningConditions.of(conditions().of("2017"), downscaled=False)
DECAY = "K+ -> mu+ nu_mu gamma"
BIAS = RareResponses(photon_missed=0.9, roulette_below=0.02)


def _strata(decay):
    return strata(stream("single_track_tail"), BIAS, tuple(mode(decay, None).pdg))


def test_a_photon_beside_the_muon_is_a_stratum_of_its_own_and_one_of_two_is_in_none():
    one, two = (_strata(d) for d in (DECAY, "K+ -> pi0 mu+ nu_mu, pi0 -> gamma gamma"))
    assert [kept.requirement.beside for kept, _ in one] == [1, -1]
    assert [kept.requirement.beside for kept, _ in two] == [-1]
    assert len(_strata("K+ -> mu+ nu nu nu")) == 1


@pytest.mark.parametrize(("kept", "rings"), [("dielectron", [1, -1, 0]), ("muon_dielectron", [1, -1])])
def test_without_a_pair_of_negative_products_a_muon_comes_with_positive_pairs_only(kept, rings):
    parts = strata(stream(kept), BIAS, tuple(mode("K+ -> pi+ pi+ pi-", None).pdg))
    assert [part.requirement.rings for part, _ in parts] == rings
    assert [part.requirement.positrons for part, _ in parts] == [1, 1, -1][: len(rings)]


@pytest.mark.parametrize("found", [True, False])
def test_every_event_is_in_one_of_the_two(found):
    assert in_stratum(0, found)
    assert in_stratum(1, found) != in_stratum(-1, found)


def test_the_strata_together_are_the_stream():
    """Above 0.03 GeV2, and however each is sampled."""
    whole, error = _weight(
        decay_simulation(DECAY, "single_track_tail", RareResponses(photon_missed=0.9, roulette_below=0.02), RUNNING, 3),
        8,
    )
    parts = []
    for number, (kept, bias) in enumerate(_strata(DECAY)):
        made = roulette_generator(mode(DECAY, None), kept, RUNNING, 4, bias, 0.03e6)
        parts.append(_weight(DecaySimulation(made, kept, bias, RUNNING, 4, number), 24))
    together, both = sum(p[0] for p in parts), np.sqrt(sum(p[1] ** 2 for p in parts) + error**2)
    assert together == pytest.approx(whole, abs=4 * both)
    assert 4 * both < 0.3 * whole
    assert min(p[0] for p in parts) > 10 * both / 4


def _weight(work: DecaySimulation, blocks: int) -> tuple[float, float]:
    weights = []
    for number in range(blocks):
        output = work.block(number)
        inside = output.event["truth_weight"][_squared_missing_mass(output) > 0.03e6]
        weights.append(inside)
    all_of_them = np.concatenate(weights)
    return float(all_of_them.sum()) / blocks, float(np.sqrt((all_of_them**2).sum())) / blocks


def _squared_missing_mass(output):
    """True squared mass (MeV2) of all but the muon."""
    event, generated = output.event, output.Generated
    first = np.cumsum(event["nGenerated"]) - event["nGenerated"]
    muon = first + (generated["pdg"][first] == PHOTON)
    total = np.stack([event[f"truth_kaon_{x}"] - generated[x][muon] for x in ("px", "py", "pz")]).astype(np.float64)
    kaon = sum(event[f"truth_kaon_{x}"].astype(np.float64) ** 2 for x in ("px", "py", "pz"))
    energy = np.sqrt(kaon + MASS_K**2) - generated["energy"][muon].astype(np.float64)
    return energy**2 - (total**2).sum(axis=0)
