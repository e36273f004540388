"""`kaon limits` and `kaon unblind`, on histograms made by hand: control regions first, the box afterwards."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import yaml

from rarekaon.analysis.cli.main import main
from rarekaon.analysis.events.exposure import Exposure
from rarekaon.analysis.execution.store import load, save
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.unblinding import records
from rarekaon.analysis.processing.unblinding import is_open, opened_runs
from rarekaon.analysis.results.provenance import Input, provenance
from rarekaon.analysis.results.records import Limits, write_json
from rarekaon.analysis.results.runs import made_now
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search
from tests.hand_made import booked
from tests.records import own_facts, record

BLIND = search("pi_ee", "2022")
INPUTS = (Input("data_2022", "data_2022.root", "1234", 1000, None),)


def whole(name: str) -> dict[str, float]:
    """The exposure of a sample that is not a quick one; its decays have a weight of one in a hundred."""
    if name in catalogue().simulation:
        decays = catalogue().simulation[name].decays
        return Exposure(simulated=True, events=1, generated=decays, weight=1e6, weight_in_fv=1e6).as_numbers()
    periods = [conditions().periods[p] for p in catalogue().pseudo_data[name].periods]
    bursts = sum(p.bursts_per_run * (p.runs[1] - p.runs[0] + 1) for p in periods)
    return Exposure(simulated=False, events=1, bursts=bursts).as_numbers()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Records of the published data sets, in a folder of facts of the test's own."""
    return own_facts(tmp_path, monkeypatch, masked=False)


@pytest.fixture
def stored(tmp_path, folder):
    """Writes histograms with the counts of the control regions, and the record that `kaon run` writes beside them."""

    def store(counts, *, quick=False, decays=1.0):
        content = {}
        for dataset in ("2016-2018", "2017", "2022"):
            what = search("pi_ee", dataset)
            observed = None if dataset == "2022" else {"signal": (0.0, 0.0)}
            for sample, part in booked(what, observed=observed, controls=counts).samples.items():
                content.setdefault(sample, {}).update(part)
        candidates = content["data_2022"]["2022"]["normalisation"]["regions"].view()
        candidates["value"], candidates["variance"] = decays * candidates["value"], decays * candidates["variance"]
        for sample in () if quick else content:
            content[sample]["exposure"] = whole(sample)
        path = tmp_path / "histograms/pi_ee.zip"
        save(path, content)
        made = {"pi_ee": asdict(made_now(path, INPUTS, opened_runs()))}
        write_json(path.with_name("run.json"), {"provenance": provenance(open_boxes=[]), "histograms": made})
        return ["limits", "--histograms", str(path.parent), "--output", str(tmp_path / "limits.json")]

    return store


def opening(tmp_path, *more, name="pi_ee", dataset="2022", who="A. Student", why="approved on 1 July"):
    places = ["--histograms", str(tmp_path / "histograms"), "--backgrounds", str(tmp_path / "backgrounds.json")]
    return ["unblind", name, dataset, "--who", who, "--why", why, *places, *more]


def expected(tmp_path):
    rows = json.loads((tmp_path / "backgrounds.json").read_text())["rows"]
    return {r["region"]: r["expected"] for r in rows if (r["dataset"], r["mode"]) == ("2022", "total")}


@pytest.fixture
def agreeing(stored, tmp_path, capsys):
    """Histograms whose control regions agree, with their table; what `kaon limits` published."""
    assert main(stored((11, 2))) == 0
    counts = expected(tmp_path)
    capsys.readouterr()
    assert main(stored((round(counts["lower"]), round(counts["upper"])))) == 0
    return capsys.readouterr().out


DESPITE = ("--despite", "the control regions of this example are small")


def test_limits_are_written_and_shown(agreeing, tmp_path):
    found = Limits.read(tmp_path / "limits.json")
    assert {r.origin for r in found.limits} == {"events", "published"}
    for text in ("blind", "masked", "5.3e-11", "Open boxes", "maintainers"):
        assert text in agreeing
    assert found.failures == ()


def test_open_boxes_are_listed_in_every_result(agreeing, tmp_path):
    for name in ("limits", "backgrounds", "scans", "controls"):
        boxes = json.loads((tmp_path / f"{name}.json").read_text())["provenance"]["open_boxes"]
        assert {(b["search"], b["dataset"]) for b in boxes} == {(r.search, r.dataset) for r in records().values()}
        assert all(b["who"] and b["why"] and b["when"] for b in boxes)


def test_published_limits_need_no_events(tmp_path):
    assert main(["limits", "--origin", "published", "--output", str(tmp_path / "limits.json")]) == 0
    assert len(Limits.read(tmp_path / "limits.json").limits) == 8


