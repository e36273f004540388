"""`kaon schema` says all of the contract, and nothing else."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.schema import command
from rarekaon.analysis.contract import schema


def output(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("truth", [True, False])
def test_json_holds_every_branch(truth: bool) -> None:
    content = json.loads(output("--json", "--truth" if truth else "--no-truth"))
    events = {row["name"]: row for row in content["trees"]["Events"]}
    expected = schema.branches(truth=truth)
    assert list(events) == list(expected)
    assert all(events[name]["dtype"] == b.dtype and events[name]["unit"] == b.unit for name, b in expected.items())
    assert events["Track_x"]["counter"] == "nTrack"
    assert events["run"]["counter"] is None
    assert ("Generation" in content["trees"]) == truth


@pytest.mark.parametrize("truth", [True, False])
def test_markdown_names_every_branch_once(truth: bool) -> None:
    text = output("--truth" if truth else "--no-truth")
    named = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    counters = {c.counter for c in schema.COLLECTIONS}
    sides = [b.name for s in (schema.BURSTS, *((schema.GENERATION,) if truth else ())) for b in s.fields]
    assert sorted(named) == sorted([*(set(schema.branches(truth=truth)) - counters), *sides])
    assert all(f"[{c.counter}]" in text for c in schema.COLLECTIONS if truth or not c.truth)
