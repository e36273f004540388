"""A user's own catalogue: her data, periods, data sets and channel files, without a change of what is installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.data import command as data
from rarekaon.analysis.cli.new import command as new
from rarekaon.analysis.cli.quantities import command as quantities
from rarekaon.analysis.cli.rules import command as rules
from rarekaon.analysis.cli.streams import command as streams
from rarekaon.analysis.execution import fingerprint, layouts
from rarekaon.analysis.facts import models, paths
from rarekaon.analysis.processing import processor, unblinding
from rarekaon.analysis.processing.blinding import current_blinding
from rarekaon.analysis.results import provenance
from rarekaon.analysis.search import catalogue, channels
from rarekaon.analysis.simulation.streams.requirements import STREAMS

CACHES = (
    unblinding._judged, models.user_catalogue, models.conditions,
    catalogue.catalogue, channels.channel_files, channels.searches, provenance.datasets_hash, provenance.code_parts,
    provenance.fact_parts, fingerprint.sources, fingerprint._channel_files, layouts.map_of, processor.dataset_events,
    processor.kept_of_fired,
)  # fmt: skip
PERIOD = """
periods:
  "2024":
    {runs: [14000, 14999], kaon_decays: 1.0e12, event_efficiency: 0.9,
     downscaling: {minimum_bias: 400, MT: 100, eMT: 8, muMT: 8, dimuon: 2, pinunu: 1},
     bursts_per_run: 500, beam_momentum: 74900.0, beam_slope_x: 1.2e-3, beam_slope_y: 0.03e-3, beam_x: 0.1,
     beam_y: -0.9, note: a test}
"""


def forget() -> None:
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Writes the catalogue that is then in force, in an empty folder where one works."""
    monkeypatch.chdir(tmp_path)
    forget()

    def write(text: str) -> Path:
        path = tmp_path / paths.USER_CATALOGUE
        path.write_text(text)
        forget()
        return path

    yield write
    monkeypatch.undo()
    forget()


def test_data_take_the_place_of_pseudo_data_in_searches_of_their_data_set_and_stream(written) -> None:
    before = {s.key: s.samples for group in channels.searches().values() for s in group}
    pseudo = catalogue.catalogue().pseudo_data
    streams = {s.key: {pseudo[n].stream for n in s.samples.data} for g in
               channels.searches().values() for s in g}  # fmt: skip
    (stream,) = streams["pi_ee/2016-2018"]
    written(f"data:\n  mine: {{files: ['a*.root'], dataset: 2016-2018, stream: {stream}}}\n")
    taken = 0
    for group in channels.searches().values():
        for search in group:
            if search.dataset == "2016-2018" and stream in streams[search.key]:
                assert search.samples.data == ("mine",)
                taken += 1
            else:
                assert search.samples == before[search.key]
    assert 0 < taken < len(before)


def test_paths_count_from_the_folder_of_the_file(written, tmp_path: Path) -> None:
    written("data:\n  mine: {files: ['a*.root', /far/b.root, 'root://host//c.root'], dataset: '2022', map: m.yaml}\n")
    sample = catalogue.catalogue().data["mine"]
    assert sample.files == (f"{tmp_path}/a*.root", "/far/b.root", "root://host//c.root")
    assert sample.map == f"{tmp_path}/m.yaml"


def test_a_data_set_like_another_has_its_searches_and_all_its_boxes_are_masked(written) -> None:
    written(
        PERIOD
        + "datasets:\n  '2024': {periods: ['2024'], like: 2016-2018}\n"
        + "data:\n  mine: {files: [a.root], dataset: '2024'}\n"
    )
    search = channels.search("pi_ee", "2024")
    assert search.samples.data == ("mine",)
    assert search.signal == channels.search("pi_ee", "2016-2018").signal
    boxes = {box.search: box for box in current_blinding().boxes}
    assert all(boxes[name].masks(np.array([14500])).all() for name in ("pi_ee", "mu_nu_ee"))


