"""Every command that the README and the pages of the site show is run, on small samples."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from rarekaon.analysis.cli.main import main
from tests.command_line import commands

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/five-minutes.md", "docs/tutorial.md", "docs/publishing.md")
SHORTER = {"report": ["pi_mu_e"], "publish": ["pi_mu_e"], "stability": ["--cut", "vertex_z:low=105,115"]}
"""Commands that do the same for every search do it for one here; tests of their own do it for all."""
STANDS_FOR = {
    "results/bundle.zip": "results/quick/bundle.zip",
    "results/after": "results/quick",
    "NAME": "mine",
    "...": "A. Physicist",
    "DATASET": "2022",
    "FILES...": "../samples/quick/data_2022.root",
    "FILE": "workspace.json",
}
"""What the pages leave to the reader, and where full samples would leave their results."""
OWN = {"new channel", "data add", "data check", "data list"}
"""Commands that enter something into a catalogue of the user's, in a folder of its own."""
REFUSED = {"unblind": "quick samples"}
"""Commands that small samples are refused, with a word of the reason."""
COUNTS = """
channels:
  electrons:
    observed: 0
    ses: {value: 2.28e-11, error: 0.07e-11}
    backgrounds: {all: {expected: 0.43, error: 0.09, prior: truncated_gaussian}}
"""

WORKSPACE = {
    "channels": [
        {
            "name": "signal",
            "samples": [
                {"name": "signal", "data": [1.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
                {"name": "background", "data": [0.5], "modifiers": []},
            ],
        }
    ],
    "observations": [{"name": "signal", "data": [0.0]}],
    "measurements": [{"name": "limit", "config": {"poi": "mu", "parameters": []}}],
    "version": "1.0.0",
}


def shown(page: str) -> list[list[str]]:
    """The commands of a page, those in code blocks and those named in sentences and tables."""
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```sh$(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n")]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`((?:kaon|make) [^`]+)`", prose) if page == "README.md" else []
    found = [shlex.split(line, comments=True) for line in (*lines, *named)]
    return [words for words in found if words and words[0] in {"kaon", "make"} and not is_name(words)]


def is_name(words: list[str]) -> bool:
    """Whether a sentence speaks of a command, and does not say how to call it."""
    return words[0] == "kaon" and len(words) == 2 and any(p.required for p in command_of(words)[1].params)


def command_of(words: list[str]) -> tuple[str, click.Command]:
    """The command that the words call, with its name."""
    known = commands()
    name = " ".join(words[1:3]) if " ".join(words[1:3]) in known else words[1]
    return name, known[name]


EVERY = list(dict.fromkeys(tuple(words) for page in PAGES for words in shown(page)))
KAON = [words for words in EVERY if words[0] == "kaon"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a user with small samples and their results."""
    place = tmp_path_factory.mktemp("user")
    (place / "samples/quick").mkdir(parents=True)
    for path in (ROOT / "samples/quick").glob("*.root"):
        (place / "samples/quick" / path.name).symlink_to(path)
    shutil.copytree(ROOT / "results/quick", place / "results/quick", ignore=shutil.ignore_patterns("pieces", "site"))
    shutil.copytree(place / "results/quick", place / "results/before")
    (place / "own").mkdir()
    (place / "counts.yaml").write_text(COUNTS)
    (place / "workspace.json").write_text(json.dumps(WORKSPACE))
    return place


def test_pages_show_commands() -> None:
    assert len(KAON) > 30
    assert {"limits", "run", "report", "publish", "verify", "unblind"} <= {command_of(list(w))[0] for w in KAON}


@pytest.mark.parametrize("words", [words for words in EVERY if words[0] == "make"], ids=" ".join)
def test_targets_of_make_are_there(words: tuple[str, ...]) -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [word for word in words[1:] if "=" not in word and word not in targets] == []


@pytest.mark.parametrize("words", KAON, ids=" ".join)
def test_a_command_does_what_it_says(
    words: tuple[str, ...], place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name, command = command_of(list(words))
    arguments = [STANDS_FOR.get(word, word) for word in words[1:]]
    options = {flag for parameter in command.params for flag in parameter.opts}
    arguments += ["--quick"] if "--quick" in options and "--quick" not in arguments else []
    arguments += SHORTER.get(name, []) if "--cut" not in arguments else []
    arguments += ["--backend", "iterative"] if "--backend" in options and "--backend" not in arguments else []
    if name == "unblind":
        arguments += ["--histograms", "results/quick/histograms", "--backgrounds", "results/quick/backgrounds.json"]
    monkeypatch.chdir(place / "own" if name in OWN else place)
    code = main(arguments)
    said = capfd.readouterr()
    if name in REFUSED:
        assert code != 0
        assert REFUSED[name] in said.err
    else:
        assert code == 0, said.err
