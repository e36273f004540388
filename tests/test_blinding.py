"""The seal: what lies in a shut box reaches no processor, whatever it asks for."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from coffea.processor import ProcessorABC

from analysis import blinding
from analysis.blinding import Box, Seal, Sealed, UnblindingRecord, current_seal, sealed_events
from analysis.catalogue import conditions
from analysis.events.columns import Columns
from analysis.processor import SearchProcessor
from analysis.schema import branches
from analysis.search import searches
from tests.ideal_events import ideal_events
from tests.reading import nano_events

SHUT = Seal((Box("pi_ee"),))
OPEN = Seal((Box("pi_ee", tuple(p.runs for p in conditions().of("2017"))),))
LNV = ("pi-", "e+", "e+")
SM = ("pi+", "e+", "e-")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A data file: 40 ideal K+ -> pi- e+ e+ in the box and 60 K+ -> pi+ e+ e- outside, shuffled."""
    lnv, sm = ideal_events(LNV, 40, seed=1), ideal_events(SM, 60, seed=2)
    order = np.random.default_rng(3).permutation(100)
    columns = {k: ak.concatenate([lnv.columns[k], sm.columns[k]])[order] for k in lnv.columns}
    columns["event"] = np.arange(100, dtype=np.uint64)
    columns = {k: ak.to_numpy(v) if v.ndim == 1 else v for k, v in columns.items()}
    file = replace(lnv, columns=columns, vertex=np.zeros((100, 3)))
    path = file.write(tmp_path_factory.mktemp("mixed") / "data.root")
    return path, np.flatnonzero(order < 40)


class Everything(ProcessorABC):
    """Asks for all it can think of."""

    def process(self, events):
        return {
            "event": ak.to_list(events.event),
            "tracks": int(ak.sum(ak.num(events.Track))),
            "origin": len(events.Track._events()) if len(events) else 0,
            "attributes": [len(v) for v in events.attrs.values() if isinstance(v, ak.Array)],
        }

    def postprocess(self, accumulator):
        return accumulator


def test_masked_events_reach_no_processor(mixed):
    path, hidden = mixed
    seen = Sealed(Everything(), SHUT).process(nano_events(path, "data_2022"))
    assert not set(seen["event"]) & set(hidden.tolist())
    assert len(seen["event"]) == 60
    assert seen["tracks"] == 180
    assert seen["origin"] == 60
    assert all(n == 60 for n in seen["attributes"])


def test_cross_references_stay_right_and_lead_only_to_what_is_left(mixed):
    path, hidden = mixed
    sealed = sealed_events(nano_events(path, "data_2022"), SHUT)
    plain = nano_events(path, "data_2022")
    kept = np.setdiff1d(np.arange(100), hidden)
    assert ak.to_list(sealed.Track.momentum) == ak.to_list(plain.Track.momentum[kept])
    assert len(ak.flatten(sealed.Track._events().Track.momentum)) == 180
    for name in branches(truth=False):
        assert len(sealed) == 60, name


def test_a_name_does_not_open_the_box(mixed):
    """Neither a simulated sample's name nor an opened one's lets data through: runs and truth decide."""
    path, _ = mixed
    for name in ("pi_ee_lnv", "data_2016_2018", "anything"):
        assert len(sealed_events(nano_events(path, name), SHUT)) == 60


def test_opened_runs_pass_whole_and_others_do_not(mixed, tmp_path):
    path, _ = mixed
    assert len(sealed_events(nano_events(path), OPEN)) == 100
    for run in (12000, 1, 4_000_000):
        other = ideal_events(LNV, 20, run=run).write(tmp_path / f"{run}.root")
        assert len(sealed_events(nano_events(other), OPEN)) == 0


def test_simulation_is_never_sealed(tmp_path):
    path = ideal_events(LNV, 20).write(tmp_path / "mc.root", truth=True)
    assert len(sealed_events(nano_events(path), SHUT)) == 20


