"""The blinding: what lies in a masked box reaches no processor, whatever it asks for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from coffea.processor import ProcessorABC

from rarekaon.analysis.contract.schema import TRUTH, branches
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.sources import UnfitEventsError
from rarekaon.analysis.events.trees import open_tree
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.facts.unblinding import records
from rarekaon.analysis.processing.blinding import (
    BlindedProcessor,
    Blinding,
    Box,
    blinded_columns,
    blinded_events,
    current_blinding,
)
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.processing.unblinding import RecordError, openings, write_record
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.selection.identification import electron, pion, vertex_identified_as
from tests.ideal_events import ideal_events
from tests.reading import nano_events
from tests.records import own_facts, record
from tests.toy_events import write_toy_file

MASKED = Blinding((Box("pi_ee"),))
OPEN = Blinding((Box("pi_ee", tuple(p.runs for p in conditions().of("2017"))),))
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
    path, masked = mixed
    seen = BlindedProcessor(Everything(), MASKED).process(nano_events(path, "data_2022"))
    assert not set(seen["event"]) & set(masked.tolist())
    assert len(seen["event"]) == 60
    assert seen["tracks"] == 180
    assert seen["origin"] == 60
    assert all(n == 60 for n in seen["attributes"])


def test_cross_references_stay_right_and_lead_only_to_what_is_left(mixed):
    path, masked = mixed
    blinded = blinded_events(nano_events(path, "data_2022"), MASKED)
    plain = nano_events(path, "data_2022")
    kept = np.setdiff1d(np.arange(100), masked)
    assert ak.to_list(blinded.Track.momentum) == ak.to_list(plain.Track.momentum[kept])
    assert len(ak.flatten(blinded.Track._events().Track.momentum)) == 180
    for name in branches(truth=False):
        assert len(blinded) == 60, name


def test_a_name_does_not_open_the_box(mixed):
    """Neither a simulated sample's name nor an opened one's lets data through: runs and truth decide."""
    path, _ = mixed
    for name in ("pi_ee_lnv", "data_2016_2018", "anything"):
        assert len(blinded_events(nano_events(path, name), MASKED)) == 60


def test_opened_runs_pass_whole_and_others_do_not(mixed, tmp_path):
    path, _ = mixed
    assert len(blinded_events(nano_events(path), OPEN)) == 100
    for run in (12000, 1, 4_000_000):
        other = ideal_events(LNV, 20, run=run).write(tmp_path / f"{run}.root")
        assert len(blinded_events(nano_events(other), OPEN)) == 0


def test_simulation_is_never_blinded(tmp_path):
    path = ideal_events(LNV, 20).write(tmp_path / "mc.root", truth=True)
    assert len(blinded_events(nano_events(path), MASKED)) == 20


def test_forged_truth_makes_a_file_simulation_only_with_all_its_branches(mixed, tmp_path):
    """Truth branches make a file simulation; it then has weights and a Generation tree to answer for."""
    path = ideal_events(LNV, 20).write(tmp_path / "mc.root", truth=True)
    assert Columns(nano_events(path)).simulated
    assert not Columns(nano_events(mixed[0])).simulated


def test_the_box_is_masked_for_events_that_fail_other_cuts(tmp_path):
    """Neither trigger, timing, RICH nor photon veto can be used to look at an event of the box."""
    lnv = ideal_events(LNV, 20)
    for change in (
        {f"trigger_{line}": np.zeros(20, bool) for line in ("MT", "eMT")},
        {"trigger_time": np.full(20, 30.0, np.float32)},
        {"Track_rich_log_e": lnv.columns["Track_rich_log_pi"]},
    ):
        broken = replace(lnv, columns=lnv.columns | change)
        assert len(blinded_events(nano_events(broken.write(tmp_path / "x.root")), MASKED)) == 0


def test_outside_the_mass_window_events_stay(tmp_path):
    lnv = ideal_events(LNV, 20)
    lower = replace(lnv, columns=lnv.columns | {"Track_momentum": lnv.columns["Track_momentum"] * 0.9})
    assert len(blinded_events(nano_events(lower.write(tmp_path / "lower.root")), MASKED)) == 20


def test_histograms_of_blinded_data_hold_nothing_of_the_box(mixed):
    path, _ = mixed
    booked = BlindedProcessor(SearchProcessor(("pi_ee",)), MASKED).process(nano_events(path, "data_2016_2018"))
    signal = booked["pi_ee"]["data_2016_2018"]["2017"]["signal"]
    assert signal["cutflow"].view()["value"][3:].sum() == 0
    assert all(h.sum(flow=True).value == 0 for name, h in signal.items() if name != "cutflow")
    seen = BlindedProcessor(SearchProcessor(("pi_ee",)), OPEN).process(nano_events(path, "data_2016_2018"))
    assert seen["pi_ee"]["data_2016_2018"]["2017"]["signal"]["regions"]["signal"].value > 0


def from_the_file(path) -> Columns:
    """Columns as the runner reads them, without NanoEvents."""
    return Columns(open_tree(uproot.open(path, array_cache=None), "Events").source(0, 100))


def test_blinded_columns_are_those_of_a_file_without_the_masked_events(mixed):
    path, _ = mixed
    columns, events = blinded_columns(from_the_file(path), MASKED), Columns(blinded_events(nano_events(path), MASKED))
    assert len(columns) == len(events) == 60
    for name in branches(truth=False):
        collection, _, field = name.partition("_")
        if name in columns.source.fields and f"n{collection}" in columns.source.fields and field:
            np.testing.assert_array_equal(columns.flat(collection, field), events.flat(collection, field))
            np.testing.assert_array_equal(columns.offsets(collection), events.offsets(collection))
        elif not name.startswith("n"):
            np.testing.assert_array_equal(columns.event(name), events.event(name))


def test_what_is_booked_does_not_depend_on_the_way_the_columns_come(mixed):
    path, _ = mixed
    blinded = BlindedProcessor(SearchProcessor(("pi_ee", "mu_nu_ee")), MASKED)
    direct = blinded.process_columns(from_the_file(path), "data_2016_2018")
    assert direct == blinded.process(nano_events(path, "data_2016_2018"))


def reachable(start: Any) -> Iterator[np.ndarray]:
    """Every array that can be reached from an object by any attribute, item, closure or cache."""
    seen, waiting = set(), [start]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type) or type(thing).__name__ == "module":
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            yield thing
        waiting.extend(r for r in gc.get_referents(thing) if not (isinstance(r, dict) and "__builtins__" in r))


def test_no_array_of_a_masked_event_can_be_reached_from_blinded_columns(mixed):
    path, masked = mixed
    columns = from_the_file(path)
    columns.event("event")
    momenta = set(columns.flat("Track", "momentum").reshape(100, 3)[masked].ravel().tolist())
    blinded = blinded_columns(columns, MASKED)
    del columns
    blinded.flat("Track", "chi2")
    assert blinded.flat("Track", "momentum").size == 180
    held = list(reachable(blinded))
    assert any(array is blinded.event("event") for array in held)
    for array in held:
        values = set(np.asarray(array).ravel().tolist()) if array.dtype.kind in "fiu" else set()
        assert not values & momenta
        assert not (array.dtype == np.uint64 and values & set(masked.tolist()))


def test_where_nothing_is_hidden_nothing_is_copied(mixed):
    columns = from_the_file(mixed[0])
    assert blinded_columns(columns, OPEN) is columns


def test_blinding_travels_and_does_not_look_at_the_processor(mixed):
    import cloudpickle

    travelled = cloudpickle.loads(cloudpickle.dumps(BlindedProcessor(Everything(), MASKED)))
    assert len(travelled.process(nano_events(mixed[0]))["event"]) == 60


def boxes():
    return {box.search: box.unblinded for box in current_blinding().boxes}


def test_every_declared_search_is_masked_until_a_record_opens_it(tmp_path, monkeypatch):
    own_facts(tmp_path, monkeypatch)
    masked = {n for n, group in searches().items() if any(s.masked_selections and s.box_of is None for s in group)}
    assert boxes() == dict.fromkeys(masked, ())
    write_record(record("pi_ee", "2017"))
    (unblinded,) = OPEN.boxes
    assert boxes() == dict.fromkeys(masked, ()) | {"pi_ee": unblinded.unblinded}
    (found,) = records().values()
    assert (found.search, found.dataset, found.who) == ("pi_ee", "2017", "A. Student")
    with pytest.raises(RecordError, match="open already"):
        write_record(record("pi_ee", "2017"))


def test_a_damaged_record_opens_nothing(tmp_path, monkeypatch):
    (own_facts(tmp_path, monkeypatch) / "pi_ee_2017.yaml").write_text("search: pi_ee\ndataset: '2017'\n")
    with pytest.raises(ValueError, match=r"pi_ee_2017\.yaml"):
        current_blinding()


def test_the_shipped_records_open_the_published_data_sets_only():
    unblinded = {(r.search, r.dataset) for r in records().values()}
    assert {("pi_ee", "2016-2018"), ("pi_ee", "2017"), ("pi_pi0_ee", "2016-2018")} <= unblinded <= set(all_published())
    assert all(opening.holds for opening in openings())


def with_a_bad_value(ideal, branch, value, every=1):
    columns = {k: v for k, v in ideal.columns.items()}
    values = columns[branch]
    flat = np.array(ak.flatten(values) if values.ndim > 1 else values)
    flat[::every] = value
    columns[branch] = ak.unflatten(flat, ak.num(values)) if values.ndim > 1 else flat
    return replace(ideal, columns=columns)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
@pytest.mark.parametrize(
    "branch",
    [
        "Track_lkr_energy",
        "Track_momentum",
        "Track_slope_x",
        "Track_x",
        "Track_var_x",
        "Track_rich_time",
        "trigger_time",
    ],
)
@pytest.mark.parametrize("particles", [LNV, SM])
def test_an_event_that_cannot_be_judged_is_refused(tmp_path, branch, value, particles):
    """Whatever the event is: with a value that is no number nobody can say that it is not in the box."""
    broken = with_a_bad_value(ideal_events(particles, 20), branch, value)
    path = broken.write(tmp_path / "broken.root")
    blinding = Blinding(tuple(Box(name) for name in searches()))
    for through in (blinded_events, lambda events, boxes: blinded_columns(Columns(events), boxes)):
        with pytest.raises(UnfitEventsError, match=branch):
            through(nano_events(path), blinding)


def test_a_quantity_that_is_no_number_is_inside(tmp_path, monkeypatch):
    """The observable of a search whose function fails for the event, which is nobody's fault but hides nothing."""
    path = ideal_events(LNV, 20).write(tmp_path / "lnv.root")
    (declared,) = (s for s in searches()["pi_ee"] if s.dataset == "2022")
    nowhere = replace(declared.signal.observable, of=lambda c: np.full(len(c), np.nan))
    failing = replace(declared, signal=replace(declared.signal, observable=nowhere))
    monkeypatch.setitem(searches(), "pi_ee", (failing,))
    assert len(blinded_columns(Columns(nano_events(path)), MASKED)) == 0


