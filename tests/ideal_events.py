"""Three-track events with perfect tracks, built from four-momenta and straight lines by hand.

They know nothing of the simulation: an independent source for tests of vertexing, kinematics and selections.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from rarekaon.analysis.contract import schema
from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.contract.units import GeV, m
from rarekaon.analysis.facts.detector import detector
from tests.toy_events import toy_columns, write_toy_file

BEAM = 75 * GeV
SIGMA = {
    "var_x": 0.01,
    "var_y": 0.01,
    "var_slope_x": 1e-10,
    "var_slope_y": 1e-10,
    "cov_x_slope_x": 0,
    "cov_y_slope_y": 0,
}


@dataclass
class Ideal:
    """`momentum` (n, 3, 3) in MeV, `vertex` (n, 3) in mm, `particles` the three tracks, `columns` for a file."""

    particles: tuple[str, str, str]
    momentum: np.ndarray
    vertex: np.ndarray
    columns: dict[str, Any]

    def write(self, path: Path, *, truth: bool = False) -> Path:
        columns = self.columns if truth else {k: v for k, v in self.columns.items() if not _is_truth(k)}
        return write_toy_file(path, len(self.vertex), truth=truth, replace=columns)


def _is_truth(name: str) -> bool:
    return name.startswith(("truth_", "Generated", "nGenerated"))


def three_body_decays(particles: tuple[str, str, str], events: int, seed: int) -> np.ndarray:
    """Lab momenta (events, 3, 3) of K+ -> particles with the kaon along z; flat in m23^2 and the angles."""
    kaon = np.tile([0.0, 0.0, BEAM], (events, 1))
    return _three_bodies(np.random.default_rng(seed), particles, kaon, MASS_K)


def decays_with_pi0(particles: tuple[str, str, str], events: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lab momenta (events, 3, 3) of K+ -> particles pi0, and those of the pi0's photons (events, 2, 3)."""
    rng = np.random.default_rng(seed)
    mass_pi0 = particle("pi0").mass
    mass = rng.uniform(sum(particle(name).mass for name in particles), MASS_K - mass_pi0, events)
    kaon = np.tile([0.0, 0.0, BEAM], (events, 1))
    apart = _isotropic(rng, _breakup(MASS_K, mass_pi0, mass))
    pi0, rest = _boost(apart, mass_pi0, kaon, MASS_K), _boost(-apart, mass, kaon, MASS_K)
    photon = _isotropic(rng, np.full(events, mass_pi0 / 2))
    photons = np.stack([_boost(p, 0.0, pi0, mass_pi0) for p in (photon, -photon)], axis=1)
    return _three_bodies(rng, particles, rest, mass), photons


def _three_bodies(rng, particles, parent, mass):
    """Lab momenta (events, 3, 3) of the decay of a parent with momentum (events, 3) and mass (events,) or a number."""
    m1, m2, m3 = (particle(name).mass for name in particles)
    m23 = np.sqrt(rng.uniform((m2 + m3) ** 2, (mass - m1) ** 2, len(parent)))
    first = _isotropic(rng, _breakup(mass, m1, m23))
    second = _isotropic(rng, _breakup(m23, m2, m3))
    pair = -first
    momenta = [first, _boost(second, m2, pair, m23), _boost(-second, m3, pair, m23)]
    return np.stack([_boost(p, m, parent, mass) for p, m in zip(momenta, (m1, m2, m3), strict=True)], axis=1)


def _breakup(mass, a, b):
    return np.sqrt((mass**2 - (a + b) ** 2) * (mass**2 - (a - b) ** 2)) / (2 * mass)


def _isotropic(rng, modulus):
    cos = rng.uniform(-1, 1, len(modulus))
    phi = rng.uniform(0, 2 * np.pi, len(modulus))
    sin = np.sqrt(1 - cos**2)
    return modulus[:, None] * np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=-1)


def _boost(p, mass, frame, frame_mass):
    energy = np.sqrt((p**2).sum(-1) + mass**2)
    frame_energy = np.sqrt((frame**2).sum(-1) + frame_mass**2)
    along = (p * frame).sum(-1) / frame_mass
    return p + frame * (along / (frame_energy + frame_mass) + energy / frame_mass)[:, None]


def ideal_events(particles: tuple[str, str, str], events: int = 200, *, seed: int = 1, run: int = 7900) -> Ideal:
    """Events in which everything is as it should be: in time, in trigger, identified, no extra activity."""
    momentum = three_body_decays(particles, 20 * events, seed)
    return _ideal(particles, momentum[_in_range(momentum)][:events], seed, run)


def ideal_events_with_pi0(particles: tuple[str, str, str], events: int = 200, *, seed: int = 1) -> Ideal:
    """The same with a pi0, whose two photons are the only clusters; they need not hit the calorimeter."""
    momentum, photons = decays_with_pi0(particles, 100 * events, seed)
    chosen = _in_range(momentum) & (photons[..., 2].min(axis=1) > 2.5 * GeV)
    momentum, photons = momentum[chosen][:events], photons[chosen][:events]
    ideal = _ideal(particles, momentum, seed, run=7900)
    flight = detector().lkr.z - ideal.vertex[:, None, 2]
    at = ideal.vertex[:, None, :2] + photons[..., :2] / photons[..., 2:] * flight[..., None]
    fields = {"energy": np.linalg.norm(photons, axis=-1), "x": at[..., 0], "y": at[..., 1], "time": 0 * flight + [0, 0]}
    return replace(ideal, columns=ideal.columns | clusters(fields))