def test_limits_without_histograms_say_what_to_do(tmp_path, capsys):
    assert main(["limits", "--histograms", str(tmp_path), "--output", str(tmp_path / "limits.json")]) == 1
    assert "make histograms" in capsys.readouterr().err


def test_the_box_opens_after_the_control_regions_agree(agreeing, folder, tmp_path, capsys):
    assert main(opening(tmp_path, "--dry-run", *DESPITE)) == 0
    assert "stays masked: --dry-run" in capsys.readouterr().err
    assert not is_open(BLIND)
    assert main(opening(tmp_path, "--yes", *DESPITE)) == 0
    assert is_open(BLIND)
    content = yaml.safe_load((folder / "pi_ee_2022.yaml").read_text())
    assert content["who"] == "A. Student"
    assert content["controls"]["despite"] == DESPITE[1]
    assert {len(value) for value in content["opened_on"].values()} == {64}
    assert content["stated"]["signal"]["regions"][-1].startswith("signal (488.6, 498.8)")
    capsys.readouterr()
    assert main(opening(tmp_path, "--yes", *DESPITE)) == 1
    assert "is open already" in capsys.readouterr().err


def test_nothing_is_opened_without_being_asked(agreeing, folder, tmp_path, monkeypatch, capsys):
    """No answer, as where nobody is there to give one, is no."""
    for answer in ("", "n\n"):
        monkeypatch.setattr("sys.stdin", __import__("io").StringIO(answer))
        assert main(opening(tmp_path, *DESPITE)) == 130
    assert not (folder / "pi_ee_2022.yaml").exists()
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("y\n"))
    assert main(opening(tmp_path, *DESPITE)) == 0
    assert is_open(BLIND)


@pytest.mark.parametrize(("option", "text"), [("who", ""), ("who", " ? "), ("why", "."), ("why", "\t")])
def test_a_name_and_a_reason_are_needed(agreeing, folder, tmp_path, capsys, option, text):
    assert main(opening(tmp_path, "--yes", *DESPITE, **{option: text})) == 2
    assert f"--{option}" in capsys.readouterr().err
    assert not (folder / "pi_ee_2022.yaml").exists()


def refused(tmp_path, folder, capsys, message, *more):
    capsys.readouterr()
    assert main(opening(tmp_path, "--yes", *more)) == 1
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (folder / "pi_ee_2022.yaml").exists()


def test_controls_without_power_need_a_reason(stored, folder, tmp_path, capsys):
    """Few events are expected: that few are seen is no agreement."""
    assert main(stored((1, 0), decays=0.3)) == 0
    assert sum(expected(tmp_path)[region] for region in ("lower", "upper")) == pytest.approx(2.29, abs=0.01)
    refused(tmp_path, folder, capsys, "they could not disagree, whatever is wrong")


def test_what_was_seen_gives_no_power(stored, folder, tmp_path, capsys):
    """Observed events do not make the controls stronger: only expected ones count."""
    assert main(stored((5, 1), decays=0.3)) == 0
    refused(tmp_path, folder, capsys, "fewer than 5.3")
    assert main(opening(tmp_path, "--yes", *DESPITE)) == 0


def test_disagreeing_control_regions_keep_the_box_masked(stored, folder, tmp_path, capsys):
    assert main(stored((10_000, 2))) == 0
    refused(tmp_path, folder, capsys, "the box stays masked", *DESPITE)


def test_quick_samples_open_nothing(stored, folder, tmp_path, capsys):
    assert main(stored((1, 1), quick=True)) == 0
    refused(tmp_path, folder, capsys, "no box is opened on quick samples", *DESPITE)


def test_without_the_table_nothing_opens(stored, folder, tmp_path, capsys):
    stored((1, 1))
    refused(tmp_path, folder, capsys, "backgrounds.json does not exist", *DESPITE)


def test_a_forged_table_opens_nothing(agreeing, folder, tmp_path, capsys):
    path = tmp_path / "backgrounds.json"
    content = json.loads(path.read_text())
    for row in content["rows"]:
        row["expected"] = 2 * (row["expected"] or 0)
    path.write_text(json.dumps(content))
    refused(tmp_path, folder, capsys, "has other rows than the histograms give", *DESPITE)


def test_an_older_table_opens_nothing(agreeing, stored, folder, tmp_path, capsys):
    stored((1, 1))
    refused(tmp_path, folder, capsys, "has other rows than the histograms give", *DESPITE)


