"""`kaon searches` shows every declared value."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from rarekaon.analysis.cli.searches import command
from rarekaon.analysis.search.channels import searches

NAME = next(iter(searches()))


def kaon_searches(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_every_search_is_listed_with_its_paper_and_samples() -> None:
    out = kaon_searches().output
    for search in (s for group in searches().values() for s in group):
        assert f"{search.name} {search.dataset}: {search.title}" in out
        assert search.paper in out
        assert ", ".join(search.samples.all) in out


def test_one_search_is_shown_with_all_its_cuts() -> None:
    lines = [line.strip() for line in kaon_searches(NAME).output.splitlines()]
    for search in searches()[NAME]:
        for selection in search.selections:
            assert all(cut.name in lines for cut in selection.cuts)
            assert all(any(f"region {r.name} (" in line for line in lines) for r in selection.regions)


def test_json_lists_cutflows() -> None:
    rows = json.loads(kaon_searches(NAME, "--json").output)
    declared = [[list(s.cutflow) for s in search.selections] for search in searches()[NAME]]
    assert [[s["cutflow"] for s in row["selections"]] for row in rows] == declared


def test_an_unknown_search() -> None:
    result = kaon_searches("pi_pi")
    assert result.exit_code == 2
    assert f"unknown search pi_pi: there are {NAME}" in result.output
