"""Ways to open a box, or to learn what is in it, without `kaon unblind`: each ends masked, in an error, or in the open.

`docs/blinding.md` says which is which.  Those through the command are in `tests/cli/test_limits_and_unblind.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import yaml
from coffea.processor import ProcessorABC

from rarekaon.analysis.cli.run import run_record, summary
from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.schema import TRUTH
from rarekaon.analysis.execution import Backend, ExecutionError, run
from rarekaon.analysis.facts.unblinding import digest
from rarekaon.analysis.processing.blinding import BlindedProcessor, current_blinding
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.processing.unblinding import is_open, open_boxes, openings
from rarekaon.analysis.results.provenance import facts_state
from rarekaon.analysis.search.channels import search, searches
from rarekaon.analysis.search.declaration import Region
from rarekaon.analysis.search.statement import statement
from rarekaon.analysis.selection.identification import electron, pion, vertex_identified_as
from tests.ideal_events import ideal_events
from tests.reading import nano_events
from tests.records import controls, own_facts, record

LNV, SM = ("pi-", "e+", "e+"), ("pi+", "e+", "e-")
BOX = search("pi_ee", "2022")
FIRST = "search: pi_ee\ndataset: '2022'\nwho: me\nwhen: '2026-12-01'\nwhy: I want to\ncontrol_p_value: "
SERIAL = Backend("iterative")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return own_facts(tmp_path, monkeypatch)


def whole(**changes: Any) -> dict[str, Any]:
    """A record with changes, and the digest of what it then says."""
    content = record("pi_ee", "2022").model_copy(update=changes).as_yaml()
    del content["digest"]
    return {**content, "digest": digest(content)}


def edited(place: str, value: Any) -> str:
    """A record in which one entry was changed afterwards."""
    content = whole()
    content[place] = value
    return yaml.safe_dump(content)


# --- records: the box stays masked, and the file is named


def stated_otherwise() -> dict[str, Any]:
    """What another channel file of the same name and data set would state: a narrower region."""
    signal = replace(BOX.signal, regions=(Region("signal", Interval(490.0, 498.0), signal=True),))
    return statement(replace(BOX, signal=signal))


REFUSED: dict[str, Callable[[], str]] = {
    "a record by hand with p = 0": lambda: FIRST + "0.0",
    "a record by hand with p = 1": lambda: FIRST + "1.0",
    "a record without an end": lambda: FIRST,
    "another name in a record": lambda: edited("who", "A. Professor"),
    "another search in a record": lambda: edited("search", "pi_pi0_ee"),
    "another p-value, with its digest": lambda: yaml.safe_dump(whole(controls=controls((10, 3.0, 0.5), p_value=1.0))),
    "controls that disagree": lambda: yaml.safe_dump(whole(controls=controls((40, 10.0, 1.0)))),
    "controls without power": lambda: yaml.safe_dump(whole(controls=controls((1, 1.0, 0.1)))),
    "negative counts": lambda: yaml.safe_dump(whole()).replace("expected: 10.0", "expected: -10.0"),
    "a p-value that is no number": lambda: yaml.safe_dump(whole()).replace("p_value: 1.0", "p_value: .nan"),
    "a repeated key": lambda: yaml.safe_dump(whole()) + "search: pi_ee\n",
    "a tag that makes an object": lambda: FIRST + "!!python/object/apply:os.system ['touch opened']",
    "no reason": lambda: edited("why", ""),
}


@pytest.mark.parametrize("attack", REFUSED)
def test_a_forged_record_is_refused_by_name(attack: str, folder: Path) -> None:
    path = folder / "pi_ee_2022.yaml"
    path.write_text(REFUSED[attack]())
    with pytest.raises(ValueError, match=r"pi_ee_2022\.yaml"):
        current_blinding()
    assert not Path("opened").exists()


def test_a_second_record_of_one_box_is_refused(folder: Path) -> None:
    for name in ("pi_ee_2022.yaml", "more.yml"):
        (folder / name).write_text(yaml.safe_dump(whole()))
    with pytest.raises(ValueError, match=r"pi_ee_2022\.yaml opens pi_ee 2022, which .*more\.yml opens already"):
        current_blinding()


MASKED: dict[str, Callable[[], dict[str, Any]]] = {
    "a record of other regions": lambda: whole(stated=stated_otherwise()),
    "a record of another search's cuts": lambda: whole(stated=statement(search("pi_pi0_ee", "2016-2018"))),
    "a data set that the search does not have": lambda: whole(dataset="2031"),
    "a search that nobody declares": lambda: whole(search="pi_eee"),
}


@pytest.mark.parametrize("attack", MASKED)
def test_a_record_of_something_else_opens_nothing(attack: str, folder: Path) -> None:
    (folder / "other.yaml").write_text(yaml.safe_dump(MASKED[attack]()))
    assert not is_open(BOX)
    assert all(not box.unblinded for box in current_blinding().boxes)
    assert all(not o.holds for o in openings())
    assert all(not box["open"] and box["changed"] for box in open_boxes())


# --- files and processors: what is in the box reaches nobody


class Everything(ProcessorABC):
    """Asks for all numbers of events and tracks."""

    def process(self, events: Any) -> Any:
        return {"event": ak.to_list(events.event), "momentum": ak.to_list(ak.flatten(events.Track.momentum))}

    def postprocess(self, accumulator: Any) -> Any:
        return accumulator


def let_through(path: Path, sample: str) -> int:
    return len(BlindedProcessor(Everything(), current_blinding()).process(nano_events(path, sample))["event"])


@pytest.mark.parametrize("sample", ["pi_ee_lnv", "data_2016_2018", "anything"])
@pytest.mark.parametrize("run_number", [1, 12000, 4_000_000])
def test_neither_a_name_nor_a_run_number_opens(sample: str, run_number: int, folder: Path, tmp_path: Path) -> None:
    path = ideal_events(LNV, 20, run=run_number).write(tmp_path / "data.root")
    assert let_through(path, sample) == 0


def with_truth(tmp_path: Path, number: int) -> Path:
    """Data to which somebody added so many branches of truth."""
    from tests.toy_events import write_toy_file

    lnv = ideal_events(LNV, 20)
    seen = {name: values for name, values in lnv.columns.items() if not name.startswith(("truth_", "Generated"))}
    added = {b.name: np.zeros(20, b.dtype) for b in TRUTH[:number]}
    return write_toy_file(tmp_path / "truth.root", 20, replace=seen | added)


@pytest.mark.parametrize("number", [1, len(TRUTH) - 1, len(TRUTH)])
def test_truth_that_was_added_opens_nothing(number: int, folder: Path, tmp_path: Path) -> None:
    """A file that calls itself simulated needs all of the truth and the tree that says what was generated."""
    path = with_truth(tmp_path, number)
    with pytest.raises(ExecutionError, match=r"truth\.root"):
        run(SearchProcessor(("pi_ee",)), {"pi_ee_lnv": [str(path)]}, backend=SERIAL, progress=False)


def test_data_in_the_place_of_a_simulated_sample_are_refused(folder: Path, tmp_path: Path) -> None:
    path = ideal_events(LNV, 20).write(tmp_path / "data.root")
    with pytest.raises(ExecutionError, match="holds data but pi_ee_lnv is a simulated sample"):
        run(SearchProcessor(("pi_ee",)), {"pi_ee_lnv": [str(path)]}, backend=SERIAL, progress=False)


def test_a_channel_of_ones_own_sees_nothing_of_the_box_of_another(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any final state, no cuts, no trigger, no masked region: the boxes of all others hold."""
    loose = vertex_identified_as(*LNV, by={"pi": pion(e_over_p_below=2.0), "e": electron(low=0.0, high=9.0)})
    open_signal = replace(BOX.signal, identify=loose, cuts=(), triggers=(), regions=(Region("all", Interval()),))
    mine = replace(BOX, name="mine", signal=open_signal)
    monkeypatch.setitem(searches(), "mine", (mine,))
    path = ideal_events(LNV, 40, run=12000).write(tmp_path / "data.root")
    result = run(SearchProcessor(("mine",)), {"data_2022": [str(path)]}, backend=SERIAL, progress=False)
    booked = result.output["mine"]["data_2022"]["2022"]["signal"]
    assert all(h.sum(flow=True).value == 0 for h in booked.values())


