"""Simulated samples as files: the event contract, reproducibility, truth, unbiased importance sampling."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract.schema import COLLECTIONS, branches
from rarekaon.analysis.decays.mean_density import mean_density
from rarekaon.analysis.facts.models import SimulatedSample, conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.kernels.geometry import in_fiducial_volume
from rarekaon.analysis.simulation import simulate
from rarekaon.analysis.simulation.ground.beam import RunningConditions, fiducial_fraction
from rarekaon.analysis.simulation.ground.buffers import concatenated, taken
from rarekaon.analysis.simulation.samples import weighted as samples
from rarekaon.analysis.simulation.samples.blocks import DecaySimulation, decay_simulation, in_order
from rarekaon.analysis.simulation.sampling.adaptive_grids import uniform
from rarekaon.analysis.simulation.sampling.generator import Generator

DECAYS, SIZE = 24000, 8000


def sample(decay="K+ -> pi+ e+ e-", stream="three_tracks", **rare):
    return SimulatedSample(
        decay=decay, stream=stream, decays=DECAYS, quick=SIZE, seed=7, rare_responses=RareResponses(**rare)
    )


def write(path, monkeypatch, *, workers=1, file_format="ttree", quick=False, **keywords):
    monkeypatch.setattr(samples, "SIZE", SIZE)
    return samples.simulate_sample(
        "x", sample(**keywords), path, quick=quick, workers=workers, file_format=file_format, progress=None
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("samples") / "pi_ee.root"
    with pytest.MonkeyPatch.context() as patch:
        summary = write(path, patch)
    return path, summary


@pytest.fixture(scope="module")
def events(file):
    return uproot.open(file[0])["Events"].arrays()


def test_branches_and_types_are_those_of_the_contract(file):
    tree = uproot.open(file[0])["Events"]
    contract = branches(truth=True)
    assert set(tree.keys()) == set(contract)
    for name, branch in contract.items():
        interpretation = tree[name].interpretation
        content = getattr(interpretation, "content", interpretation)
        assert content.from_dtype.newbyteorder("=") == np.dtype(branch.dtype), name


def test_summary_and_generation_tree_agree_with_the_events(file):
    path, summary = file
    rows = uproot.open(path)["Generation"].arrays(library="np")
    assert rows["generated"].tolist() == [SIZE] * 3
    assert rows["weight"].sum() == summary.generated == DECAYS
    assert rows["weight_in_fv"].sum() == pytest.approx(DECAYS * fiducial_fraction())
    assert rows["events"].sum() == summary.events == uproot.open(path)["Events"].num_entries > 1000
    assert rows["block"].tolist() == [0, 1, 2]


def test_event_numbers_are_unique(events):
    assert len(np.unique(events["event"])) == len(events)


def test_truth_conserves_momentum_charge_and_says_where(events):
    products = events["Generated_parent"] == -1
    for axis in "xyz":
        total = ak.to_numpy(ak.sum(ak.values_astype(events[f"Generated_p{axis}"], np.float64)[products], axis=1))
        assert total == pytest.approx(ak.to_numpy(events[f"truth_kaon_p{axis}"]), abs=0.1)
    inside = in_fiducial_volume(ak.to_numpy(events["truth_z"]))
    assert (ak.to_numpy(events["truth_in_fv"]) == inside).all()
    assert (events["truth_decay"] == 1).to_numpy().all()


def test_indices_point_to_objects(events):
    for c in COLLECTIONS:
        for field, target in c.references:
            index, count = events[c.branch(field)], events[f"n{target}"]
            assert ak.all(index >= -1)
            assert ak.all(index < count)


def test_reconstructed_momenta_are_those_of_the_truth(events):
    """Three tracks of pi+ e+ e-: the sum is the kaon's for decays without photons, to a percent."""
    three = (events["nTrack"] == 3) & (events["nGenerated"] == 3)
    total = ak.to_numpy(ak.sum(events["Track_momentum"][three], axis=1))
    kaon = np.sqrt(sum(ak.to_numpy(events[f"truth_kaon_p{axis}"][three]) ** 2 for axis in "xyz"))
    assert np.median(total / kaon) == pytest.approx(1, abs=0.001)
    assert np.quantile(np.abs(total / kaon - 1), 0.68) < 0.005
    assert (ak.sum(events["Track_charge"][three], axis=1) == 1).to_numpy().mean() > 0.999


