"""The benchmarks in small: they run, they check what they compare, and they say what they measured."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract.schema import TRIGGER_LINES
from rarekaon.analysis.search.channels import searches
from tests.bench import _ours, _rdataframe, _rdataframe_single, _sample, channels, growth
from tests.bench.__main__ import collect, met
from tests.bench._declaration import NoReferenceError, final_state, selections
from tests.bench._figure import draw
from tests.bench._measure import cost, medians

EVENTS = 5000
CHANNELS = channels.three_track_channels()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    pool = _sample.pool(tuple(s for group in CHANNELS.values() for s in group), 2000, bulk=0.2)
    place = tmp_path_factory.mktemp("bench")
    return {name: channels.write(place, wanted, EVENTS, pool) for name, wanted in CHANNELS.items()}


@pytest.fixture(scope="module")
def events(files):
    return files["pi_ee"]


@pytest.mark.parametrize("name", CHANNELS)
def test_the_idiomatic_version_selects_the_same_events(name, files):
    path = files[name]
    ours, theirs = _ours.selected(path, selections(CHANNELS[name])), channels.idiomatic(path, CHANNELS[name])
    channels.agree(name, "the idiomatic version", ours, theirs)
    assert sum(len(found) for found in ours.values()) > 10


def test_versions_that_disagree_are_refused():
    ours = {"2017/signal": [[1, 5], [1, 7]]}
    channels.agree("pi_ee", "RDataFrame", ours, {"2017/signal": [[1, 7], [1, 5]]})
    with pytest.raises(channels.DisagreementError, match=r"1 events are selected only here and 0 .* burst 1 event 7"):
        channels.agree("pi_ee", "RDataFrame", ours, {"2017/signal": [[1, 5]]})
    with pytest.raises(channels.DisagreementError, match="no event is selected"):
        channels.agree("pi_ee", "RDataFrame", {"2017/signal": []}, {"2017/signal": []})


def test_a_channel_gives_rows_and_a_figure(events, tmp_path, monkeypatch):
    monkeypatch.setattr(_rdataframe, "installation", lambda: _raise(_rdataframe.RootMissingError("none")))
    monkeypatch.setattr(channels, "idiomatic", lambda path, wanted: _ours.selected(path, selections(wanted)))
    rows = [*channels.channel("pi_ee", events, EVENTS, 1), *channels.together(("pi_ee", "mu_nu_ee"), events, EVENTS, 1)]
    for row in rows:
        assert row["ratio"] > 0
        assert row["user_seconds_per_million"] > 0
        met(row["ratio"], row["goal"])
    assert "Track_momentum" in rows[0]["columns"]
    assert "Gtk_momentum" not in rows[0]["columns"]
    assert rows[0]["stages"]["reading"] > 0
    draw(rows, tmp_path / "benchmarks.png")
    assert (tmp_path / "benchmarks.png").read_bytes().startswith(b"\x89PNG")
    json.dumps(rows)


def _raise(error):
    raise error


@pytest.mark.parametrize("name", CHANNELS)
def test_the_program_holds_every_value_of_the_declaration(name):
    text = _rdataframe.program(CHANNELS[name])
    for _, selection in selections(CHANNELS[name]).values():
        for cut in selection.cuts:
            assert f"{_rdataframe.number(cut.within.low)}, {_rdataframe.number(cut.within.high)})" in text
    assert text.count("Histo1D") == len(selections(CHANNELS[name]))


def test_a_selection_without_reference_says_so():
    (search,) = searches()["pi_pi0_ee"]
    with pytest.raises(NoReferenceError, match="three identified tracks"):
        final_state(search.signal)
    assert list(selections((search,))) == ["2016-2018/normalisation"]
    assert not CHANNELS.keys() & channels.single_track_channels().keys()


def test_the_program_of_a_lone_track_holds_every_value_of_the_declaration():
    for name, wanted in channels.single_track_channels().items():
        known = _rdataframe_single.selections(wanted)
        assert bool(known) == name.startswith("mu_")
        text = _rdataframe_single.program(wanted) if known else ""
        for _, selection in known.values():
            for cut in selection.cuts:
                assert f"{_rdataframe.number(cut.within.low)}, {_rdataframe.number(cut.within.high)})" in text
            assert "0.2 && muon_in_time(" in text
            assert "30000.0, 9500.0)" in text
        assert text.count("Histo1D") == len(known)


def test_quantities_of_a_lone_track_that_cxx_does_not_know_are_named():
    (pion,), (muon,) = (of_channel(name) for name in ("pi_nu_nu", "mu_n"))
    with pytest.raises(NoReferenceError, match="identification by pion"):
        _rdataframe_single.lone_track(pion.signal)
    state = _rdataframe_single.lone_track(muon.signal)
    unknown = {cut.quantity.name for cut in pion.signal.cuts if not _known(cut.quantity, state)}
    assert {"tracks", "hodoscope_tiles", "rich_hits"} <= unknown
    assert not {"track_momentum", "kaon_time", "lav_signals"} & unknown


def of_channel(name):
    return channels.single_track_channels()[name][:1]


def _known(quantity, state):
    try:
        return bool(_rdataframe_single.expression(quantity, state).code)
    except NoReferenceError:
        return False


def test_single_tracks_are_compared_with_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(_rdataframe, "installation", lambda: _raise(_rdataframe.RootMissingError("none")))
    wanted = channels.single_track_channels()["mu_n"]
    path = channels.write(tmp_path, wanted, 2000, _sample.single_tracks(1000))
    (row,) = channels.single_channel("mu_n", path, 2000, 1)
    assert row["ratio"] > 0
    assert "Gtk_momentum" in row["columns"]
    assert row["stages"]["candidates"] > 0
    monkeypatch.setattr(channels, "rdataframe", lambda _: tmp_path / "program")
    monkeypatch.setattr(_rdataframe, "execute", lambda *_: {"selected": {}, "seconds": 1e-9})
    with pytest.raises(KeyError):
        channels.single_channel("mu_n", path, 2000, 1)
    found = _ours.selected(path, _rdataframe_single.selections(wanted))
    assert sum(map(len, found.values())) > 10
    monkeypatch.setattr(_rdataframe, "execute", lambda *_: {"selected": found, "seconds": 1.0})
    rows = channels.single_channel("mu_n", path, 2000, 1)
    assert [row["to"].split()[-1] for row in rows[1:]] == ["thread", "RNTuple"]
    found["2016-2018/signal"].append([9, 9])
    with pytest.raises(channels.DisagreementError, match="burst 9 event 9"):
        channels.single_channel("mu_n", path, 2000, 1)


def test_each_event_of_a_stream_was_triggered_by_its_lines(files):
    path = files["pi_mumu"]
    assert path == channels.write(path.parent, CHANNELS["pi_mumu"], EVENTS, None)
    for name, lines in (("pi_mumu", {"dimuon"}), ("pi_ee", {"minimum_bias", "MT", "eMT", "muMT", "dimuon"})):
        with uproot.open(files[name]) as file:
            fired = {line: file["Events"][f"trigger_{line}"].array(library="np") for line in TRIGGER_LINES}
        assert np.logical_or.reduce(list(fired.values())).all()
        assert {line for line, mask in fired.items() if mask.any()} == lines


def test_without_root_there_is_an_answer(tmp_path):
    with pytest.raises(_rdataframe.RootMissingError, match="make root"):
        _rdataframe.installation(tmp_path)


def test_growth_is_a_ratio_per_event():
    rows = growth.grown(
        {"events": 100, "seconds": 1.0, "peak_mb": 200.0}, {"events": 400, "seconds": 4.4, "peak_mb": 210.0}
    )
    assert [row["ratio"] for row in rows] == pytest.approx([1.05, 1.1])
    assert all(row["user_seconds_per_million"] == pytest.approx(11000) for row in rows)


def test_a_process_of_its_own_says_what_it_cost(events):
    run = growth.processed(events, 2)
    assert run["events"] == 2 * EVENTS
    assert run["seconds"] > 0
    assert run["peak_mb"] > 50


def test_medians_are_of_interleaved_rounds_after_a_first():
    calls = []
    first, second = medians([partial(_note, calls, "a", 1.0), partial(_note, calls, "b", 2.0)], 3)
    assert (first, second) == (1.0, 2.0)
    assert "".join(calls) == "ab" * 4
    assert cost(lambda: sum(range(1_000_000)))() > 0


def _note(calls, name, value):
    calls.append(name)
    return value


def test_modules_that_say_too_little_are_refused(monkeypatch):
    monkeypatch.setattr(growth, "benchmarks", lambda: [{"name": "x", "ratio": 1.0}])
    with pytest.raises(ValueError, match="x lacks"):
        collect(["growth"])
