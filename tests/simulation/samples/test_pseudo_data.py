"""Pseudo-data: unweighted, triggered, mixed, without truth, with the statistics of its exposure."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract.schema import TRIGGER_LINES, branches
from rarekaon.analysis.contract.triggers import OFF, kept_fraction
from rarekaon.analysis.facts.models import PseudoData, conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.ground.beam import RunningConditions, fiducial_fraction
from rarekaon.analysis.simulation.samples import pseudo_data
from rarekaon.analysis.simulation.samples.blocks import SIZE, decay_simulation, decays_to_unweight
from rarekaon.analysis.simulation.samples.pseudo_data import (
    ImpossibleExposureError,
    Unweighting,
    blocks_needed,
    downscaled,
    shortened,
    simulate_pseudo_data,
    unweighted,
)

LNV = "K+ -> pi- e+ e+"
FRACTION = 4e-7


def write(path, *, seed=77, workers=2, inject=None, modes=()):
    sample = PseudoData(periods=("2022",), modes=modes, stream="dielectron", seed=seed)
    return simulate_pseudo_data(
        "x", sample, path, quick=True, workers=workers, file_format="ttree", inject=inject or {}, progress=None
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "data.root"
    return path, write(path, inject={LNV: FRACTION}, modes=("K+ -> pi+ e+ e-",))


@pytest.fixture(scope="module")
def events(file):
    return uproot.open(file[0])["Events"].arrays()


def test_data_have_no_truth_and_nothing_else_missing(file):
    content = uproot.open(file[0])
    assert set(content["Events"].keys()) == set(branches(truth=False))
    assert "Generation" not in content
    assert content["Events"].num_entries == file[1].events


def test_every_event_was_kept_by_a_line_and_carries_its_downscalings(events):
    fired = np.stack([ak.to_numpy(events[f"trigger_{line}"]) for line in TRIGGER_LINES])
    assert fired.any(axis=0).all()
    downscaling = conditions().periods["2022"].downscaling
    for line in TRIGGER_LINES:
        assert (ak.to_numpy(events[f"downscaling_{line}"]) == downscaling[line]).all()


def test_only_the_lines_of_the_sample_take_events(events, tmp_path):
    assert not events["trigger_pinunu"].to_numpy().any()
    mode, line = "K+ -> pi+ e+ e-", "eMT"
    sample = PseudoData(periods=("2022",), modes=(mode,), stream="dielectron", seed=77, lines=(line,))
    simulate_pseudo_data(
        "x", sample, tmp_path / "one.root", quick=True, workers=1, file_format="ttree", inject={}, progress=None
    )
    one = uproot.open(tmp_path / "one.root")["Events"].arrays()
    assert one[f"trigger_{line}"].to_numpy().all()
    assert not np.any([one[f"trigger_{other}"] for other in TRIGGER_LINES if other != line])


def test_events_are_ordered_and_numbered_within_their_burst(events):
    run, burst, number = (ak.to_numpy(events[name]).astype(np.int64) for name in ("run", "burst", "event"))
    key = run * 10**9 + burst * 10**5 + number
    assert (np.diff(key) > 0).all()
    assert number.min() == 1
    first, last = conditions().periods["2022"].runs
    assert first <= run.min()
    assert run.max() <= last


def test_bursts_count_the_events_and_include_empty_ones(file, events):
    bursts = uproot.open(file[0])["Bursts"].arrays(library="np")
    period = shortened(conditions().periods["2022"])
    assert len(bursts["run"]) == (period.runs[1] - period.runs[0] + 1) * period.bursts_per_run
    assert bursts["events"].sum() == len(events)
    assert len(np.unique(bursts["run"].astype(np.int64) << 32 | bursts["burst"])) == len(bursts["run"])


def test_modes_are_mixed_and_not_in_order(events):
    """Two positive electron-like tracks mark the injected mode: its events are spread over the file."""
    positive = ak.sum((events["Track_charge"] > 0) & (events["Track_lkr_energy"] > 0.85 * events["Track_momentum"]), 1)
    where = np.flatnonzero(ak.to_numpy(positive) == 2) / len(events)
    assert len(where) > 50
    assert where.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * len(where)))


def test_counts_are_poissonian_around_the_expectation(tmp_path):
    """From an independent weighted sample of the same stream: N_K B A, with trigger and common efficiency."""
    period = shortened(conditions().periods["2022"])
    work = decay_simulation(LNV, "dielectron", RareResponses(), RunningConditions.of((period,), downscaled=True), 5)
    output = work.block(0, 60_000)
    fired = np.stack([output.event[f"trigger_{line}"] for line in TRIGGER_LINES], axis=1)
    scaling = np.stack([output.event[f"downscaling_{line}"] for line in TRIGGER_LINES], axis=1)
    weight = output.event["truth_weight"] * kept_fraction(np.where(fired, scaling, OFF).T) * period.event_efficiency
    decays = period.kaon_decays * FRACTION / fiducial_fraction()
    expected, error = decays * weight.sum() / 60_000, decays * np.sqrt((weight**2).sum()) / 60_000
    counts = [write(tmp_path / f"{seed}.root", seed=seed, inject={LNV: FRACTION}).events for seed in (1, 2, 3)]
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.hypot(error, np.sqrt(expected / 3)))
    assert len(set(counts)) > 1


def test_rare_responses_are_those_of_the_sample_of_the_same_stream():
    decay = "K+ -> pi+ pi0, pi0 -> gamma gamma"
    assert pseudo_data._rare_responses(decay, "lone_pion").roulette_below > 0
    assert pseudo_data._rare_responses(decay, "single_pion") == RareResponses()


def test_bits_do_not_depend_on_the_threads(file, events, tmp_path):
    write(tmp_path / "again.root", workers=1, inject={LNV: FRACTION}, modes=("K+ -> pi+ e+ e-",))
    again = uproot.open(tmp_path / "again.root")["Events"].arrays()
    assert len(again) == len(events)
    assert ak.all(again["Track_momentum"] == events["Track_momentum"])
    assert ak.all(again["event"] == events["event"])


def test_downscaled_lines_are_independent_given_that_one_keeps():
    fired = np.ones((300_000, 3), bool)
    scaling = np.array([[2, 5, 10]] * len(fired))
    kept = downscaled(fired, scaling, np.random.default_rng(1))
    assert kept.any(axis=1).all()
    total = 1 - 0.5 * 0.8 * 0.9
    assert kept.mean(axis=0) == pytest.approx(np.array([0.5, 0.2, 0.1]) / total, abs=0.005)
    assert (kept[:, 0] & kept[:, 1]).mean() == pytest.approx(0.1 / total, abs=0.005)


def test_lines_that_did_not_fire_are_not_kept():
    fired = np.array([[True, False, False]] * 100)
    assert (downscaled(fired, np.full((100, 3), 7), np.random.default_rng(2)) == fired).all()


def test_more_blocks_are_asked_for_until_no_event_stands_for_many():
    many = [np.full(100, 6.0 * SIZE)] * 4
    assert blocks_needed(many, blocks=4, tolerated=2.0) >= 5
    assert blocks_needed([np.empty(0)] * 4, blocks=4, tolerated=0.5) == 4
    # one event of ten blocks' weight from one block: half of it may be lost, then five and a bit are enough
    assert 5 <= blocks_needed([np.array([10.0 * SIZE])], blocks=1, tolerated=5.0) <= 6


def unweighting(decays, excess=0.02):
    period = shortened(conditions().periods["2022"])
    works = decays_to_unweight(LNV, "dielectron", RareResponses(), RunningConditions.of((period,), downscaled=True), 5)
    strata = [Unweighting(work, decays, (period,), ("MT", "eMT")) for work in works]
    return strata, unweighted(strata, excess, 1, lambda done, wanted: None)


def test_what_is_lost_of_a_mode_is_accounted_for_and_tolerated():
    """Events are kept with the probability min(1, expectation): their sum is what was expected less what is lost."""
    strata, made = unweighting(3e7)
    for stratum, result in zip(strata, made, strict=True):
        blocks = [stratum.block(number) for number in range(result.blocks)]
        kept = sum(np.minimum(block.expectation / (result.blocks * SIZE), 1).sum() for block in blocks)
        # what the first blocks' number of decays leaves out is expected, too
        dropped = sum(block.total - block.expectation.sum() for block in blocks) / (result.blocks * SIZE)
        assert dropped >= -1e-9  # rounding, where nothing is
        assert kept + dropped <= result.expected - result.excess + 1e-6
        assert len(result.output.event) == pytest.approx(result.expected - result.excess, abs=5 * result.expected**0.5)
    total = sum(result.expected for result in made)
    assert total > 1000
    assert sum(result.excess for result in made) <= 0.02 * total * 1.05


def test_an_exposure_out_of_reach_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(pseudo_data, "MOST_BLOCKS", 5)
    with pytest.raises(ImpossibleExposureError, match=r"pi- e\+ e\+"):
        write(tmp_path / "x.root", inject={LNV: 0.5})
    assert not (tmp_path / "x.root").exists()


def test_quick_periods_have_a_tenth_of_bursts_and_decays():
    period = conditions().periods["2018"]
    short = shortened(period)
    assert short.bursts_per_run / period.bursts_per_run == pytest.approx(0.1, abs=0.01)
    assert short.kaon_decays / period.kaon_decays == short.bursts_per_run / period.bursts_per_run
