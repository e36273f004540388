"""The front of the command line: quick to start, and plain about errors."""

from __future__ import annotations

import importlib
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from rarekaon import __version__
from rarekaon.analysis.cli import main as module
from rarekaon.analysis.cli.main import COMMANDS, FAILED, INTERRUPTED, MISUSED, is_ours, main
from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.execution import ChunkError, InputFileError

HEAVY = ("numpy", "awkward", "coffea", "uproot", "hist", "distributed", "numba", "scipy", "pydantic", "rich")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes `kaon searches` raise what a test wants."""

    def raising(error: BaseException) -> None:
        @click.command()
        def fails() -> None:
            raise error

        monkeypatch.setattr(importlib.import_module("rarekaon.analysis.cli.searches"), "command", fails)

    return raising


def test_sigterm_does_what_ctrl_c_does(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def ended() -> None:
        signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(importlib.import_module("rarekaon.analysis.cli.searches"), "command", ended)
    assert main(["searches"]) == INTERRUPTED
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_helps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"Usage: kaon {name}" in capsys.readouterr().out


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    load = "import sys; from rarekaon.analysis.cli.main import main"
    code = f"{load}; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stderr.split())


def test_help_is_quick() -> None:
    """Under 0.3 s of processor time, start of the interpreter included."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "rarekaon.analysis.cli", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fly"]) == MISUSED
    assert "No such command 'fly'" in capsys.readouterr().err


def test_a_bad_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--colour"]) == MISUSED
    assert "--colour" in capsys.readouterr().err


def test_an_error_of_ours_is_one_line(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command(InputFileError("a.root is cut short: make it again"))
    assert main(["searches"]) == FAILED
    assert capsys.readouterr().err == "kaon: a.root is cut short: make it again\n"


def test_a_key_error_is_shown_without_quotes(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    class UnknownError(KeyError):
        __module__ = "rarekaon.analysis.somewhere"

    command(UnknownError("no search 'pi'; there are pi_ee"))
    assert main(["searches"]) == FAILED
    assert capsys.readouterr().err == "kaon: no search 'pi'; there are pi_ee\n"


def test_a_bug_is_named_and_points_to_the_traceback(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command(ZeroDivisionError("division by zero"))
    assert main(["searches"]) == FAILED
    err = capsys.readouterr().err
    assert err == f"kaon: ZeroDivisionError: division by zero\n{module.HINT}\n"


@pytest.mark.parametrize("error", [ZeroDivisionError("boom"), InputFileError("bad file")])
def test_debug_shows_the_traceback(error: Exception, command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command(error)
    assert main(["--debug", "searches"]) == FAILED
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert Path(__file__).name in err


def test_debug_shows_the_traceback_of_a_worker(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command(ChunkError("events 0 to 5 failed", "Traceback from far away"))
    main(["--debug", "searches"])
    assert capsys.readouterr().err == "Traceback from far away\nkaon: events 0 to 5 failed\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_interruption(error: BaseException, command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command(error)
    assert main(["searches"]) == INTERRUPTED
    assert capsys.readouterr().err.strip() == "interrupted"


def test_value_errors_raised_here_are_ours_and_others_are_not() -> None:
    with pytest.raises(ValueError, match="unknown particle") as ours:
        particle("tau")
    with pytest.raises(ValueError, match="invalid literal") as foreign:
        int("x")
    assert is_ours(ours.value)
    assert not is_ours(foreign.value)
