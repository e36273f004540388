"""The Makefile's dependencies: what is made again, and what is not, when something changes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import grimp
import pytest
from grimp import ImportGraph

ROOT = Path(__file__).resolve().parents[1]
CHANNEL = "processors/pi_ee.py"
"""A channel file that, in these tests, declares a sample named own."""
TARGETS = (
    "limits",
    "test",
    "sites",
    "lint",
    "imports",
    "samples",
    "histograms",
    "dump",
    "report",
    "notebooks",
    "bench",
    "fuzz",
    "wheel",
    "root",
    "clean",
    "help",
)

FAKE_KAON = """#!/bin/sh
if [ "$2" = --files ]; then cat names; exit; fi
echo "kaon $*" >> log
output=$(echo "$*" | sed 's/.*--output \\([^ ]*\\).*/\\1/')
case $1 in
    simulate)
        mkdir -p $output
        for name in $(echo "$*" | sed 's/simulate \\(.*\\) --workers.*/\\1/; s/ --quick//'); do
            [ "$name" = "$(cat broken 2>/dev/null)" ] && exit 1
            touch $output/$name.root
        done ;;
    run) mkdir -p $output; touch $output/run.json ;;
    limits) touch $output ;;
esac
"""


def make(place: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "QUICK", "WORKERS")}
    done = subprocess.run(
        ["make", *arguments], cwd=place, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The sources with an environment whose `kaon` only notes what it was asked for and touches its output."""
    for name in ("analysis", "processors", "datasets"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "src", tmp_path / "src", symlinks=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests").mkdir()
    catalogue = (tmp_path / "datasets" / "catalogue.yaml").read_text()
    names = re.findall(r"^  ([\w.-]+):", catalogue, flags=re.MULTILINE)
    assert len(names) >= 8
    (tmp_path / "names").write_text("".join(f"{n} datasets/catalogue.yaml\n" for n in names) + f"own {CHANNEL}\n")
    program = tmp_path / ".venv" / "bin" / "kaon"
    program.parent.mkdir(parents=True)
    program.write_text(FAKE_KAON)
    program.chmod(0o755)
    old = time.time() - 1000
    for path in tmp_path.rglob("*"):
        os.utime(path, (old, old))
    (tmp_path / ".venv" / ".installed").touch()
    return tmp_path


def log(place: Path) -> list[str]:
    """What `kaon` was asked for since the last look."""
    path = place / "log"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def commands(lines: list[str]) -> list[str]:
    return [line.split()[1] for line in lines]


def simulated(line: str) -> list[str]:
    """Names in a call of `kaon simulate`."""
    words = line.split()[2:]
    return words[: next(k for k, word in enumerate(words) if word.startswith("--"))]


def samples(place: Path) -> list[str]:
    return [line.split()[0] for line in (place / "names").read_text().splitlines()]


def test_help_is_the_default_and_lists_every_target() -> None:
    listed = make(ROOT)
    assert listed == make(ROOT, "help")
    assert [t for t in TARGETS if f"  make {t} " not in listed] == []


def test_limits_makes_everything_in_order(clone: Path) -> None:
    make(clone, "limits")
    lines = log(clone)
    assert commands(lines) == ["simulate", "run", "limits"]
    assert simulated(lines[0]) == samples(clone)
    assert (clone / "results" / "limits.json").exists()


def test_a_second_time_nothing_is_done_and_quickly(clone: Path) -> None:
    make(clone, "limits")
    log(clone)
    start = time.monotonic()
    output = make(clone, "limits")
    assert time.monotonic() - start < 2
    assert "Nothing to be done" in output
    assert log(clone) == []


def test_compiled_code_is_no_source(clone: Path) -> None:
    """Commands compile kernels that no command before needed, and keep them beside the sources."""
    make(clone, "limits")
    log(clone)
    time.sleep(0.01)
    compiled = clone / "analysis" / "kernels" / "__pycache__" / "events" / "checked.nbi"
    compiled.parent.mkdir(parents=True)
    compiled.touch()
    assert "Nothing to be done" in make(clone, "limits")
    assert log(clone) == []


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("processors/mu_nu_ee.py", ["run", "limits"]),
        ("analysis/processing/processor.py", ["run", "limits"]),
        ("analysis/processing/blinding.py", ["run", "limits"]),
        ("analysis/limits/scans.py", ["limits"]),
        ("datasets/branching_fractions.yaml", ["simulate", "run", "limits"]),
        ("datasets/conditions.yaml", ["simulate", "run", "limits"]),
        ("analysis/contract/schema.py", ["simulate", "run", "limits"]),
        ("analysis/cli/main.py", []),
    ],
)
def test_what_depends_on_a_source_is_made_again(changed: str, again: list[str], clone: Path) -> None:
    make(clone, "limits")
    log(clone)
    time.sleep(0.01)
    (clone / changed).touch()
    make(clone, "limits")
    assert list(dict.fromkeys(commands(log(clone)))) == again


