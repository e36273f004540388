"""The selections once more, event by event in plain Python, from the text of the papers.

Slow and independent on purpose: nothing of `events`, `selection` or `processors` is used, only the
detector's constants.  The vertex is found by a generic linear least squares, iterated on its weights.
"""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from rarekaon.analysis.facts.detector import detector

Z_BEFORE, Z_AFTER = 180000.0, 222000.0
MASS = {"pi": 139.57039, "pi0": 134.9768, "e": 0.51099895, "mu": 105.6583755}
BRANCHES = (
    "run", "trigger_time", "beam_momentum", "beam_slope_x", "beam_slope_y", "trigger_MT", "trigger_eMT",
    "trigger_muMT", "trigger_dimuon", "nTrack", "nLav", "nCluster", "Lav_time", "Lav_station",
    "Cluster_energy", "Cluster_x", "Cluster_y", "Cluster_time", "nChod", "Chod_track_index",
)  # fmt: skip


def events_of(path: Path, first: int, last: int) -> list[dict[str, Any]]:
    """Events as dictionaries; jagged branches as lists of dictionaries per object."""
    with uproot.open(f"{path}:Events") as tree:
        tracks = [name for name in list(tree.keys()) if name.startswith("Track_")]
        rows = tree.arrays([*BRANCHES, *tracks], entry_start=first, entry_stop=last).to_list()
    for row in rows:
        for collection in ("Track", "Lav", "Cluster", "Chod"):
            names = [n for n in row if n.startswith(f"{collection}_")]
            short = [n.removeprefix(f"{collection}_") for n in names]
            row[collection] = [
                dict(zip(short, values, strict=True)) for values in zip(*(row[n] for n in names), strict=True)
            ]
    return rows


def vertex_of(tracks: list[dict[str, float]]) -> tuple[np.ndarray, float]:
    """Least-squares point (x, y, z) of three straight lines and its chi2."""
    z = Z_BEFORE + crossing(tracks)
    if not 102400 < z < 183000:
        return np.array([0.0, 0.0, z]), math.inf
    for _ in range(3):
        rows, values = [], []
        for t in tracks:
            d = z - Z_BEFORE
            for axis, column in (("x", 0), ("y", 1)):
                variance = t[f"var_{axis}"] + 2 * d * t[f"cov_{axis}_slope_{axis}"] + d * d * t[f"var_slope_{axis}"]
                row = [0.0, 0.0, -t[f"slope_{axis}"]]
                row[column] = 1.0
                sigma = math.sqrt(variance)
                rows.append([r / sigma for r in row])
                values.append((t[axis] - t[f"slope_{axis}"] * Z_BEFORE) / sigma)
        a, b = np.array(rows), np.array(values)
        point = np.linalg.lstsq(a, b, rcond=None)[0]
        z = point[2]
    return point, float(((a @ point - b) ** 2).sum())


def crossing(tracks: list[dict[str, float]]) -> float:
    up = down = 0.0
    for axis in ("x", "y"):
        mean = sum(t[axis] for t in tracks) / 3
        slope = sum(t[f"slope_{axis}"] for t in tracks) / 3
        up += sum((t[axis] - mean) * (t[f"slope_{axis}"] - slope) for t in tracks)
        down += sum((t[f"slope_{axis}"] - slope) ** 2 for t in tracks)
    return -up / down


def good_vertices(event: dict[str, Any]) -> list[tuple[list[dict[str, float]], np.ndarray]]:
    found = []
    for three in combinations(event["Track"], 3):
        point, chi2 = vertex_of(list(three))
        if chi2 < 25 and 102400 < point[2] < 183000:
            found.append((list(three), point))
    return found


def momentum_at(t: dict[str, float], vertex: np.ndarray) -> np.ndarray:
    """Momentum with slopes that were pulled to the vertex: the posterior of a straight line passing there."""
    d = vertex[2] - Z_BEFORE
    slopes = []
    for axis, at in (("x", vertex[0]), ("y", vertex[1])):
        c = np.array([
            [t[f"var_{axis}"], t[f"cov_{axis}_slope_{axis}"]], [t[f"cov_{axis}_slope_{axis}"], t[f"var_slope_{axis}"]]
        ])  # fmt: skip
        h = np.array([1.0, d])
        state = np.array([t[axis], t[f"slope_{axis}"]])
        slopes.append((state + c @ h / (h @ c @ h) * (at - h @ state))[1])
    direction = np.array([*slopes, 1.0])
    return t["momentum"] * direction / np.linalg.norm(direction)


