"""The same workspace in three formats: what is written is read again, and has the same limit."""

import json

import pytest
from click.testing import CliRunner

from rarekaon.analysis.cli.limit import command
from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.limits.workspaces import published_export
from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit
from rarekaon.analysis.statistics.datacard import from_datacard, to_datacard
from rarekaon.analysis.statistics.hs3 import from_hs3, to_hs3
from rarekaon.analysis.statistics.hybrid import workspace_limit
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, workspace
from rarekaon.analysis.statistics.workspace_files import read_workspace, save_workspace

REGIONS = (
    RegionCounts("lower", 8, (Sample("K3pi", 0.9), Sample("pi0D e nu", 3.7, systematics=(("misid", 0.7),)))),
    RegionCounts(
        "signal",
        3,
        (
            Sample("pi0D e nu", 2.0, 0.25, (("misid", 0.6),)),
            Sample("e nu e e", 0.5, 0.0, (("theory", 0.1),), "lognormal"),
        ),
        0.5,
    ),
)
PUBLISHED = [paper for paper in all_published().values() if paper.count is not None]

CARD = """
# a counting experiment with two backgrounds, one of them counted in data
imax 1 number of channels
jmax 2 number of backgrounds
kmax 3 number of errors
----------
bin signal
observation 3
----------
bin signal signal signal
process K_to_pi_ee pions electrons
process 0 1 2
rate 1.0 1.2 0.5
----------
acceptance lnN 1.05 - -
rate_of_pions lnN - 0.9/1.2 -
sideband gmN 4 - - 0.125
"""


def written():
    return workspace(REGIONS, [("branching fraction", 0.03)])


def test_what_is_written_is_read_again():
    content = written()
    assert from_hs3(to_hs3(content))["channels"] == content["channels"]
    card = to_datacard(content)
    assert to_datacard(from_datacard(card)) == card
    assert workspace_limit(from_datacard(card)).upper_limit == workspace_limit(content).upper_limit


@pytest.mark.parametrize("paper", PUBLISHED, ids=lambda paper: f"{paper.search} {paper.dataset}")
def test_published_searches_have_the_limit_in_every_format(tmp_path, paper):
    content = published_export(paper).workspace()
    limit = workspace_limit(content, toys=2**12).upper_limit
    for name in ("w.json", "w.hs3.json", "w.txt"):
        save_workspace(tmp_path / name, content)
        found = workspace_limit(read_workspace(tmp_path / name), toys=2**12).upper_limit
        assert found == pytest.approx(limit, rel=5e-3)  # the order of the draws differs


def test_a_datacard_says_what_its_lines_mean():
    content = from_datacard(CARD)
    (channel,) = content["channels"]
    signal, pions, electrons = channel["samples"]
    assert {m["name"]: m["type"] for m in signal["modifiers"]} == {"r": "normfactor", "acceptance": "normsys"}
    assert signal["modifiers"][1]["data"] == {"lo": 1 / 1.05, "hi": 1.05}
    assert pions["modifiers"][0]["data"] == {"lo": 0.9, "hi": 1.2}
    assert electrons["modifiers"] == [{"name": "sideband", "type": "shapesys", "data": [0.25]}]
    exact = upper_limit(
        3, [Background(1.2, 0.18, "lognormal"), Background(0.5, 0.25, "gamma_posterior")], ses_error=0.05
    )
    assert workspace_limit(content).upper_limit == pytest.approx(exact.signal_events, rel=0.02)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("acceptance lnN 1.05 - -", "acceptance lnN 1.05 -", "acceptance lnN"),
        ("acceptance lnN", "acceptance shapeN", "acceptance shapeN"),
        ("lnN 1.05", "lnN high", "high"),
        ("gmN 4", "gmN 0", "counts no event"),
        ("0.125", "0.3", "events times weight"),
        ("rate 1.0 1.2 0.5", "rate 1.0 1.2", "different lengths"),
        ("observation 3", "observation 3 4", "fit together"),
        ("kmax 3", "shapes * * file.root\nkmax 3", "shapes"),
        ("process 0 1 2\n", "", "it needs bin"),
    ],
)
def test_what_is_not_understood_of_a_datacard_is_said(old, new, place):
    with pytest.raises(ArgumentError, match=place):
        from_datacard(CARD.replace(old, new))


def test_what_is_not_understood_of_hs3_is_said():
    content = to_hs3(written())
    other = json.loads(json.dumps(content).replace('"Gauss"', '"Poisson"'))
    with pytest.raises(ArgumentError, match="constraint Poisson"):
        from_hs3(other)
    with pytest.raises(ArgumentError, match="shapesys"):
        from_hs3(json.loads(json.dumps(content).replace('"normsys"', '"shapesys"')))
    with pytest.raises(ArgumentError, match="no histfactory_dist"):
        from_hs3(json.loads(json.dumps(content).replace('"histfactory_dist"', '"gaussian_dist"')))
    with pytest.raises(ArgumentError, match="data_lower"):
        from_hs3(content | {"data": []})
    with pytest.raises(ArgumentError, match="no HS3"):
        from_hs3({"distributions": []})


def test_on_the_command_line(tmp_path):
    card, again = tmp_path / "card.txt", tmp_path / "card.hs3.json"
    card.write_text(CARD)
    assert CliRunner().invoke(command, ["--workspace", str(card), "--convert", str(again)]).exit_code == 0
    limits = [CliRunner().invoke(command, ["--workspace", str(p), "--json"]).output for p in (card, again)]
    first, second = (json.loads(text)["upper_limit"] for text in limits)
    assert first == pytest.approx(second, rel=5e-3)
    card.write_text("bin a\n")
    result = CliRunner().invoke(command, ["--workspace", str(card)])
    assert result.exit_code == 2
    assert "card.txt: datacard: it needs" in result.output.replace("\n", " ")
