"""Single-track events with a perfect track and a perfect kaon, from K+ -> mu+ N or pi+ X by hand: exact kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from rarekaon.analysis.contract import schema
from rarekaon.analysis.contract.particles import MASS_K, MASS_MU, MASS_PI
from rarekaon.analysis.contract.units import GeV, m
from tests import ideal_events as ideal
from tests.toy_events import toy_columns, write_toy_file

SLOPE = (1.2e-3, 0.04e-3)


@dataclass
class IdealSingleTracks:
    """`kaon` and `momentum` (n, 3) in MeV, `vertex` (n, 3) in mm, `angle` (n,) in the kaon frame, `columns`."""

    kaon: np.ndarray
    momentum: np.ndarray
    vertex: np.ndarray
    angle: np.ndarray
    columns: dict[str, Any]

    def write(self, path: Path, *, truth: bool = True, **replaced: Any) -> Path:
        columns = self.columns | replaced
        kept = columns if truth else {k: v for k, v in columns.items() if not ideal._is_truth(k)}
        return write_toy_file(path, len(self.kaon), truth=truth, replace=kept)


def one(values: np.ndarray, dtype: str = "float32") -> ak.Array:
    """One object an event."""
    return ak.from_regular(ak.from_numpy(np.asarray(values).astype(dtype)[:, None]))


def ideal_single_tracks(
    mass: float,
    events: int = 300,
    *,
    seed: int = 3,
    run: int = 7900,
    particle: str = "mu+",
    vertices: tuple[float, float] = (145 * m, 178 * m),
) -> IdealSingleTracks:
    """K+ -> mu+ (or pi+) N with N of that mass (MeV): all in time and in trigger, nothing else in the detectors."""
    own = MASS_MU if particle == "mu+" else MASS_PI
    rng = np.random.default_rng(seed)
    kaon = _kaons(rng, 20 * events)
    modulus = np.sqrt((MASS_K**2 - (mass + own) ** 2) * (MASS_K**2 - (mass - own) ** 2)) / (2 * MASS_K)
    rest = ideal._isotropic(rng, np.full(20 * events, modulus))
    momentum = ideal._boost(rest, own, kaon, MASS_K)
    total = np.linalg.norm(momentum, axis=-1)
    fast = np.flatnonzero((total > 6 * GeV) & (total < 69 * GeV))[:events]
    kaon, momentum, rest = kaon[fast], momentum[fast], rest[fast]
    # the boost leaves the angle to the kaon's direction as it was drawn
    direction = kaon / np.linalg.norm(kaon, axis=-1, keepdims=True)
    angle = np.arccos((rest * direction).sum(-1) / np.linalg.norm(rest, axis=-1))
    z = rng.uniform(*vertices, events)
    vertex = np.stack([*(s * (z - schema.Z_GTK3) for s in (kaon[:, 0] / kaon[:, 2], kaon[:, 1] / kaon[:, 2])), z], -1)
    columns = toy_columns(events, seed=seed, truth=True)
    columns |= ideal._event_columns(events, run) | ideal._tracks((particle,), momentum[:, None], vertex)
    columns |= _muon(events, momentum) if particle == "mu+" else _pion(events, momentum)
    columns |= _kaon(kaon, vertex) | _truth(kaon, momentum)
    return IdealSingleTracks(kaon, momentum, vertex, angle, columns)


def _kaons(rng, n):
    p = rng.normal(75 * GeV, 0.75 * GeV, n)
    sx, sy = (slope + rng.normal(0, 1.1e-4, n) for slope in SLOPE)
    pz = p / np.sqrt(1 + sx**2 + sy**2)
    return np.stack([sx * pz, sy * pz, pz], axis=-1)


def _muon(events, momentum):
    total = np.linalg.norm(momentum, axis=-1)
    return {
        "Track_lkr_energy": one(np.minimum(550, 0.1 * total)),
        "Track_muv3_index": one(np.zeros(events), "int16"),
        "Track_muv3_count": one(np.ones(events), "uint8"),
        "Track_rich_log_e": one(np.full(events, -20)),
        "Track_rich_log_mu": one(np.zeros(events)),
        "Track_rich_log_pi": one(np.full(events, -20)),
        **{f"Muv3_{name}": one(np.zeros(events)) for name in ("x", "y", "time")},
        "Muv3_outer": one(np.ones(events), "bool"),
        "Chod_track_index": one(np.zeros(events), "int16"),
        **{f"Chod_{name}": one(np.zeros(events)) for name in ("x", "y", "time")},
    }


def _pion(events, momentum):
    total = np.linalg.norm(momentum, axis=-1)
    return {
        "Track_lkr_energy": one(0.5 * total),
        "Track_muv3_index": one(np.full(events, -1), "int16"),
        "Track_rich_hits": one(np.full(events, 10), "uint8"),
        "Track_rich_log_e": one(np.full(events, -20)),
        "Track_rich_log_mu": one(np.full(events, -20)),
        "Track_rich_log_pi": one(np.zeros(events)),
        "Chod_track_index": one(np.zeros(events), "int16"),
        **{f"Chod_{name}": one(np.zeros(events)) for name in ("x", "y", "time")},
    }


def _kaon(kaon, vertex):
    back = schema.Z_GTK3 - vertex[:, 2]
    sx, sy = kaon[:, 0] / kaon[:, 2], kaon[:, 1] / kaon[:, 2]
    values = {
        "momentum": np.linalg.norm(kaon, axis=-1), "slope_x": sx, "slope_y": sy,
        "x": vertex[:, 0] + sx * back, "y": vertex[:, 1] + sy * back, "time": 0 * sx, "chi2": 1 + 0 * sx,
    }  # fmt: skip
    tag = {"Ktag_time": one(0 * sx), "Ktag_sectors": one(8 + 0 * sx, "uint8")}
    return {f"Gtk_{name}": one(v) for name, v in values.items()} | tag


def _truth(kaon, momentum):
    muon = {"pdg": np.full(len(kaon), -13), "parent": np.full(len(kaon), -1)}
    muon |= dict(zip(("px", "py", "pz"), momentum.T, strict=True))
    muon["energy"] = np.sqrt((momentum**2).sum(-1) + MASS_MU**2)
    muon |= dict.fromkeys(("x", "y", "z", "z_end"), np.zeros(len(kaon)))
    dtypes = {f.name: f.dtype for f in schema.GENERATED.fields}
    columns = {f"Generated_{name}": one(values, dtypes[name]) for name, values in muon.items()}
    names = ("truth_kaon_px", "truth_kaon_py", "truth_kaon_pz")
    return columns | {name: k.astype(np.float32) for name, k in zip(names, kaon.T, strict=True)}


def several(*rows: np.ndarray, dtype: str = "float32") -> ak.Array:
    """Several objects an event, each given as an array (events,)."""
    return ak.from_regular(ak.from_numpy(np.stack(rows, axis=1).astype(dtype)))
