"""Cells without events, backgrounds from data, and who contaminates the normalisation: closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.limits.backgrounds import NO_EVENTS, background_table, total_row, with_published_rows
from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.search.channels import search
from tests.hand_made import FULL, GENERATED, booked, sample
from tests.limits.single_muon import CUT, DATA, toy_booked

WITH_PI0 = search("pi_pi0_ee", "2016-2018")
DECAYS = 1e12


def per_weight(decay):
    return branching_fractions()[decay].value * conditions().event_efficiency("2016-2018") / GENERATED * DECAYS


def cells(rows):
    return {(r.region, r.mode): r for r in rows}


def with_pi0(one=0, two=0, **samples):
    """`one` and `two` late-photon events in the control region; `samples` replace empty ones."""
    late = {"one_photon_out_of_time": {"control": (one, one)}, "two_photons_out_of_time": {"control": (two, two)}}
    data = sample(WITH_PI0, simulated=False, normalisation={"normalisation": (100.0, 100.0)}, **late)
    made = {name: sample(WITH_PI0) for name in WITH_PI0.samples.all}
    return SearchHistograms(WITH_PI0, {**made, "data_2016_2018": data, **samples})


def test_no_simulated_event_is_an_upper_limit_of_that_many_mean_weights():
    """Poisson: no event is seen with probability 31.73% at the limit."""
    assert math.exp(-NO_EVENTS) == pytest.approx(1 - 0.6827)
    light = sample(FULL, signal={"lower": (20.0, 8.0)})  # mean weight 0.4
    full = booked()
    rows = cells(background_table(replace(full, samples=full.samples | {"k3pi": light}), DECAYS))
    empty, filled = rows["signal", "K+ -> pi+ pi+ pi-"], rows["lower", "K+ -> pi+ pi+ pi-"]
    one = per_weight("K+ -> pi+ pi+ pi-")
    assert (empty.expected, empty.stat) == (0.0, pytest.approx(NO_EVENTS * 0.4 * one))
    assert (filled.expected, filled.stat) == (pytest.approx(20 * one), pytest.approx(math.sqrt(8) * one))


def test_a_sample_without_any_stored_event_has_the_limit_of_its_decays():
    """Nothing seen of a million decays is not nothing expected: 1.15 of them."""
    what = booked()
    samples = {**what.samples, "ke4": sample(FULL)}
    rows = cells(background_table(replace(what, samples=samples), DECAYS))
    cell = rows["signal", "K+ -> pi+ pi- e+ nu_e"]
    one = branching_fractions()["K+ -> pi+ pi- e+ nu_e"].value * DECAYS * what.efficiency / 1e6
    assert cell.expected == 0.0
    assert cell.stat == pytest.approx(NO_EVENTS * one)
    assert rows["signal", "total"].stat < cell.stat


def test_negative_weights_keep_their_sum_and_its_error():
    """Weights of -3 and 1 in the lower region: a cell of less than nothing, with the error of both."""
    what = booked()
    cell_of = sample(FULL, signal={"lower": (-2e-3, 1e-5)})
    rows = cells(background_table(replace(what, samples={**what.samples, "k3pi": cell_of}), DECAYS))
    cell = rows["lower", "K+ -> pi+ pi+ pi-"]
    assert cell.expected < 0
    assert cell.stat == pytest.approx(abs(cell.expected) * math.sqrt(1e-5) / 2e-3)
    assert rows["lower", "total"].stat > cell.stat


@pytest.mark.parametrize(("one", "two", "everywhere"), [(1, 0, 0.2), (10, 0, 2.0), (10, 5, 1.8), (0, 5, 0.0)])
def test_pileup_is_a_fifth_of_the_events_with_a_late_photon(one, two, everywhere):
    """Less a twenty-fifth of those with two; spread evenly over 400 to 600 MeV, of which the signal region is 20."""
    rows = background_table(with_pi0(one, two), DECAYS)
    pileup = {region: cell for (region, mode), cell in cells(rows).items() if mode == "pileup"}
    assert pileup["signal"].expected == pytest.approx(everywhere * 0.1)
    assert pileup["control"].expected == pytest.approx(everywhere * 0.9)
    assert pileup["signal"].stat == pytest.approx(math.sqrt(one / 25 + two / 625) * 0.1)
    assert (pileup["signal"].published, pileup["signal"].published_error) == (0.020, 0.020)
    assert total_row(rows, "signal").expected == pytest.approx(everywhere * 0.1)


def test_no_late_photon_is_an_upper_limit():
    rows = cells(background_table(with_pi0(), DECAYS))
    assert rows["signal", "pileup"].expected == 0
    assert rows["signal", "pileup"].stat == pytest.approx(NO_EVENTS / 5 * 0.1)


def test_every_published_mode_has_its_row():
    rows = cells(background_table(with_pi0(), DECAYS))
    with_paper = {m for (region, m), row in rows.items() if region == "control" and row.published is not None}
    assert len(with_paper) == 6
    assert {m for _, m in rows} == with_paper


def test_published_modes_without_a_row_are_added_without_an_expectation():
    rows = background_table(with_pi0(), DECAYS)
    assert with_published_rows(rows) == rows
    added = with_published_rows(tuple(r for r in rows if r.mode != "pileup"))[len(rows) - 2 :]
    assert [(r.region, r.expected, r.published, r.published_error) for r in added] == [
        ("control", None, 0.20, 0.20), ("signal", None, 0.020, 0.020),
    ]  # fmt: skip


def test_the_normalisation_is_contaminated_by_its_own_modes():
    normal = sample(WITH_PI0, normalisation={"normalisation": (1e5, 1e5)})
    both = {"pi_ee_sm": normal, "pi_pi0_pi0d": sample(WITH_PI0, normalisation={"normalisation": (1e4, 1e4)})}
    assert normalise(with_pi0(**both))[1] == 0
    both["k3pi"] = sample(WITH_PI0, normalisation={"normalisation": (1.0, 1.0)})
    k3pi, piee = (branching_fractions()[d].value for d in ("K+ -> pi+ pi+ pi-", "K+ -> pi+ e+ e-"))
    assert normalise(with_pi0(**both))[1] == pytest.approx(k3pi / (k3pi + 1e5 * piee))


def test_the_tail_that_the_simulation_misses_is_mirrored():
    """PLB 816 (2021) 136259 Section 4: data less simulation at minus the squared missing mass; all of it uncertain."""
    toys = toy_booked(CUT)
    rate = toys.rate_per_weight("mu_nu_gamma") * DECAYS

    def tails(data, simulated):
        for name, events in ((DATA, data), ("mu_nu_gamma", simulated)):
            spectrum = toys.samples[name]["2016-2018"]["signal"]["missing_mass_squared"]
            spectrum.reset()
            spectrum.fill(np.full(events, -0.12))
        found = cells(background_table(toys, DECAYS))
        return {region: found[region, "tail of the missing mass"] for region in ("control", "masked", "signal")}

    few = tails(round(50 * rate) + 30, 50)
    assert few["signal"].expected == few["masked"].expected == pytest.approx(30, abs=1)
    assert few["control"].expected == 0
    assert few["signal"].syst == few["signal"].expected
    assert few["signal"].stat == pytest.approx(math.sqrt(50 * rate + 30 + 50 * rate**2), rel=0.01)
    assert tails(5, 50)["signal"].expected == 0


def test_a_tail_is_the_peak_that_is_left_times_the_share_beside_it_before_the_vetoes():
    pinunu = search("pi_nu_nu", "2016-2017")
    made = {name: sample(pinunu) for name in pinunu.samples.all}
    for name in pinunu.samples.data:
        made[name] = sample(pinunu, simulated=False)
    made["pi_pi0_missed"] = sample(pinunu, signal={"pi+ pi0": (1000.0, 5000.0), "R1": (50.0, 2000.0)})
    made["pi_pi0"] = sample(pinunu, normalisation={"pi+ pi0": (10_000.0, 20_000.0), "R1": (20.0, 40.0)})
    booked_tails = SearchHistograms(pinunu, made)
    one = booked_tails.rate_per_weight("pi_pi0_missed") * DECAYS
    rows, mode = cells(background_table(booked_tails, DECAYS)), "K+ -> pi+ pi0, pi0 -> gamma gamma"
    peak, tail, empty = (rows[region, mode] for region in ("pi+ pi0", "R1", "R2"))
    assert (peak.expected, peak.stat) == (pytest.approx(1000 * one), pytest.approx(math.sqrt(5000) * one))
    assert tail.expected == pytest.approx(1000 * one * 20 / 10_000)
    assert tail.stat == pytest.approx(tail.expected * math.sqrt(5000 / 1000**2 + 40 / 20**2))
    assert (empty.expected, empty.stat) == (0.0, pytest.approx(NO_EVENTS * 2 / 10_000 * 1000 * one))
    assert total_row(background_table(booked_tails, DECAYS), "R1").expected == pytest.approx(tail.expected)
