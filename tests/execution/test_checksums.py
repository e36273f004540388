"""Files against their checksums: the one inside a file of ours, and those that the catalogue states."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot
import yaml

from rarekaon.analysis.execution import InputFileError
from rarekaon.analysis.execution.checksums import check_bytes, has_checksum, state
from rarekaon.analysis.execution.inputs import inspect_file
from rarekaon.analysis.facts.checksums import Checksums, checksums
from rarekaon.analysis.facts.paths import VARIABLE, datasets_path
from rarekaon.analysis.simulation.samples.writer import SampleWriter
from tests.damaged_files.sample import good_columns, write

SAMPLE = "measured"
ROWS = {
    "decay": [1],
    "seed": [1],
    "block": [0],
    "generated": [9],
    "weight": [9.0],
    "weight_in_fv": [4.0],
    "events": [0],
}


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


@pytest.fixture
def facts(tmp_path, monkeypatch):
    """A folder of facts of one's own, with a data sample of two files."""
    place = Path(shutil.copytree(datasets_path(), tmp_path / "facts"))
    columns = good_columns(60)
    for n in (0, 1):
        part = {name: values[n::2] for name, values in columns.items()}
        write(tmp_path / f"data{n}.root", part)
    content = yaml.safe_load((place / "catalogue.yaml").read_text())
    content["data"] = {SAMPLE: {"files": [str(tmp_path / "data*.root")], "dataset": "2016-2018"}}
    (place / "catalogue.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setenv(VARIABLE, str(place))
    checksums.cache_clear()
    yield place
    checksums.cache_clear()


def paths(tmp_path: Path) -> list[str]:
    return [str(tmp_path / f"data{n}.root") for n in (0, 1)]


def test_what_is_stated_is_compared(facts, tmp_path):
    first, second = paths(tmp_path)
    assert not has_checksum(SAMPLE, first)
    assert state(SAMPLE, [first, second]) == []
    assert has_checksum(SAMPLE, first)
    assert not has_checksum("another", first)
    for path in (first, second):
        check_bytes(SAMPLE, path, path)
        inspect_file((SAMPLE, path))
    flip(Path(second), 20_000)
    check_bytes("another", second, second)
    with pytest.raises(InputFileError, match=r"data1.root is not the file that .*checksums.yaml states: copy it again"):
        inspect_file((SAMPLE, second))
    assert state(SAMPLE, [first, second]) == [second]
    check_bytes(SAMPLE, second, second)


@pytest.fixture(params=["ttree", "rntuple"])
def ours(request, tmp_path):
    with SampleWriter(tmp_path / "ours.root", truth=True, identity="ours", file_format=request.param) as writer:
        writer.write_side({name: np.array(values) for name, values in ROWS.items()})
    return tmp_path / "ours.root"


def test_a_flipped_bit_in_a_file_of_ours_is_found(ours):
    inspect_file(("toy", str(ours)))
    for at in (40, 5000, ours.stat().st_size - 3000):
        flip(ours, at)
        with pytest.raises(InputFileError, match=r"ours.root is damaged: its bytes are not those of the checksum"):
            inspect_file(("toy", str(ours)))
        flip(ours, at)


def test_a_file_of_ours_that_something_was_added_to_is_taken(ours):
    with uproot.update(ours) as added:
        added["note"] = "calibrated by somebody"
    inspect_file(("toy", str(ours)))


def test_files_elsewhere_have_none(facts):
    assert not has_checksum(SAMPLE, "root://somewhere//data.root")


def test_what_cannot_be_read_is_named(facts, tmp_path):
    with pytest.raises(InputFileError, match=r"nothing.root cannot be read \(No such file"):
        state(SAMPLE, [str(tmp_path / "nothing.root")])


def test_checksums_that_are_none_are_refused():
    with pytest.raises(ValueError, match="xxh3"):
        Checksums.model_validate({"data": {SAMPLE: {"x.root": {"size": 1, "xxh3": "abc"}}}})


def kaon(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rarekaon.analysis.cli", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=dict(os.environ), timeout=300)


def test_the_command(facts, tmp_path):
    done = kaon("catalogue", "check", "--samples", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"{SAMPLE}: 2 files, 2 without a checksum\n"), done.stderr
    done = kaon("catalogue", "check", SAMPLE, "--write")
    assert (done.returncode, done.stdout) == (0, f"{SAMPLE}: 2 files as their checksums say\n"), done.stderr
    for path in paths(tmp_path):
        flip(Path(path), 30_000)
    done = kaon("catalogue", "check", SAMPLE)
    assert done.returncode == 1
    assert [f"data{n}.root is not the file" in line for n, line in enumerate(done.stderr.splitlines())] == [True, True]
    done = kaon("run", "pi_ee", "--samples", str(tmp_path), "--dry-run")
    assert done.returncode != 0


def test_the_command_names_what_is_missing(facts, tmp_path):
    done = kaon("catalogue", "check", "pi_ee_sm", "--samples", str(tmp_path))
    assert done.returncode == 1
    assert "pi_ee_sm.root does not exist: make it with `kaon simulate pi_ee_sm" in done.stderr