def at_plane(t: dict[str, float], z: float) -> tuple[float, float]:
    if z < 201000:
        return t["x"] + t["slope_x"] * (z - Z_BEFORE), t["y"] + t["slope_y"] * (z - Z_BEFORE)
    return t["x_after"] + t["slope_x_after"] * (z - Z_AFTER), t["y_after"] + t["slope_y_after"] * (z - Z_AFTER)


def in_acceptance(t: dict[str, float]) -> bool:
    d = detector()
    for z, hole in zip(d.straw.z, d.straw.hole_x, strict=True):
        x, y = at_plane(t, z)
        turned = [abs((x - hole) * math.cos(a) + y * math.sin(a)) for a in np.arange(4) * math.pi / 4]
        if math.hypot(x, y) >= d.straw.r_max or sum(w > d.straw.hole_half_side for w in turned) < 2:
            return False
    if not d.chod.r_min < math.hypot(*at_plane(t, d.chod.z)) < d.chod.r_max:
        return False
    x, y = (abs(v) for v in at_plane(t, d.lkr.z))
    return max(x, y, (x + y) / math.sqrt(2)) < d.lkr.apothem and math.hypot(x, y) > d.lkr.r_min


def in_rich_and_muv3(t: dict[str, float]) -> bool:
    d = detector()
    x, y = at_plane(t, d.rich.z_front)
    if not d.rich.r_min < math.hypot(x - d.rich.front_x, y) < d.rich.r_max:
        return False
    x, y = at_plane(t, d.muv3.z)
    return max(abs(x), abs(y)) < d.muv3.half_side and math.hypot(x, y) > d.muv3.r_min


def well_measured(event: dict[str, Any], tracks: list[dict[str, float]]) -> bool:
    """Our choices: every track is seen in all four chambers and has a hodoscope signal."""
    owners = {hit["track_index"] for hit in event["Chod"]}
    return all(t["chambers"] == 4 and event["Track"].index(t) in owners for t in tracks)


def separations(tracks: list[dict[str, float]], z: float) -> list[float]:
    points = [at_plane(t, z) for t in tracks]
    return [math.dist(a, b) for a, b in combinations(points, 2)]


def rich_angles(tracks: list[dict[str, float]]) -> list[float]:
    units = [np.array([t["slope_x_after"], t["slope_y_after"], 1.0]) for t in tracks]
    units = [u / np.linalg.norm(u) for u in units]
    return [math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b)) for a, b in combinations(units, 2)]


def mass_of(momenta: list[np.ndarray], masses: list[float]) -> float:
    energy = sum(math.sqrt(float(p @ p) + m * m) for p, m in zip(momenta, masses, strict=True))
    total = sum(momenta)
    return math.sqrt(max(0.0, energy**2 - float(total @ total)))


def three_tracks(event: dict[str, Any], pion_charge: int, *, full: bool) -> dict[str, Any] | None:  # noqa: PLR0911
    """Section 2: the vertex of a pion and two electrons, its times and the photon veto.

    Gives the "pion", the "leptons", the vertex "point", its "time" and the "momenta" by id of the track.
    """
    vertices = good_vertices(event)
    if len(vertices) != 1 or not (event["trigger_MT"] or event["trigger_eMT"]):
        return None
    tracks, point = vertices[0]
    charges = sum(t["charge"] for t in tracks)
    e_over_p = [t["lkr_energy"] / t["momentum"] for t in tracks]
    pions = [t for t, r in zip(tracks, e_over_p, strict=True) if r < 0.85]
    leptons = [t for t, r in zip(tracks, e_over_p, strict=True) if 0.9 < r < 1.1]
    if charges != 1 or len(pions) != 1 or len(leptons) != 2 or pions[0]["charge"] != pion_charge:
        return None
    low, high = (6000, 44000) if full else (8000, 45000)
    if not 105000 < point[2] < 180000 or not all(low < t["momentum"] < high for t in tracks):
        return None
    if not all(in_acceptance(t) for t in tracks) or not well_measured(event, tracks):
        return None
    if not full and not all(in_rich_and_muv3(t) for t in tracks):
        return None
    d = detector()
    for z in d.straw.z if full else d.straw.z[:1]:
        if min(separations(tracks, z)) <= 15:
            return None
    if min(separations(tracks, d.lkr.z)) <= 200:
        return None
    time = sum(t["rich_time"] for t in tracks) / 3
    if full and any(abs(t["rich_time"] - event["trigger_time"]) >= 2.5 for t in tracks):
        return None
    chod = [t["chod_time"] for t in tracks]
    if not full and max(chod) - min(chod) >= 15:
        return None
    for hit in event["Lav"]:
        downstream = d.lav.z_front[hit["station"] - 1] > point[2]
        if abs(hit["time"] - time) < 4 and (downstream or not full):
            return None
    momenta = {id(t): momentum_at(t, point) for t in tracks}
    return {"pion": pions[0], "leptons": leptons, "point": point, "time": time, "momenta": momenta}