@pytest.fixture(params=[6500, 8000, 12000])
def twins(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """Two files of data in the same bursts: with 40 events in the box, and with the other 60 events alone."""
    lnv, sm = ideal_events(LNV, 40, seed=1, run=request.param), ideal_events(SM, 60, seed=2, run=request.param)
    order = np.random.default_rng(3).permutation(100)
    columns = {k: ak.concatenate([lnv.columns[k], sm.columns[k]])[order] for k in lnv.columns}
    columns["event"] = np.arange(100, dtype=np.uint64)
    columns["burst"] = np.where(np.arange(100) < 60, 1, 2).astype(np.uint32)
    paths = []
    for name, rows in (("with", slice(None)), ("without", order >= 40)):
        kept = {k: ak.to_numpy(v[rows]) if v.ndim == 1 else v[rows] for k, v in columns.items()}
        file = replace(lnv, columns=kept, vertex=np.zeros((len(kept["event"]), 3)))
        paths.append(file.write(tmp_path / name / "data.root"))
    return paths[0], paths[1]


def comparable(content: Any) -> Any:
    """A run record without what identifies files and what changes from run to run."""
    apart = {"uuid", "size", "volatile", "metrics"}
    if isinstance(content, dict):
        return {k: comparable(v) for k, v in content.items() if k not in apart}
    return [comparable(v) for v in content] if isinstance(content, list) else content


def flat(booked: Any, place: str = "") -> dict[str, bytes]:
    if isinstance(booked, dict):
        return {k: v for key, part in booked.items() for k, v in flat(part, f"{place}/{key}").items()}
    return {place: booked.view(flow=True).tobytes()} if hasattr(booked, "view") else {place: repr(booked).encode()}


def test_every_output_is_the_same_with_and_without_the_hidden_events(folder: Path, twins: tuple[Path, Path]) -> None:
    """Histograms of all searches bit for bit, the run record but for identity and size of the file, the summary."""
    names = tuple(searches())
    samples = [s for s in dict.fromkeys(x for n in names for s in searches()[n] for x in s.samples.data)]
    outputs, records, sums = [], [], []
    for path in twins:
        found: dict[str, bytes] = {}
        for sample in samples:
            result = run(SearchProcessor(names), {sample: [str(path)]}, backend=SERIAL, progress=False)
            found |= flat(result.output)
            records.append(comparable(json.loads(json.dumps(run_record(result, names), default=str))))
            sums.append(summary(result).rpartition(";")[0])
        outputs.append(found)
    assert len(outputs[0]) > 1000
    assert any(any(content) for content in outputs[0].values())
    assert outputs[0] == outputs[1]
    assert records[: len(samples)] == records[len(samples) :]
    assert sums[: len(samples)] == sums[len(samples) :]


# --- made visible, not prevented: somebody who writes a whole record, or changes the source


def test_a_whole_forgery_opens_and_stands_in_every_result(folder: Path) -> None:
    """Counts, p-value and digest of a record agree, and nobody looked at anything: its place tells."""
    (folder / "pi_ee_2022.yaml").write_text(yaml.safe_dump(whole(who="nobody")))
    assert is_open(BOX)
    (box,) = open_boxes()
    assert (box["who"], box["open"]) == ("nobody", True)
    assert box["differs"] == ["code", "facts"], "it names code and facts that nobody has"
    assert facts_state()["shipped"] is False


def test_records_of_boxes_opened_with_other_code_say_so(folder: Path) -> None:
    (folder / "pi_ee_2022.yaml").write_text(yaml.safe_dump(whole()))
    (opening,) = openings()
    assert opening.holds
    assert "code" in opening.differs
    assert asdict(opening)["changed"] == ()
