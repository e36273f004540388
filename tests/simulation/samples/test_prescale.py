"""The prescaled class of single-track events: who belongs to it, what it does to their downscaling."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_MU
from rarekaon.analysis.events.single_track import missing_mass_squared, single_tracks
from rarekaon.analysis.facts.models import PrescaledClass, conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.ground.buffers import taken
from rarekaon.analysis.simulation.samples.blocks import SIZE, decay_simulation, decays_to_unweight
from rarekaon.analysis.simulation.samples.prescale import apply_prescale, in_class, squared_missing_mass
from rarekaon.analysis.simulation.samples.pseudo_data import FIRST_BLOCKS, SMEARED, Unweighting
from rarekaon.analysis.simulation.samples.writer import SampleWriter
from tests.reading import columns_of

PRESCALED_CLASS = PrescaledClass(
    squared_missing_mass=(-25000.0, 25000.0),
    factor=500,
    modes=("K+ -> mu+ nu_mu",),
    outside_only=("K+ -> mu+ nu_mu gamma",),
)
RUNNING = RunningConditions.of(conditions().of("2017"), downscaled=True)


def block(decay, decays=30000, **options):
    return decay_simulation(decay, "single_track", RareResponses(), RUNNING, 9, **options).block(0, decays)


@pytest.fixture(scope="module")
def output():
    return block("K+ -> mu+ nu nu")


def test_the_experiment_and_the_selection_compute_the_same_number(output, tmp_path):
    path = tmp_path / "single.root"
    with SampleWriter(path, truth=True, identity="x") as writer:
        writer.write(output)
        writer.write_side(
            {name: np.ones(1) for name in ("decay", "seed", "block", "generated", "weight", "weight_in_fv", "events")}
        )
    found = single_tracks(columns_of(path))
    online = squared_missing_mass(output)
    assert np.isfinite(online).sum() == len(found)
    muons = found.ordered(np.zeros((len(found), 1), int), ("mu+",), (MASS_MU,))
    np.testing.assert_allclose(online[found.event], missing_mass_squared(muons), rtol=0, atol=1e-3)


def test_events_without_a_kaon_belong_to_the_class(output):
    value, inside = squared_missing_mass(output), in_class(PRESCALED_CLASS, output)
    assert np.isnan(value).any()
    assert inside[np.isnan(value)].all()
    measured = np.isfinite(value)
    np.testing.assert_array_equal(inside[measured], np.abs(value[measured]) <= 25000)


@pytest.mark.parametrize("decay", ["K+ -> mu+ nu_mu", "K+ -> mu+ nu_mu gamma", "K+ -> pi+ pi+ pi-"])
def test_the_factor_stands_in_the_downscaling_and_modes_are_drawn_where_they_belong(output, decay):
    copy = taken(output, np.arange(len(output.event)))
    before = copy.event["downscaling_minimum_bias"].copy()
    inside = in_class(PRESCALED_CLASS, copy)
    drawn = apply_prescale(PRESCALED_CLASS, decay, copy)
    np.testing.assert_array_equal(copy.event["downscaling_minimum_bias"], before * np.where(inside, 500, 1))
    expected = {"K+ -> mu+ nu_mu": inside, "K+ -> mu+ nu_mu gamma": ~inside}.get(decay, np.ones(len(inside)))
    np.testing.assert_array_equal(drawn, expected)


def test_decays_below_the_bound_are_not_generated_and_the_others_keep_their_weight():
    decay = "K+ -> mu+ nu_mu gamma"
    whole, part = (
        decays_to_unweight(decay, "all", RareResponses(photon_missed=0.9), RUNNING, 9, invisible=bound)[0].block(
            0, 40000
        )
        for bound in (-np.inf, 25000.0 - SMEARED)
    )
    for output in (whole, part):
        assert len(output.event) > 500
    sums = []
    for output in (whole, part):
        first = np.concatenate(([0], np.cumsum(output.event["nGenerated"])[:-1]))
        muon = output.Generated[first + 1]
        k = np.stack([output.event[f"truth_kaon_{x}"].astype(float) for x in ("px", "py", "pz")], axis=1)
        p = np.stack([muon[x].astype(float) for x in ("px", "py", "pz")], axis=1)
        assert (muon["pdg"] == -13).all()
        energy = np.sqrt((k**2).sum(1) + 493.677**2) - np.sqrt((p**2).sum(1) + MASS_MU**2)
        mass = energy**2 - ((k - p) ** 2).sum(1)
        weight = output.event["truth_weight"]
        sums.append((weight[mass > 30000].sum(), np.sqrt((weight[mass > 30000] ** 2).sum())))
    assert mass.min() > 14500  # of the restricted one
    assert sums[0][0] == pytest.approx(sums[1][0], abs=5 * np.hypot(sums[0][1], sums[1][1]))


def test_weighted_data_events_are_as_many_as_without_the_prescale():
    """Sum of D / D_line over the data is what the line would have kept of the class without the prescale."""
    periods = conditions().of("2017")
    (work,) = decays_to_unweight("K+ -> mu+ N", "single_track", RareResponses(), RUNNING, 11, mass=50.0)
    decays = 2e10
    parts = [Unweighting(work, decays, periods, ("minimum_bias",), a).block(0) for a in (None, PRESCALED_CLASS)]
    assert parts[0].total / parts[1].total == pytest.approx(500, rel=0.05)
    event = parts[1].accepted(FIRST_BLOCKS * SIZE).event
    weighted = event["downscaling_minimum_bias"].astype(float) / periods[0].downscaling["minimum_bias"]
    expected = parts[0].total / (FIRST_BLOCKS * SIZE)
    assert weighted.sum() == pytest.approx(expected, abs=5 * np.sqrt((weighted**2).sum()))


def test_the_catalogue_uses_the_class():
    sample = catalogue().pseudo_data["data_2016_2018_single"]
    assert sample.prescaled_class is not None
    assert set(sample.prescaled_class.modes) | set(sample.prescaled_class.outside_only) < set(sample.modes)
