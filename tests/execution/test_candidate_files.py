"""Tables of candidates count what histograms count, and hold nothing of what is masked."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from rarekaon.analysis.execution import Backend, run, runner
from rarekaon.analysis.execution.candidate_files import write_candidates
from rarekaon.analysis.processing.blinding import Box
from rarekaon.analysis.processing.candidate_tables import CandidateTables, selections
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search
from tests.damaged_files.outcomes import SIMULATED
from tests.damaged_files.sample import generation_of, good_columns, write
from tests.execution.test_skims import HalfOfTheEvents

HERE = {"backend": Backend("iterative"), "progress": False}
DATA, SIMULATION = "data_2016_2018", "pi_ee_sm"
SEARCH = search("pi_ee", "2016-2018")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    side = generation_of(SIMULATED, decay=1, seed=catalogue().simulation[SIMULATION].seed)
    return {
        DATA: [str(write(place / "data.root", good_columns()))],
        SIMULATION: [str(write(place / "pi_ee_sm.root", SIMULATED, side=side))],
    }


def tables(files, **options):
    return run(CandidateTables(("pi_ee",)), files, **HERE, **options).output


def test_they_count_what_the_histograms_count(files):
    booked = run(SearchProcessor(("pi_ee",)), files, **HERE).output["pi_ee"]
    made = tables(files, chunk_size=200)
    for (_, sample, dataset, name), parts in made.items():
        selection = next(s for s in selections(search("pi_ee", dataset)) if s.name == name)
        weight, failed = (np.concatenate([p[k] for p in parts]) for k in ("weight", "failed"))
        flow = booked[sample][dataset][name]["cutflow"]
        assert weight.sum() == pytest.approx(flow[selection.identified_as].value)
        assert weight[failed == 0].sum() == pytest.approx(flow[selection.cutflow[-1]].value)
        q = selection.observable
        values = np.concatenate([p[q.name] for p in parts])[failed == 0]
        spectrum = booked[sample][dataset][name][q.name]
        assert weight[failed == 0].sum() == pytest.approx(spectrum.sum(flow=True).value)
        edges = spectrum.axes[0].edges
        np.testing.assert_allclose(
            np.histogram(values, edges, weights=weight[failed == 0])[0], spectrum.values(), rtol=1e-9, atol=1e-12
        )
    assert {sample for _, sample, _, _ in made} == {*files}


def test_both_formats_hold_the_same_rows(files, tmp_path):
    made = tables(files)
    parquet, root = (write_candidates(made, tmp_path, kind) for kind in ("parquet", "root"))
    assert [p.stem for p in parquet] == [p.stem for p in root]
    path = tmp_path / "pi_ee_2016-2018_normalisation.parquet"
    table = pq.read_table(path)
    with uproot.open(path.with_suffix(".root")) as file:
        tree = file["Candidates"].arrays(library="np")
        assert file["Candidates"].title.startswith("samples 0: ")
    assert {"run", "burst", "event", "weight", "failed", SEARCH.normalisation.observable.name} < {*table.column_names}
    for name in set(table.column_names) - {"sample"}:
        np.testing.assert_array_equal(table[name].to_numpy(), tree[name], err_msg=name)
    assert table["sample"].to_pylist().count(SIMULATION) == (tree["sample"] == list(files).index(SIMULATION)).sum() > 0
    assert pq.read_schema(path).metadata[b"cuts"].decode().splitlines() == [c.name for c in SEARCH.normalisation.cuts]


def test_masked_events_are_in_no_table(files, monkeypatch):
    data = {DATA: files[DATA]}
    everything = tables(data)
    monkeypatch.setattr(runner, "current_blinding", lambda: HalfOfTheEvents((Box("pi_ee"),)))
    left = tables(data)
    assert left.keys() == everything.keys()
    for key, parts in left.items():
        for name in everything[key][0]:
            whole, events = (np.concatenate([p[n] for p in everything[key]]) for n in (name, "event"))
            np.testing.assert_array_equal(np.concatenate([p[name] for p in parts]), whole[events % 2 == 1])
    assert sum(len(p["run"]) for parts in left.values() for p in parts) > 0
