"""The particle of a track is the one whose line leads there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.events.true_particles import generated_of_tracks, true_momenta, true_species
from tests.reading import columns_of

QUICK = Path(__file__).resolve().parents[2] / "samples/quick"


@pytest.fixture(scope="module")
def columns():
    return columns_of(QUICK / "pi_ee_lnv.root", entry_stop=5000)


def test_nearly_all_tracks_of_a_decay_have_their_particle(columns):
    found = columns.shared(generated_of_tracks)
    assert (found >= 0).mean() > 0.93  # pileup has tracks, too
    event = np.repeat(np.arange(len(columns)), np.diff(columns.offsets("Track")))[found >= 0]
    offsets = columns.offsets("Generated")
    assert (offsets[event] <= found[found >= 0]).all()
    assert (found[found >= 0] < offsets[event + 1]).all()


def test_measured_momenta_are_those_of_the_particles_within_the_resolution(columns):
    true = columns.shared(true_momenta)
    pulls = columns.flat("Track", "momentum") / true - 1
    assert np.nanmedian(np.abs(pulls)) < 0.005
    pion = columns.shared(true_species) == particle("pi-").pdg
    assert (
        np.nanmean(np.abs(pulls[pion]) < 0.02) > 0.97
    )  # pions do not radiate; a track of three chambers is measured less well


def test_species_have_the_charge_of_their_track(columns):
    species, charge = columns.shared(true_species), columns.flat("Track", "charge")
    for name in ("pi-", "e+"):
        mine = species == particle(name).pdg
        assert mine.sum() > 1000
        assert (charge[mine] == particle(name).charge).all()