def test_what_opened_pseudo_data_does_not_open_data(written) -> None:
    """The records that are shipped are of pseudo-data: data of the same runs stay masked."""
    runs = np.array([models.conditions().periods["2018"].runs[0]])
    assert not {b.search: b for b in current_blinding().boxes}["pi_ee"].masks(runs).any()
    written("data:\n  mine: {files: [a.root], dataset: 2016-2018}\n")
    assert {b.search: b for b in current_blinding().boxes}["pi_ee"].masks(runs).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data:\n  data_2022: {files: [a.root], dataset: '2022'}\n", "data_2022 is in the catalogue already"),
        ("data:\n  mine: {files: [a.root], dataset: '1999'}\n", "sample mine: unknown data set '1999'; known: 2017"),
        ("data:\n  mine: {files: [], dataset: '2022'}\n", "files"),
        ("data:\n  mine: {file: [a.root], dataset: '2022'}\n", "file"),
        ("datasets:\n  '2024': {periods: ['2018'], like: '1999'}\n", "data set 2024 is like 1999"),
        ("datasets:\n  '2022': {periods: ['2018']}\n", "2022 is shipped: choose another name"),
        (PERIOD.replace("14000, 14999", "9000, 9100"), "overlap"),
        ("channels: [nowhere.py]\n", "no channel file .*nowhere.py"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(written, text: str, message: str) -> None:
    path = written(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        catalogue.catalogue()
    assert str(path) in str(error.value)


def test_a_catalogue_that_was_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.CATALOGUE, "/nowhere/mine.yaml")
    with pytest.raises(FileNotFoundError, match=r"no catalogue at /nowhere/mine\.yaml"):
        paths.user_catalogue_file()


def test_entries_are_added_and_comments_stay(written, tmp_path: Path) -> None:
    path = written("# mine\ndata:\n  # the first\n  one: {files: [a.root], dataset: '2022'}\n")
    result = CliRunner().invoke(data, ["add", "two", "2022", "b*.root", "c.root", "--map", "NA62Flat"])
    assert result.exit_code == 0, result.output
    assert path.read_text().startswith("# mine\ndata:\n")
    assert "# the first" in path.read_text()
    forget()
    assert models.user_catalogue().data["two"].files == (f"{tmp_path}/b*.root", f"{tmp_path}/c.root")
    assert models.user_catalogue().data["two"].map == "NA62Flat"
    for name, dataset, message in (
        ("one", "2022", "there is a sample one already"),
        ("new", "1999", "unknown data set"),
    ):
        failed = CliRunner().invoke(data, ["add", name, dataset, "b.root"])
        assert message in str(failed.exception)


def test_the_list_says_which_searches_take_a_sample(written) -> None:
    written("data:\n  mine: {files: [a.root], dataset: '2022', stream: nothing}\n")
    output = CliRunner().invoke(data, ["list"]).output
    assert "none takes it: no search of this data set reads this stream" in output
    written("data:\n  mine: {files: [a.root], dataset: '2022'}\n")
    assert "searches: pi_" in CliRunner().invoke(data, ["list"]).output


def test_a_new_channel_is_known_at_once(written) -> None:
    result = CliRunner().invoke(new, ["channel", "my_search"])
    assert result.exit_code == 0, result.output
    forget()
    search = channels.search("my_search", "2022")
    assert search.samples.signal == "my_search_signal"
    assert search.samples.signal in catalogue.catalogue().simulation
    assert "my_search" in {box.search for box in current_blinding().boxes}
    for name, message in (("my_search", "already"), ("My search", "small letters"), ("pi_ee", "already")):
        failed = CliRunner().invoke(new, ["channel", name])
        assert failed.exit_code == 2
        assert message in failed.output


def test_rules_and_streams_have_a_meaning() -> None:
    output = CliRunner().invoke(rules, []).output
    assert "electron(low, high): E/p around one." in output
    assert "vertex_identified_as(particles, by): Selects vertices" in output
    assert "VERTEX_Z" not in output
    listed = json.loads(CliRunner().invoke(streams, ["--json"]).output)
    assert {row["stream"] for row in listed} == {*STREAMS}
    assert "pi_ee" in next(row["searches"] for row in listed if row["stream"] == "dielectron")


def test_quantities_have_a_meaning_and_a_module() -> None:
    output = CliRunner().invoke(quantities, []).output
    assert "rarekaon.analysis.selection.three_track" in output
    assert "VERTEX_Z: vertex z [m]" in output
    assert "vertex_mass(" in output