def test_some_truth_branches_do_not_make_data_a_simulation(tmp_path):
    """A tool that adds a few columns of truth, or all but one, opens no box."""
    lnv = ideal_events(LNV, 20)
    seen = {name: values for name, values in lnv.columns.items() if not name.startswith(("truth_", "Generated"))}
    for added in ({"truth_weight": np.ones(20)}, {b.name: np.zeros(20, b.dtype) for b in TRUTH[:-1]}):
        path = write_toy_file(tmp_path / "data.root", 20, replace=seen | added)
        assert not Columns(nano_events(path)).simulated
        assert len(blinded_events(nano_events(path), MASKED)) == 0


def test_every_way_to_assign_the_tracks_counts(tmp_path):
    """Rules that overlap leave several assignments: the selection takes the first, the box looks at all."""
    both = {"pi": pion(e_over_p_below=2.0), "e": electron()}
    identify = vertex_identified_as("pi+", "e+", "e-", by=both)
    sm = ideal_events(SM, 60, seed=4)
    showering = replace(sm, columns=sm.columns | {"Track_lkr_energy": sm.columns["Track_momentum"]})
    path = showering.write(tmp_path / "sm.root")
    c = three_track_vertices(Columns(nano_events(path)))
    assert len(identify(c)) == 60
    possible = identify.possible(c)  # type: ignore[attr-defined]
    counts = np.bincount(possible.event, minlength=60)
    assert counts.max() == 2
    assert set(possible.event.tolist()) == set(range(60))