def test_forged_truth_makes_a_file_simulation_only_with_all_its_branches(mixed, tmp_path):
    """Truth branches make a file simulation; it then has weights and a Generation tree to answer for."""
    path = ideal_events(LNV, 20).write(tmp_path / "mc.root", truth=True)
    assert Columns(nano_events(path)).simulated
    assert not Columns(nano_events(mixed[0])).simulated


def test_the_box_is_shut_for_events_that_fail_other_cuts(tmp_path):
    """Neither trigger, timing, RICH nor photon veto can be used to look at an event of the box."""
    lnv = ideal_events(LNV, 20)
    for change in (
        {f"trigger_{line}": np.zeros(20, bool) for line in ("MT", "eMT")},
        {"trigger_time": np.full(20, 30.0, np.float32)},
        {"Track_rich_log_e": lnv.columns["Track_rich_log_pi"]},
    ):
        broken = replace(lnv, columns=lnv.columns | change)
        assert len(sealed_events(nano_events(broken.write(tmp_path / "x.root")), SHUT)) == 0


def test_outside_the_mass_window_events_stay(tmp_path):
    lnv = ideal_events(LNV, 20)
    lower = replace(lnv, columns=lnv.columns | {"Track_momentum": lnv.columns["Track_momentum"] * 0.9})
    assert len(sealed_events(nano_events(lower.write(tmp_path / "lower.root")), SHUT)) == 20


def test_histograms_of_sealed_data_hold_nothing_of_the_box(mixed):
    path, _ = mixed
    booked = Sealed(SearchProcessor(("pi_ee",)), SHUT).process(nano_events(path, "data_2016_2018"))
    signal = booked["pi_ee"]["data_2016_2018"]["2017"]["signal"]
    assert signal["cutflow"].view()["value"][3:].sum() == 0
    assert all(h.sum(flow=True).value == 0 for name, h in signal.items() if name != "cutflow")
    seen = Sealed(SearchProcessor(("pi_ee",)), OPEN).process(nano_events(path, "data_2016_2018"))
    assert seen["pi_ee"]["data_2016_2018"]["2017"]["signal"]["regions"]["signal"].value > 0


def test_sealing_travels_and_does_not_look_at_the_processor(mixed):
    import cloudpickle

    travelled = cloudpickle.loads(cloudpickle.dumps(Sealed(Everything(), SHUT)))
    assert len(travelled.process(nano_events(mixed[0]))["event"]) == 60


def test_every_declared_search_is_shut_until_a_record_opens_it(tmp_path, monkeypatch):
    monkeypatch.setattr(blinding, "unblinding_directory", lambda: tmp_path)
    assert current_seal() == Seal(tuple(Box(name) for name in searches()))
    blinding.write_record("pi_ee", "2017", who="A. Student", why="review of 1 July", control_p_value=0.4)
    others = tuple(Box(name) for name in searches() if name != "pi_ee")
    assert set(current_seal().boxes) == {*OPEN.boxes, *others}
    (record,) = blinding.records()
    assert (record.search, record.dataset, record.who) == ("pi_ee", "2017", "A. Student")
    with pytest.raises(ValueError, match="open already"):
        blinding.write_record("pi_ee", "2017", who="A. Student", why="again", control_p_value=0.4)
    with pytest.raises(KeyError, match="no search 'pi_ee' in data set '2031'"):
        blinding.write_record("pi_ee", "2031", who="A. Student", why="early", control_p_value=0.4)


def test_a_damaged_record_opens_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(blinding, "unblinding_directory", lambda: tmp_path)
    (tmp_path / "pi_ee_2017.yaml").write_text("search: pi_ee\ndataset: '2017'\n")
    with pytest.raises(ValueError, match=r"pi_ee_2017\.yaml"):
        current_seal()


def test_the_shipped_records_open_the_published_data_sets_only():
    opened = {(r.search, r.dataset) for r in blinding.records()}
    assert opened == {("pi_ee", "2016-2018"), ("pi_ee", "2017")}
    assert UnblindingRecord.model_config["extra"] == "forbid"
