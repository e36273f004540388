"""A stream keeps all that the selection takes: with it and with every track stored, the acceptance is the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV2
from rarekaon.analysis.facts.models import SimulatedSample
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.weighted import simulate_sample
from tests.reading import columns_of
from tests.selecting import selected

NATURAL = RareResponses()


@dataclass(frozen=True)
class Stored:
    """Decays of a mode in a stream, drawn with rare responses or without."""

    stream: str
    decays: int
    rare: RareResponses


def _accepted(decay: str, stored: Stored, of: tuple[str, str], above: float, directory: Path) -> tuple[float, float]:
    """Share of the decays that the signal selection of a search takes above a value of its observable; its error."""
    sample = SimulatedSample(
        decay=decay, stream=stored.stream, decays=stored.decays, quick=1, seed=7, rare_responses=stored.rare
    )
    path = directory / f"{stored.stream}.root"
    simulate_sample("taken", sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    columns, selection = columns_of(path, "taken"), search(*of).signal
    found = selected(selection, columns)
    weight = columns.event("truth_weight")[found.event[selection.observable.of(found) > above]]
    return float(weight.sum()) / stored.decays, float(np.sqrt((weight**2).sum())) / stored.decays


@pytest.mark.parametrize(
    ("decay", "stored", "everything", "of", "above", "known_to"),
    [
        # photons beside the muon's cluster, too, which no veto may see: they are more than half of the events
        (
            "K+ -> mu+ nu_mu gamma",
            Stored("single_track_tail", 900_000, RareResponses(photon_missed=0.9, roulette_below=0.02)),
            Stored("one_track", 400_000, NATURAL),
            ("mu_nu_nu_nu", "2016-2018"),
            0.03 * GeV2,
            0.3,
        ),
        # tracks at the edge of the hodoscope, in the shadow of the last large-angle station: 4% if they were taken
        (
            "K+ -> pi- mu+ mu+",
            Stored("dimuon", 200_000, NATURAL),
            Stored("three_tracks", 200_000, NATURAL),
            ("pi_mumu", "2017"),
            0.0,
            0.03,
        ),
    ],
)
def test_streams_keep_what_selections_take(decay, stored, everything, of, above, known_to, tmp_path):
    kept, error = _accepted(decay, stored, of, above, tmp_path)
    taken, its_error = _accepted(decay, everything, of, above, tmp_path)
    both = float(np.hypot(error, its_error))
    assert 3 * both < known_to * taken
    assert kept == pytest.approx(taken, abs=3 * both)