def prerequisites(place: Path) -> dict[str, set[str]]:
    """The files that each target is made from, as make itself has read its Makefile."""
    rules: dict[str, set[str]] = {}
    database = make(place, "--print-data-base", "--dry-run", "limits")
    for target, files in re.findall(r"^(\S+):(?!=) ?([^|\n]*)", database, re.MULTILINE):
        rules.setdefault(target, set()).update(files.split())
    return rules


def upstream(graph: ImportGraph, *rooms: str) -> set[str]:
    """Files of the modules that these packages are or import, however indirectly."""
    found: set[str] = set()
    for room in rooms:
        inside = graph.find_descendants(room) | {room}
        found |= inside | {name for module in inside for name in graph.find_upstream_modules(module)}
    paths = [name.removeprefix("rarekaon").lstrip(".").replace(".", "/") for name in found]
    return {path for name in paths for path in (f"{name}.py", f"{name}/__init__.py") if name and (ROOT / path).exists()}


def test_no_module_is_forgotten(clone: Path) -> None:
    """What imports a module, by import-linter's own reading of the sources, is made again when it changes."""
    graph = grimp.build_graph("rarekaon", exclude_type_checking_imports=True)
    rules, prefix = prerequisites(clone), "rarekaon.analysis."
    simulation = upstream(graph, prefix + "simulation")
    selection = upstream(graph, "rarekaon.processors", prefix + "processing", prefix + "execution")
    inference = upstream(graph, prefix + "limits", prefix + "statistics")
    assert min(len(simulation), len(selection), len(inference)) > 40
    samples, histograms = rules["samples/.made"], rules["results/histograms/run.json"]
    limits = rules["results/limits.json"]
    assert "samples/.made" in histograms
    assert "results/histograms/run.json" in limits
    # of channel files the simulation takes the samples they declare, which have rules of their own
    assert simulation - {"processors/__init__.py"} - samples == set()
    assert selection - histograms - samples == set()
    assert inference - limits - histograms - samples == set()


def test_every_folder_stands_in_a_group_of_the_makefile() -> None:
    text = (ROOT / "Makefile").read_text()
    folders = {p.parent.name for p in (ROOT / "analysis").glob("*/__init__.py")}
    assert sorted(name for name in folders if not re.search(rf"\b{name}\b", text)) == []


def test_a_channel_file_makes_its_own_samples_again(clone: Path) -> None:
    make(clone, "limits")
    log(clone)
    time.sleep(0.01)
    (clone / CHANNEL).touch()
    make(clone, "limits")
    lines = log(clone)
    assert commands(lines) == ["simulate", "run", "limits"]
    assert simulated(lines[0]) == ["own"]


def test_a_new_sample_is_made_without_touching_the_makefile(clone: Path) -> None:
    make(clone, "limits")
    log(clone)
    with (clone / "names").open("a") as names:
        names.write("newcomer processors/newcomer.py\n")
    time.sleep(0.01)
    (clone / "processors" / "newcomer.py").touch()
    make(clone, "limits")
    lines = log(clone)
    assert commands(lines) == ["simulate", "run", "limits"]
    assert simulated(lines[0]) == ["newcomer"]


def test_one_missing_sample_is_made_alone(clone: Path) -> None:
    make(clone, "limits")
    log(clone)
    name = samples(clone)[2]
    (clone / "samples" / f"{name}.root").unlink()
    make(clone, "limits")
    lines = log(clone)
    assert commands(lines) == ["simulate", "run", "limits"]
    assert simulated(lines[0]) == [name]


def test_samples_that_were_not_made_are_made_the_next_time(clone: Path) -> None:
    names = samples(clone)
    (clone / "broken").write_text(names[2])
    with pytest.raises(subprocess.CalledProcessError):
        make(clone, "limits")
    (clone / "broken").unlink()
    assert commands(log(clone)) == ["simulate"]
    make(clone, "limits")
    lines = log(clone)
    assert commands(lines) == ["simulate", "run", "limits"]
    assert simulated(lines[0]) == names[2:]


def test_quick_results_do_not_mix_with_the_others(clone: Path) -> None:
    make(clone, "limits", "QUICK=1")
    lines = log(clone)
    assert all("--quick" in line for line in lines if "limits" not in line)
    assert (clone / "results" / "quick" / "limits.json").exists()
    assert not (clone / "results" / "limits.json").exists()


def test_the_number_of_workers_is_passed_on(clone: Path) -> None:
    make(clone, "limits", "WORKERS=7")
    assert all("--workers 7" in line for line in log(clone) if "limits" not in line)


def test_clean_keeps_the_environment_and_the_sources(clone: Path) -> None:
    make(clone, "limits")
    make(clone, "clean")
    assert not (clone / "samples").exists()
    assert not (clone / "results").exists()
    assert (clone / ".venv" / ".installed").exists()
    assert (clone / "analysis" / "contract" / "schema.py").exists()
