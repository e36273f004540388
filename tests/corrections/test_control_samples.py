"""Control samples: who is in them, and that the detector that is probed has no say in it."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rarekaon.analysis.corrections.control_samples import MAPS, pions, positrons
from tests.ideal_events import ideal_events
from tests.ideal_single_tracks import ideal_single_tracks
from tests.reading import columns_of

K3PI = ("pi+", "pi+", "pi-")
EVENTS = 300


@pytest.fixture(scope="module")
def three_pions():
    return ideal_events(K3PI, EVENTS)


def probe(ideal, path, of=pions, **replaced):
    changed = ideal.columns | replaced
    made = type(ideal)(ideal.particles, ideal.momentum, ideal.vertex, changed)
    columns = columns_of(made.write(path, truth=True))
    return of(columns, np.arange(1.0, len(columns) + 1))


def test_tracks_of_three_pion_decays_are_probes_with_the_weights_of_their_events(three_pions, tmp_path):
    found = probe(three_pions, tmp_path / "a.root")
    assert len(found.momentum) > 100
    assert len({len(values) for values in vars(found).values()}) == 1
    assert set(found.charge) == {-1, 1}
    weights, counts = np.unique(found.weight, return_counts=True)
    assert counts.max() <= 3
    assert set(weights) <= set(np.arange(1.0, EVENTS + 1))
    momenta = np.linalg.norm(three_pions.momentum, axis=-1)
    for p, w in zip(found.momentum[:50], found.weight[:50], strict=True):
        assert np.abs(momenta[int(w) - 1] / p - 1).min() < 1e-4


@pytest.mark.parametrize("field", ["lkr_energy", "rich_log_e", "rich_hits", "muv3_index"])
def test_the_probed_detector_has_no_say_in_who_is_chosen(field, three_pions, tmp_path):
    """Whatever calorimeter, RICH and muon detector say: the same tracks in the same order."""
    values = three_pions.columns[f"Track_{field}"]
    other = {"lkr_energy": 20_000.0, "rich_log_e": 5.0, "rich_hits": 0, "muv3_index": -1}[field]
    changed = {
        f"Track_{field}": ak.values_astype(ak.full_like(values, other), ak.type(values).content.content.primitive)
    }
    before, after = probe(three_pions, tmp_path / "a.root"), probe(three_pions, tmp_path / "b.root", **changed)
    np.testing.assert_array_equal(before.momentum, after.momentum)
    np.testing.assert_array_equal(before.weight, after.weight)


@pytest.mark.parametrize("particles", [("pi+", "mu+", "mu-"), ("pi+", "e+", "e-")])
def test_other_closed_decays_are_no_three_pions(particles, tmp_path):
    assert len(probe(ideal_events(particles, 100), tmp_path / "a.root").momentum) == 0


def test_two_body_decays_give_no_positrons(tmp_path):
    single = ideal_single_tracks(134.9768, 100, particle="pi+")
    columns = columns_of(single.write(tmp_path / "single.root"))
    assert len(positrons(columns, np.ones(len(columns))).momentum) == 0


def test_rows_of_a_probe_belong_together(three_pions, tmp_path):
    found = probe(three_pions, tmp_path / "a.root")
    part = found.take(found.charge < 0)
    assert (part.charge == -1).all()
    np.testing.assert_array_equal(part.momentum, found.momentum[found.charge < 0])


def test_every_map_has_ascending_edges_a_name_and_a_meaning_of_its_own():
    assert len({measured.name for measured in MAPS}) == len({measured.meaning for measured in MAPS}) == len(MAPS)
    for measured in MAPS:
        assert (np.diff(measured.edges) > 0).all(), measured.name
