"""Other probabilities of identification are other weights: of what is seen, and of what is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.corrections.identification_weights import RESPONSES, identification_systematic, with_probability
from rarekaon.analysis.events.true_particles import true_species
from rarekaon.analysis.facts.identification_maps import IdentificationMaps
from tests.reading import columns_of

QUICK = Path(__file__).resolve().parents[2] / "samples/quick"


@pytest.fixture(scope="module")
def columns():
    return columns_of(QUICK / "pi_ee_sm.root", entry_stop=20_000)


def of(columns, name):
    """Events with one track of the map's particles, whether it is seen, and the change of their weights."""
    wanted = np.isin(columns.shared(true_species), [particle(s).pdg for s in RESPONSES[name].species])
    event = np.repeat(np.arange(len(columns)), np.diff(columns.offsets("Track")))
    once = np.bincount(event[wanted], minlength=len(columns)) == 1
    rows = np.flatnonzero(wanted & once[event])
    ratio = with_probability(name, "up")(columns).event("truth_weight") / columns.event("truth_weight")
    return rows, RESPONSES[name].seen(columns)[rows], ratio[event[rows]]


@pytest.mark.parametrize("name", ["e_efficiency_rich", "pi_efficiency", "pi_plus_as_e"])
def test_a_track_that_is_seen_weighs_the_new_probability_over_the_old(columns, name):
    rows, seen, ratio = of(columns, name)
    assert len(rows) > 5000
    maps, momentum = IdentificationMaps.read(), columns.flat("Track", "momentum")[rows]
    old, new = (maps.probability(name, momentum, shift) for shift in ("nominal", "up"))
    np.testing.assert_allclose(ratio[seen], (new / old)[seen])
    np.testing.assert_allclose(ratio[~seen], ((1 - new) / (1 - old))[~seen])
    assert ratio[seen].mean() > 1 > ratio[~seen].mean()


def test_events_without_the_particle_stay_as_they_are(columns):
    changed = with_probability("pi_minus_as_e", "up")(columns).event("truth_weight")
    np.testing.assert_array_equal(changed, columns.event("truth_weight"))  # K+ -> pi+ e+ e- has no pi-


def test_a_source_is_both_shifts_of_a_map():
    source = identification_systematic("e+ in the RICH", "e_efficiency_rich", "a", "b")
    assert source.samples == ("a", "b")
    assert (source.up, source.down) == tuple(with_probability("e_efficiency_rich", end) for end in ("up", "down"))