def test_an_edited_count_is_noticed(agreeing, folder, tmp_path, capsys):
    """A histogram changed and saved again: neither a limit nor an opened box."""
    path = tmp_path / "histograms/pi_ee.zip"
    content = load(path)
    content["data_2022"]["2022"]["normalisation"]["regions"].view()["value"] *= 2
    save(path, content)
    arguments = ["limits", "--histograms", str(path.parent), "--output", str(tmp_path / "limits.json")]
    assert main(arguments) == 1
    assert "pi_ee.zip was changed after it was written" in capsys.readouterr().err
    assert not [r for r in Limits.read(tmp_path / "limits.json").limits if r.origin == "events"]
    refused(tmp_path, folder, capsys, "was changed after it was written", *DESPITE)


@pytest.mark.parametrize("what", ["code", "facts", "opened", "missing", "unlisted", "cut short"])
def test_histograms_that_do_not_fit_are_refused(agreeing, folder, tmp_path, capsys, what):
    path = tmp_path / "histograms/run.json"
    content = json.loads(path.read_text())
    made = content["histograms"]["pi_ee"]
    if what == "code":
        made["code"]["analysis/selection"] = "0" * 64
    elif what == "facts":
        made["facts"]["conditions.yaml"] = "0" * 64
    elif what == "opened":
        made["opened"]["pi_mu_e"] = [[1, 2]]
    elif what == "unlisted":
        content["histograms"] = {}
    path.write_text(json.dumps(content))
    if what == "missing":
        path.unlink()
    elif what == "cut short":
        path.write_text(json.dumps(content)[:-100])
    told = {
        "code": "made with other code than are here now (analysis/selection)",
        "facts": "made with other facts than are here now (conditions.yaml)",
        "opened": "made with other boxes open than are open now",
        "missing": "run.json does not exist",
        "unlisted": "nobody knows what it was made of",
        "cut short": "run.json, line 1",
    }[what]
    refused(tmp_path, folder, capsys, told, *DESPITE)
    assert main(["limits", "--histograms", str(path.parent), "--output", str(tmp_path / "limits.json")]) == 1
    assert told in " ".join(capsys.readouterr().err.split())


def test_boxes_opened_since_change_limits_but_not_the_next_opening(agreeing, stored, folder, tmp_path, capsys):
    """One look at the control regions is enough for several boxes; limits need the events that they let through."""
    path = tmp_path / "histograms/run.json"
    content = json.loads(path.read_text())
    content["histograms"]["pi_ee"]["opened"] = {}
    path.write_text(json.dumps(content))
    assert main(["limits", "--histograms", str(path.parent), "--output", str(tmp_path / "limits.json")]) == 1
    assert "made with other boxes open than are open now" in " ".join(capsys.readouterr().err.split())
    assert main(stored((7, 1))) == 0
    (folder / "pi_mu_e_2022.yaml").write_text(yaml.safe_dump(record("pi_mu_e", "2022").as_yaml()))
    assert main(opening(tmp_path, "--yes", *DESPITE)) == 0
    assert is_open(BLIND)


def test_histograms_made_with_the_box_open_open_nothing(agreeing, stored, folder, tmp_path, capsys):
    """What was looked at must have been masked."""
    assert main(opening(tmp_path, "--yes", *DESPITE)) == 0
    stored((1, 1))
    (folder / "pi_ee_2022.yaml").unlink()
    refused(tmp_path, folder, capsys, "made with other boxes open", *DESPITE)


def test_one_search_without_candidates_does_not_take_the_others(stored, tmp_path, capsys):
    """pi_ee in 2017 has no normalisation candidates: it is named, the others have limits, the status says it."""
    arguments = stored((1, 1))
    path = tmp_path / "histograms/pi_ee.zip"
    content = load(path)
    regions = content["data_2016_2018"]["2017"]["normalisation"]["regions"].view()
    regions["value"] = regions["variance"] = 0
    save(path, content)
    made = {"pi_ee": asdict(made_now(path, INPUTS, opened_runs()))}
    write_json(path.with_name("run.json"), {"provenance": provenance(open_boxes=[]), "histograms": made})
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "pi_ee/2017: the selection 'normalisation' (region 'normalisation') has no candidates in the data" in said
    found = Limits.read(tmp_path / "limits.json")
    assert {r.dataset for r in found.limits if r.origin == "events"} == {"2016-2018", "2022"}
    assert any(failure.startswith("pi_ee/2017: ") for failure in found.failures)


def test_a_terminal_without_box_drawing_gets_its_tables(tmp_path):
    """Exit 0, whatever the encoding of the output is."""
    import os
    import subprocess
    import sys

    arguments = ["limits", "--origin", "published", "--output", str(tmp_path / "limits.json")]
    done = subprocess.run(
        [sys.executable, "-m", "rarekaon.analysis.cli", *arguments],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"Upper limits" in done.stdout