def clusters(fields: dict[str, np.ndarray]) -> dict[str, ak.Array]:
    """Columns of clusters from arrays (events, clusters) by field."""
    return {f"Cluster_{k}": ak.from_regular(ak.from_numpy(v.astype(np.float32))) for k, v in fields.items()}


def _in_range(momentum: np.ndarray) -> np.ndarray:
    modulus = np.linalg.norm(momentum, axis=-1)
    return (modulus.min(axis=1) > 8.5 * GeV) & (modulus.max(axis=1) < 43 * GeV)


def _ideal(particles: tuple[str, str, str], momentum: np.ndarray, seed: int, run: int) -> Ideal:
    events = len(momentum)
    rng = np.random.default_rng([seed, 1])
    vertex = np.stack([np.zeros(events), np.zeros(events), rng.uniform(110 * m, 160 * m, events)], axis=-1)
    columns = toy_columns(events, seed=seed, truth=True)
    columns |= _event_columns(events, run) | _tracks(particles, momentum, vertex) | _hodoscope(events)
    return Ideal(particles, momentum, vertex, columns)


def _event_columns(events: int, run: int) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "run": np.full(events, run, np.uint32),
        "trigger_time": np.zeros(events, np.float32),
        "beam_momentum": np.full(events, BEAM, np.float32),
        "truth_weight": np.ones(events),
    }
    columns |= {f"trigger_{line}": np.ones(events, bool) for line in schema.TRIGGER_LINES}
    columns |= dict.fromkeys(("beam_slope_x", "beam_slope_y", "beam_x", "beam_y"), np.zeros(events, np.float32))
    for c in schema.COLLECTIONS:
        if c.name != "Track":
            columns |= {c.branch(f.name): _empty(events, f.dtype) for f in c.fields}
    return columns


def _hodoscope(events: int) -> dict[str, ak.Array]:
    """A signal for each of the three tracks, at the same time."""
    fields: dict[str, Any] = {"x": 0.0, "y": 0.0, "time": 0.0, "track_index": np.arange(3)}
    return {
        schema.CHOD.branch(f.name): ak.from_regular(
            ak.from_numpy(np.broadcast_to(np.asarray(fields[f.name]), (events, 3)).astype(f.dtype))
        )
        for f in schema.CHOD.fields
    }


def _empty(events: int, dtype: str) -> ak.Array:
    return ak.unflatten(np.array([], dtype), np.zeros(events, int))


def _tracks(particles: tuple[str, ...], momentum: np.ndarray, vertex: np.ndarray) -> dict[str, Any]:
    charge = np.array([particle(name).charge for name in particles])
    before, after = _lines(momentum, vertex, charge)
    total = np.linalg.norm(momentum, axis=-1)
    electron = np.array([abs(particle(name).pdg) == 11 for name in particles])
    fields: dict[str, Any] = {
        **before, **after, **dict.fromkeys(SIGMA, 0),
        "momentum": total, "charge": np.broadcast_to(charge, total.shape), "chi2": 1.0, "chambers": 4,
        "chod_time": 0.0, "rich_time": 0.0, "rich_hits": 15,
        "rich_log_e": np.where(electron, 0.0, -20.0) + 0 * total,
        "rich_log_mu": -20.0, "rich_log_pi": np.where(electron, -20.0, 0.0) + 0 * total,
        "lkr_energy": np.where(electron, 1.0, 0.3) * total, "lkr_time": 0.0,
        "muv3_time": 0.0, "cluster_index": -1, "muv3_index": -1, "muv3_count": 0,
    }  # fmt: skip
    fields |= SIGMA
    columns = {}
    for field in schema.TRACK.fields:
        values = np.broadcast_to(np.asarray(fields[field.name]), total.shape).astype(field.dtype)
        columns[f"Track_{field.name}"] = ak.from_regular(ak.from_numpy(values.copy()))
    return columns


def _lines(momentum, vertex, charge):
    """Positions and slopes at the two reference planes: a straight line and a kick in p_x at the magnet."""
    magnet = detector().magnet
    sx, sy = momentum[..., 0] / momentum[..., 2], momentum[..., 1] / momentum[..., 2]
    z = vertex[:, 2, None]
    at = {name: (vertex[:, i, None], s) for i, (name, s) in enumerate((("x", sx), ("y", sy)))}
    before = {name: v + s * (schema.Z_BEFORE_MAGNET - z) for name, (v, s) in at.items()}
    px = momentum[..., 0] + charge * magnet.kick
    pz = np.sqrt((momentum**2).sum(-1) - px**2 - momentum[..., 1] ** 2)
    sx_after, sy_after = px / pz, momentum[..., 1] / pz
    reach = schema.Z_AFTER_MAGNET - magnet.z
    middle = {name: v + s * (magnet.z - z) for name, (v, s) in at.items()}
    after = {
        "x_after": middle["x"] + sx_after * reach,
        "y_after": middle["y"] + sy_after * reach,
        "slope_x_after": sx_after,
        "slope_y_after": sy_after,
    }
    return {**before, "slope_x": sx, "slope_y": sy}, after