def closed(event: dict[str, Any], total: np.ndarray, balance: float) -> bool:
    """Total momentum that of the beam, no transverse momentum."""
    axis = np.array([event["beam_slope_x"], event["beam_slope_y"], 1.0])
    axis /= np.linalg.norm(axis)
    balanced = abs(float(np.linalg.norm(total)) - event["beam_momentum"]) < balance
    return balanced and float(np.linalg.norm(total - (total @ axis) * axis)) < 30


def pi_ee(event: dict[str, Any], *, signal: bool, year: str) -> float | None:
    """Reconstructed pi e e mass (MeV) of an event that passes, None otherwise."""
    full = year == "2016-2018"
    found = three_tracks(event, -1 if signal else 1, full=full)
    if found is None or not closed(event, sum(found["momenta"].values()), 2000 if full else 2500):
        return None
    pion, leptons = found["pion"], found["leptons"]
    if signal or not full:
        least = 1.4 if full else 0.0
        if any(t["rich_log_e"] - t["rich_log_pi"] <= least for t in leptons if t["charge"] > 0):
            return None
        if min(rich_angles([pion, *leptons])) <= 4e-3:
            return None
    pair = [found["momenta"][id(t)] for t in leptons]
    if not signal and mass_of(pair, [MASS["e"]] * 2) <= 140:
        return None
    return mass_of([found["momenta"][id(pion)], *pair], [MASS["pi"], MASS["e"], MASS["e"]])


def pi_pi0_ee(event: dict[str, Any], *, late: int = 0) -> float | None:
    """Reconstructed pi pi0 e e mass (MeV) of an event that passes with `late` photons out of time, None otherwise."""
    found = three_tracks(event, -1, full=True)
    if found is None:
        return None
    z_lkr, point = detector().lkr.z, found["point"]
    impacts = [at_plane(t, z_lkr) for t in (found["pion"], *found["leptons"])]
    prompt, sideband = [], []
    for cluster in event["Cluster"]:
        at, off = (cluster["x"], cluster["y"]), abs(cluster["time"] - found["time"])
        if cluster["energy"] > 2000 and min(math.dist(at, impact) for impact in impacts) > 150:
            if off < 5:
                prompt.append(cluster)
            elif 5 < off < 30:
                sideband.append(cluster)
    if len(prompt) != 2 - late or (late and len(sideband) != late):
        return None
    first, second = (prompt + sideband)[:2]
    distance = math.dist((first["x"], first["y"]), (second["x"], second["y"]))
    z_neutral = z_lkr - distance * math.sqrt(first["energy"] * second["energy"]) / MASS["pi0"]
    if distance <= 150 or abs(point[2] - z_neutral) >= 8000:
        return None
    pi0 = np.zeros(3)
    for photon in (first, second):
        line = np.array([photon["x"], photon["y"], z_lkr]) - point
        pi0 += photon["energy"] * line / np.linalg.norm(line)
    momenta = [found["momenta"][id(t)] for t in (found["pion"], *found["leptons"])] + [pi0]
    if not closed(event, sum(momenta), 3000):
        return None
    return mass_of(momenta, [MASS["pi"], MASS["e"], MASS["e"], MASS["pi0"]])
