"""`docs/command-line.md`, from the commands themselves: `python -m tests.command_line` writes it."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from rarekaon.analysis.cli.main import COMMANDS, kaon
from rarekaon.analysis.cli.options import Command

PAGE = Path(__file__).resolve().parents[1] / "docs/command-line.md"
HEAD = """# The command line

Written by `python -m tests.command_line`; a test compares it with the commands.

A command prints its result on the standard output and everything else on the error stream. Without a terminal a long
command writes a line of progress every ten seconds. `NO_COLOR` is respected.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | something failed; the last line says what and what to do, `kaon --debug ...` shows the traceback |
| 2 | the command was called wrongly |
| 130 | interrupted |

Completion of commands and options, for bash (zsh and fish alike): `eval "$(_KAON_COMPLETE=bash_source kaon)"`.
"""
COMMON = [p for p in Command(None).params if isinstance(p, click.Option)]


def commands() -> dict[str, click.Command]:
    """All commands, those of a group by its name and theirs."""
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command: click.Command = importlib.import_module(f"rarekaon.analysis.cli.{name}").command
        inside = command.commands if isinstance(command, click.Group) else {}
        found |= {f"{name} {inner}": c for inner, c in inside.items()} or {name: command}
    return found


def page() -> str:
    """The whole page."""
    context = click.Context(kaon, info_name="kaon")
    parts = [HEAD, "## In every command", _table(COMMON, context)]
    for name, command in commands().items():
        line = COMMANDS.get(name) or command.get_short_help_str(limit=100)
        below = click.Context(command, info_name=name, parent=context)
        usage = " ".join(["kaon", name, *command.collect_usage_pieces(below)]).replace("[OPTIONS]", "[options]")
        common = {p.name for p in COMMON}
        own = [p for p in command.params if isinstance(p, click.Option) and p.name not in common]
        parts += [f"## kaon {name}", line, f"`{usage}`", _table(own, below)] if own else [f"## kaon {name}", line]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(options: list[click.Option], context: click.Context) -> str:
    records = [option.get_help_record(context) or ("", "") for option in options]
    rows = [f"| `{_cell(flags)}` | {_cell(meaning)} |" for flags, meaning in records]
    return "\n".join(["| option | |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