def test_simulated_samples_carry_raw_trigger_decisions(events):
    assert (events["downscaling_MT"] == 1).to_numpy().all()
    assert not (events["trigger_eMT"] & ~events["trigger_MT"]).to_numpy().any()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_bits_do_not_depend_on_the_threads(file, tmp_path, monkeypatch, workers):
    path = tmp_path / "again.root"
    write(path, monkeypatch, workers=workers)
    one, two = (uproot.open(p) for p in (file[0], path))
    assert one.file.uuid == two.file.uuid
    a, b = one["Events"].arrays(), two["Events"].arrays()
    for name in a.fields:
        assert (ak.to_numpy(ak.flatten(a[name], axis=None)) == ak.to_numpy(ak.flatten(b[name], axis=None))).all(), name


def test_rntuple_holds_the_same(file, events, tmp_path, monkeypatch):
    path = tmp_path / "x.root"
    write(path, monkeypatch, file_format="rntuple")
    other = uproot.open(path)["Events"].arrays()
    assert set(other.fields) == set(events.fields)
    assert ak.all(other["Track_momentum"] == events["Track_momentum"])
    assert (other["nTrack"] == events["nTrack"]).to_numpy().all()


def test_quick_samples_are_smaller_and_other_files(tmp_path, monkeypatch, file):
    path = tmp_path / "quick.root"
    assert write(path, monkeypatch, quick=True).generated == SIZE
    assert uproot.open(path).file.uuid != uproot.open(file[0]).file.uuid


def running():
    return RunningConditions.of(conditions().of("2016-2018"), downscaled=False)


def test_importance_sampling_and_bias_leave_every_mean_alone():
    """The same mode plain and natural, and with grids and forced misidentification: weighted counts agree."""
    rare = RareResponses(electron_as_pion=0.35)
    decay = "K+ -> pi+ e+ e-"
    trained = decay_simulation(decay, "three_tracks", rare, running(), 3)
    plain_mode = trained.generator.mode
    plain = DecaySimulation(
        Generator(plain_mode, uniform(plain_mode.flat.dimensions + 1), mean_density(plain_mode)),
        trained.stream, type(trained.bias)(), running(), 4,
    )  # fmt: skip
    counts = []
    for work in (trained, plain):
        output = concatenated([work.block(number, 50_000) for number in range(2)])
        weight = output.event["truth_weight"]
        first = np.cumsum(output.event["nTrack"]) - output.event["nTrack"]
        three = output.event["nTrack"] == 3
        ratio = output.Track["lkr_energy"] / output.Track["momentum"]
        soft = (ratio > 0) & (ratio < 0.85)
        low = np.array([soft[i + 1 : i + 3].any() for i in first[three]])
        per = [weight * (output.event["truth_z"] > z) for z in (0, 150000)] + [weight[three] * low]
        counts.append([(v.sum(), np.sqrt((v**2).sum())) for v in per])
    for (a, error_a), (b, error_b) in zip(*counts, strict=True):
        assert abs(a - b) < 4 * np.hypot(error_a, error_b)


def test_taking_events_takes_their_objects():
    output = decay_simulation("K+ -> pi- e+ e+", "three_tracks", RareResponses(), running(), 5).block(0, 3000)
    rows = np.arange(len(output.event))[::-2]
    part = taken(output, rows)
    assert (part.event["event"] == output.event["event"][rows]).all()
    last = rows[0]
    n = output.event["nTrack"][last]
    assert (part.Track["momentum"][:n] == output.Track["momentum"][-n:]).all()
    assert len(part.Cluster) == part.event["nCluster"].sum()


def test_blocks_come_in_order_whatever_the_threads():
    assert list(in_order(lambda n: n * n, range(20), 3)) == [n * n for n in range(20)]
    with pytest.raises(ValueError, match="at least 1"):
        list(in_order(lambda n: n, range(2), 0))


def test_a_failing_block_leaves_no_file(tmp_path, monkeypatch):
    def fail(self, number, decays):
        raise RuntimeError("broken")

    monkeypatch.setattr(DecaySimulation, "block", fail)
    with pytest.raises(RuntimeError, match="broken"):
        write(tmp_path / "x.root", monkeypatch)
    assert list(tmp_path.iterdir()) == []


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match="pi_ee_sm"):
        simulate("nothing", tmp_path / "x.root")
    with pytest.raises(ValueError, match="only pseudo-data"):
        simulate("k3pi", tmp_path / "x.root", inject={"K+ -> pi- e+ e+": 1e-10})
    with pytest.raises(ValueError, match="format"):
        simulate("k3pi", tmp_path / "x.root", quick=True, format="csv")
