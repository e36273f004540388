"""What all commands have in common: names of options, defaults, --json, -q, --quick, what was meant."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli import voice
from rarekaon.analysis.cli.main import main
from rarekaon.analysis.cli.options import Command, Place, output, quick
from tests import command_line

SHORT = {"--output": "-o", "--quiet": "-q", "--verbose": "-v"}


COMMANDS = command_line.commands()


def options(name: str) -> dict[str, click.Option]:
    command = COMMANDS[name]
    return {
        p.opts[0] if p.opts[0].startswith("--") else p.opts[1]: p for p in command.params if isinstance(p, click.Option)
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_all_commands_have_the_common_options(name: str) -> None:
    assert {"--json", "--quiet", "--verbose"} <= set(options(name))


def test_an_option_of_one_name_is_the_same_everywhere() -> None:
    """Its default but for --output, its kind and its short form."""
    seen: dict[str, tuple[object, ...]] = {}
    for name in COMMANDS:
        for flag, option in options(name).items():
            if flag in SHORT:
                assert SHORT[flag] in option.opts, (name, flag)
            if flag in {"--output", "--origin", "--mass", "--limits"}:
                continue
            what = (type(option.type), option.default, option.multiple)
            if name == "simulate" and flag == "--workers":  # threads, not processes
                continue
            assert seen.setdefault(flag, what) == what, (name, flag)


@pytest.mark.parametrize("name", COMMANDS)
def test_quick_moves_every_path_that_a_run_makes(name: str) -> None:
    places = [p for p in options(name).values() if isinstance(p, Place)]
    context = click.Context(COMMANDS[name])
    before = [p.get_default(context) for p in places]
    context.meta["rarekaon.analysis.cli.options.quick"] = True
    after = [p.get_default(context) for p in places]
    assert [Path(b.parts[0], "quick", *b.parts[1:]) for b in before] == after
    assert {b.parts[0] for b in before} <= {"samples", "results"}


@click.command("made", cls=Command)
@output("results/x.json")
@quick("Small")
def made(output: Path, quick: bool) -> None:
    voice.note("a note")
    voice.show({"output": str(output), "quick": quick}, "a table")


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(made, arguments, catch_exceptions=False)
    return result.stdout, result.stderr


def test_results_go_to_the_output_and_notes_beside_it() -> None:
    assert run() == ("a table\n", "a note\n")
    assert run("-q") == ("a table\n", "")


def test_json_is_all_of_the_output_wherever_quick_stands() -> None:
    for arguments in (("--json", "--quick"), ("--quick", "--json")):
        assert json.loads(run(*arguments)[0]) == {"output": "results/quick/x.json", "quick": True}
    assert json.loads(run("--quick", "-o", "y.json", "--json")[0])["output"] == "y.json"


def test_progress_without_a_terminal_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 1.0, 11.0, 12.0, 25.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    with voice.progress("pi_ee") as report:
        for done in (1, 2, 3, 4):
            report(done, 4)
    assert capsys.readouterr().err == "pi_ee: 50% after 11 s\npi_ee: 100% after 25 s\n"


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("limit", "--obzerved", "1"), "--observed"),
        (("reprot",), "'report'"),
        (("searches", "pi_eee"), "pi_ee?"),
        (("run", "pi_mumuu"), "pi_mumu?"),
        (("simulate", "pi_ee_smm"), "pi_ee_sm?"),
        (("samples", "pi_ee_smm"), "pi_ee_sm?"),
        (("dump", "alpp"), "alp?"),
    ],
)
def test_what_was_meant_is_said(arguments: tuple[str, ...], meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(arguments)) == 2
    err = capsys.readouterr().err
    assert "Did you mean" in err or "did you mean" in err
    assert meant in err


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_errors_are_red_on_a_terminal_unless_nobody_wants_it(environment: dict[str, str], coloured: bool) -> None:
    code = "from rarekaon.analysis.cli.main import _show; _show(ValueError('x'), False)"
    ours, theirs = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    subprocess.run([sys.executable, "-c", code], stderr=theirs, env=clean | environment, check=True)
    os.close(theirs)
    assert (b"\x1b[31m" in os.read(ours, 1000)) == coloured
    os.close(ours)


def test_the_page_of_the_command_line_is_what_the_commands_are() -> None:
    assert command_line.PAGE.read_text() == command_line.page(), "run `python -m tests.command_line`"
