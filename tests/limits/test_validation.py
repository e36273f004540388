"""Simulation against the papers: closed forms on hand-made counts, and the record of what was tuned."""

from __future__ import annotations

from pathlib import Path

import hist
import numpy as np
import pytest
import yaml

from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.paths import datasets_path
from rarekaon.analysis.facts.published import all_published, published
from rarekaon.analysis.facts.tuning import looked_at, tuning
from rarekaon.analysis.limits.validation import Validation, validate
from rarekaon.analysis.search.channels import search
from tests import hand_made
from tests.hand_made import FULL, GENERATED

ROOT = Path(__file__).resolve().parents[2]
EFFICIENCY = conditions().event_efficiency(FULL.dataset)


def peak(selection, width):
    q = selection.observable
    h = hist.Hist(hist.axis.Regular(*q.bins, name=q.name, label=q.label), storage=hist.storage.Weight())
    h.fill(493.7 + width * np.random.default_rng(1).standard_normal(20_000))
    return h


def flow(selection, quantity, before, after):
    """A cutflow of unit weights around the cut on `quantity`; the one behind it takes half of what is left."""
    row = next(i for i, c in enumerate(selection.cuts) if c.quantity.name == quantity)
    first = len(selection.cutflow) - len(selection.cuts)
    counts = [before] * (first + row) + [after] + [after / 2] * (len(selection.cuts) - row - 1)
    return hand_made.category(
        selection.cutflow, {n: (c, c) for n, c in zip(selection.cutflow, counts, strict=True)}, "cut"
    )


@pytest.fixture
def booked():
    made = hand_made.booked()
    normalisation, signal, with_rich = FULL.normalisation, FULL.signal, FULL.control("normalisation_with_rich")
    own = made.samples["pi_ee_sm"][FULL.dataset]
    own["normalisation"] |= {
        "cutflow": flow(normalisation, "m_ee", 1000, 730),
        normalisation.observable.name: peak(normalisation, 1.6),
    }
    own["normalisation_with_rich"] = hand_made.table(with_rich, {"normalisation": (36000.0, 36000.0)})
    made.samples["pi_ee_lnv"][FULL.dataset]["signal"] |= {
        "cutflow": flow(signal, "rich_angle", 1000, 930),
        signal.observable.name: peak(signal, 1.6),
    }
    return made


@pytest.fixture
def rows(booked):
    return {r.quantity: r for r in Validation(booked, published("pi_ee", "2016-2018")).rows()}


def test_acceptances_and_their_ratio(rows):
    signal, ratio = rows["acceptance of K+ -> pi- e+ e+"], "over that of K+ -> pi+ e+ e-"
    assert signal.simulated == pytest.approx(0.05 * EFFICIENCY)
    assert signal.ratio == pytest.approx(0.05 * EFFICIENCY / 0.0432)
    assert rows[f"acceptance of K+ -> pi- e+ e+ {ratio}"].simulated == pytest.approx(50 / 40)
    assert rows[f"acceptance of K+ -> pi- e+ e+ {ratio}"].published == pytest.approx(4.32 / 3.62)


def test_losses_are_shares_of_what_the_cuts_before_leave(rows):
    by_mass = rows["loss by reconstructed e e mass > 140 MeV/c2, K+ -> pi+ e+ e-"]
    assert by_mass.simulated == pytest.approx(0.27)
    assert by_mass.error == pytest.approx(np.sqrt(0.27 * 0.73 / 1000))
    angle = rows["loss by angle between tracks in the RICH > 4 mrad, K+ -> pi- e+ e+"]
    assert (angle.published, angle.simulated) == (0.07, pytest.approx(0.07))
    assert rows["loss by the RICH, K+ -> pi+ e+ e-"].simulated == pytest.approx(0.1)


@pytest.mark.parametrize("dataset", ["2016-2018", "2017"])
def test_conditions_of_the_rich_come_last_and_the_angle_first_of_them(dataset):
    declared = search("pi_ee", dataset)
    asked = 0
    for selection in declared.selections:
        names = [c.quantity.name for c in selection.cuts]
        if "positron_likelihood" in names:
            assert names[-2:] == ["rich_angle", "positron_likelihood"]
            asked += 1
    assert asked > 1


def test_the_mass_resolution_is_that_of_the_peak(rows):
    row = rows["sigma of mass pi ee, K+ -> pi+ e+ e-"]
    assert (row.unit, row.published) == ("MeV", 1.7)
    assert row.simulated == pytest.approx(1.6, abs=4 * row.error)


def test_background_cells_are_at_the_published_exposure(rows):
    cell = rows["background in lower: K+ -> pi0 e+ nu_e, pi0 -> e+ e- gamma"]
    fraction = 5.952e-4
    assert cell.simulated == pytest.approx(1.015e12 * fraction * 4e-3 * EFFICIENCY / GENERATED, rel=1e-3)
    assert cell.published_error == 0.7
    assert "background in upper: K+ -> pi+ pi+ pi-" not in rows, "published as a dash: nothing to compare with"


def test_searches_without_print_have_no_rows():
    blind = search("pi_ee", "2022")
    assert (blind.name, blind.dataset) not in all_published()
    assert validate({}) == ()


def test_every_tuned_constant_exists_and_says_so():
    texts = {name: (datasets_path() / name).read_text() for name in ("detector.yaml", "conditions.yaml")}
    for choice in tuning():
        for constant in choice.constants:
            file, _, entry = constant.partition(": ")
            if file == "detector.yaml":
                block, _, name = entry.partition(".")
                assert hasattr(getattr(detector(), block), name), constant
                facts = getattr(detector(), block)
                assert "TUNED" in facts.note, constant
            elif file == "conditions.yaml":
                assert all(entry in period for period in yaml.safe_load(texts[file])["periods"].values())
            else:
                assert entry.split()[-1] in (ROOT / file).read_text()


def test_what_was_looked_at_is_published_somewhere():
    for name, dataset, quantity in looked_at():
        paper = all_published()[name, dataset]
        assert quantity.split()[0] in {"acceptance", "background", "sigma", "loss"}
        if quantity.startswith("background in "):
            assert quantity.removeprefix("background in ").split(":")[0] in paper.regions
