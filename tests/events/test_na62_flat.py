"""K+ -> pi+ pi+ pi- in files of the NA62Flat layout: the same events are selected as in the contract's format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import uproot

from rarekaon.analysis.contract import schema
from rarekaon.analysis.contract.particles import particle
from rarekaon.analysis.contract.units import GeV, MeV, m
from rarekaon.analysis.events.candidates import three_track_vertices
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.mapped import MappedTree
from rarekaon.analysis.events.sources import AbsentBranchError
from rarekaon.analysis.events.trees import open_file, open_tree
from rarekaon.analysis.execution.user_data import needed
from rarekaon.analysis.facts.branch_maps import branch_map
from rarekaon.analysis.search import SimulatedSample
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.simulation.samples.weighted import simulate_sample

EVENTS = 20_000
DECAYS = 130_000


@pytest.fixture(scope="module")
def k3pi(tmp_path_factory) -> Any:
    """K3pi events with three tracks and one vertex, in the contract's format."""
    path = tmp_path_factory.mktemp("k3pi") / "k3pi.root"
    sample = SimulatedSample(
        decay="K+ -> pi+ pi+ pi-", stream="three_tracks", decays=DECAYS, quick=DECAYS, seed=62
    )  # fmt: skip
    simulate_sample("k3pi_flat", sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    return path


@pytest.fixture(scope="module")
def chosen(k3pi) -> tuple[Columns, np.ndarray, np.ndarray]:
    """The columns, the events that are written, and the vertex of each."""
    tree = open_tree(open_file(str(k3pi)), "Events")
    columns = Columns(tree.source(0, tree.entries))
    found = three_track_vertices(columns)
    number = np.bincount(found.event, minlength=len(columns))
    tracks = np.diff(columns.offsets("Track"))
    alone = (number[found.event] == 1) & (tracks[found.event] == 3)
    return columns, found.event[alone][:EVENTS], found.vertex[alone][:EVENTS]


@pytest.fixture(scope="module")
def flat(chosen, tmp_path_factory):
    """The file that the export of the framework would write of them: names, units and sentinels are its own."""
    columns, events, vertex = chosen
    path = tmp_path_factory.mktemp("flat") / "flat.root"
    begin = columns.offsets("Track")[events]
    content: dict[str, np.ndarray] = {
        "run": columns.event("run")[events].astype("int32"),
        "burst": columns.event("burst")[events].astype("int32"),
        "event_type": np.ones(len(events), "int32"),
        "event_time": np.arange(len(events), dtype="int64"),
        "ReferenceTime": np.zeros(len(events), "float32"),
        "beam_momentum_mag": columns.event("beam_momentum")[events],
    }
    slope = [columns.event(f"beam_slope_{axis}")[events].astype(float) for axis in "xy"]
    length = np.sqrt(1 + slope[0] ** 2 + slope[1] ** 2)
    for axis, value in zip("xyz", (slope[0] / length, slope[1] / length, 1 / length), strict=True):
        content[f"beam_direction_{axis}"] = value.astype("float32")
    for axis, value in (("x", "beam_x"), ("Y", "beam_y")):
        content[f"beam_position_{axis}"] = columns.event(value)[events]
    content["beam_position_z"] = np.full(len(events), schema.Z_GTK3, "float32")
    for axis in range(3):
        content[f"vtx_{'xyz'[axis]}"] = vertex[:, axis].astype("float32")
    for slot in (1, 2, 3):
        content |= _track(columns, begin + slot - 1, f"track{slot}")
    for slot in (1, 2):
        content[f"cluster{slot}_exists"] = np.zeros(len(events), bool)
        content |= {f"cluster{slot}_{n}": np.zeros(len(events), "float32") for n in ("lkr_energy", "time")}
    with uproot.recreate(path) as file:
        file.mktree("export_flat/NA62Flat", {k: v.dtype for k, v in content.items()}).extend(content)
    return path


def _track(columns: Columns, index: np.ndarray, name: str) -> dict[str, np.ndarray]:
    def of(field: str) -> np.ndarray:
        return columns.at("Track", field, index)

    track = {
        "exists": np.ones(len(index), bool),
        "has_muv3": of("muv3_index") >= 0,
        "charge": of("charge").astype("i4"),
    }
    track["muv3_time"] = np.where(track["has_muv3"], of("muv3_time"), -999).astype("f4")
    for what, after in (("direction", ""), ("direction_am", "_after")):
        x, y = of(f"slope_x{after}").astype(float), of(f"slope_y{after}").astype(float)
        length = np.sqrt(1 + x**2 + y**2)
        track |= {f"{what}_x": x / length, f"{what}_y": y / length, f"{what}_z": 1 / length}
    track |= {"momentum_mag": of("momentum"), "time": of("chod_time"), "lkr_energy": of("lkr_energy")}
    track |= {
        "position_am_x": of("x_after"),
        "position_am_y": of("y_after"),
        "rich_nhits": of("rich_hits").astype("i4"),
    }
    track |= {"rich_hypothesis": np.full(len(index), 3, "i4"), "rich_radius": np.full(len(index), -1, "f4")}
    return {f"{name}_{key}": np.asarray(v, "f4" if v.dtype.kind == "f" else v.dtype) for key, v in track.items()}


def loose_k3pi(columns: Columns, rows: np.ndarray, z: np.ndarray | None = None) -> int:
    """Events of some rows with three tracks of charge +1 together, a vertex in the decay volume, mass and momentum of a
    kaon.  Without the `z` of the vertex it is where the tracks come closest."""
    first = columns.offsets("Track")[rows]
    index = first[:, None] + np.arange(3)
    t = {f: columns.at("Track", f, index).astype(float) for f in ("x", "y", "slope_x", "slope_y", "momentum", "charge")}
    dx, dy = t["slope_x"] - t["slope_x"].mean(1, keepdims=True), t["slope_y"] - t["slope_y"].mean(1, keepdims=True)
    if z is None:
        z = schema.Z_BEFORE_MAGNET - (t["x"] * dx + t["y"] * dy).sum(1) / (dx**2 + dy**2).sum(1)
    direction = np.stack([t["slope_x"], t["slope_y"], np.ones_like(t["x"])], axis=-1)
    p = t["momentum"][..., None] * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    energy = np.sqrt(t["momentum"] ** 2 + particle("pi+").mass ** 2).sum(1)
    mass = np.sqrt(energy**2 - (p.sum(1) ** 2).sum(1))
    total = np.linalg.norm(p.sum(1), axis=1)
    inside = (t["charge"].sum(1) == 1) & (abs(mass - particle("K+").mass) < 8 * MeV)
    return int(np.count_nonzero(inside & (z > 105 * m) & (z < 175 * m) & (abs(total - 75 * GeV) < 3 * GeV)))


def mapped(flat) -> MappedTree:
    return MappedTree(open_tree(open_file(str(flat)), "export_flat/NA62Flat"), branch_map("NA62Flat"), str(flat))


def test_the_same_decays_are_selected(chosen, flat):
    columns, events, vertex = chosen
    tree = mapped(flat)
    assert tree.entries == len(events) == EVENTS
    count = loose_k3pi(Columns(tree.source(0, EVENTS)), np.arange(EVENTS))
    assert count == loose_k3pi(columns, events, vertex[:, 2])
    assert 1000 < count < EVENTS


def test_columns_have_the_contracts_values(chosen, flat):
    columns, events, vertex = chosen
    read = Columns(mapped(flat).source(0, EVENTS))
    index = columns.offsets("Track")[events][:, None] + np.arange(3)
    for field in (
        "slope_x",
        "slope_y",
        "slope_x_after",
        "slope_y_after",
        "momentum",
        "charge",
        "rich_hits",
        "muv3_time",
    ):
        wanted = columns.at("Track", field, index).ravel()
        np.testing.assert_allclose(read.flat("Track", field), wanted, rtol=1e-5, atol=1e-7, err_msg=field)
    np.testing.assert_allclose(read.event("beam_y"), columns.event("beam_y")[events], rtol=1e-5)
    at_vertex = read.flat("Track", "x").reshape(-1, 3) + read.flat("Track", "slope_x").reshape(-1, 3) * (
        vertex[:, 2:3] - schema.Z_BEFORE_MAGNET
    )
    np.testing.assert_allclose(at_vertex, np.repeat(vertex[:, :1], 3, axis=1), atol=0.1)


def test_what_the_layout_lacks_is_said(flat):
    tree = mapped(flat)
    lacks = schema.branches(truth=False).keys() - tree.types().keys()
    assert {
        "Track_var_x",
        "Track_chambers",
        "Track_rich_log_e",
        "trigger_MT",
        "nLav",
        "nKtag",
        "nGtk",
        "nCluster",
    } <= lacks
    with pytest.raises(AbsentBranchError):
        three_track_vertices(Columns(tree.source(0, 10)))
    sample = {name: next(n for s in group for n in s.samples.data) for name, group in searches().items()}
    for name in searches():
        missing = needed(name, sample[name], tree.source(0, EVENTS), lacks)
        assert any(branch.startswith("trigger_") for branch in missing), name
