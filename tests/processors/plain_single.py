"""The single-track selection once more, event by event in plain Python, from the text of PLB 816 (2021) 136259.

As independent as `tests.processors.plain`: the closest approach comes from the normal equations of two lines, the
angle in the kaon's frame from an explicit boost.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from rarekaon.analysis.facts.detector import detector
from tests.processors.plain import Z_BEFORE, at_plane, in_acceptance

MK, MMU, ME = 493.677, 105.6583755, 0.51099895
Z_GTK3 = 102400.0
COLLECTIONS = ("Track", "Cluster", "Chod", "RichHit", "Lav", "Irc", "Sac", "Chanti", "Ktag", "Gtk")


def events_of(path: Path, first: int, last: int) -> list[dict[str, Any]]:
    with uproot.open(f"{path}:Events") as tree:
        names = [n for n in tree.keys() if n.split("_")[0] in COLLECTIONS]  # noqa: SIM118
        scalars = ["trigger_time", "trigger_minimum_bias", "trigger_pinunu"]
        rows = tree.arrays([*scalars, *names], entry_start=first, entry_stop=last).to_list()
    for row in rows:
        for c in COLLECTIONS:
            own = [n for n in row if n.startswith(f"{c}_")]
            fields = [n.removeprefix(f"{c}_") for n in own]
            row[c] = [dict(zip(fields, v, strict=True)) for v in zip(*(row[n] for n in own), strict=True)]
    return rows


def line(t: dict[str, float], z: float) -> tuple[np.ndarray, np.ndarray]:
    """A point and the direction of a track given in the plane z."""
    return np.array([t["x"], t["y"], z]), np.array([t["slope_x"], t["slope_y"], 1.0])


def meeting(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> tuple[float, np.ndarray]:
    """Least distance of two lines and the point in the middle of it."""
    (p, u), (q, v) = a, b
    matrix = np.array([[u @ u, -(u @ v)], [u @ v, -(v @ v)]])
    s, t = np.linalg.solve(matrix, np.array([u @ (q - p), v @ (q - p)]))
    one, two = p + s * u, q + t * v
    return float(np.linalg.norm(one - two)), (one + two) / 2


def momentum(t: dict[str, float]) -> np.ndarray:
    direction = np.array([t["slope_x"], t["slope_y"], 1.0])
    return t["momentum"] * direction / np.linalg.norm(direction)


def kaon_of(event: dict[str, Any], track: dict[str, float]) -> tuple[float, dict[str, float], float, np.ndarray] | None:
    """KTAG time, beam track, closest approach and vertex: the beam track most consistent with the decay."""
    if not event["Ktag"]:
        return None
    time = min((k["time"] for k in event["Ktag"]), key=lambda t: abs(t - track["rich_time"]))
    best = None
    for g in event["Gtk"]:
        if abs(g["time"] - time) < 0.5:
            distance, point = meeting(line(track, Z_BEFORE), line(g, Z_GTK3))
            d = ((g["time"] - time) / 0.12) ** 2 + (distance / 1.5) ** 2
            if best is None or d < best[0]:
                best = (d, g, distance, point)
    return None if best is None else (time, best[1], best[2], best[3])


def angle_in_kaon_frame(kaon: np.ndarray, muon: np.ndarray) -> float:
    energy = math.sqrt(float(kaon @ kaon) + MK**2)
    beta, gamma = kaon / energy, energy / MK
    e = math.sqrt(float(muon @ muon) + MMU**2)
    along = float(beta @ muon)
    rest = muon + ((gamma - 1) * along / float(beta @ beta) - gamma * e) * beta
    return math.acos(float(rest @ kaon) / (np.linalg.norm(rest) * np.linalg.norm(kaon)))


def is_muon(t: dict[str, float]) -> bool:
    if t["lkr_energy"] / t["momentum"] >= 0.2:
        return False
    if t["muv3_index"] < 0 or abs(t["muv3_time"] - t["rich_time"]) >= 3:
        return False
    if t["momentum"] >= 30000:
        return True
    if t["rich_log_e"] > t["rich_log_pi"]:
        return False
    return not (t["momentum"] >= 9500 and t["rich_log_pi"] > t["rich_log_mu"])


def quiet(event: dict[str, Any], track: dict[str, float], index: int) -> bool:
    time = track["rich_time"]
    x, y = at_plane(track, detector().lkr.z)
    for c in event["Cluster"]:
        far = math.hypot(c["x"] - x, c["y"] - y) > 125
        if c["energy"] > 100 and abs(c["time"] - time) < 12 and far:
            return False
    for name, window in (("Lav", 3), ("Irc", 3), ("Sac", 3), ("Chanti", 4)):
        if any(abs(s["time"] - time) < window for s in event[name]):
            return False
    tiles = [s for s in event["Chod"] if abs(s["time"] - time) < 6 and s["track_index"] != index]
    hits = [s for s in event["RichHit"] if abs(s["time"] - time) < 3]
    return len(tiles) <= 2 and len(hits) <= 3


def one_track(event: dict[str, Any], index: int) -> bool:
    """No other track makes a vertex with it."""
    track = event["Track"][index]
    for i, other in enumerate(event["Track"]):
        if i != index:
            apart, point = meeting(line(track, Z_BEFORE), line(other, Z_BEFORE))
            if apart < 15 and Z_GTK3 < point[2] < 183000:
                return False
    return True


def single_muon(event: dict[str, Any]) -> float | None:  # noqa: PLR0911
    """Squared missing mass (MeV2) of an event that passes, None otherwise."""
    positive = [i for i, t in enumerate(event["Track"]) if t["charge"] > 0]
    if not positive or not event["trigger_minimum_bias"]:
        return None
    index = min(positive, key=lambda i: abs(event["Track"][i]["rich_time"] - event["trigger_time"]))
    track = event["Track"][index]
    found = kaon_of(event, track)
    if found is None or not is_muon(track) or not 5000 < track["momentum"] < 70000:
        return None
    time, beam, distance, vertex = found
    x, y = at_plane(track, detector().muv3.z)
    muv3 = detector().muv3
    if not in_acceptance(track) or max(abs(x), abs(y)) >= muv3.half_side or math.hypot(x, y) <= muv3.r_min:
        return None
    if abs(time - track["rich_time"]) >= 1 or distance >= 7 or not 105000 < vertex[2] < 180000:
        return None
    kaon, muon = momentum(beam), momentum(track)
    share = angle_in_kaon_frame(kaon, muon) / math.pi
    if vertex[2] <= 105000 + 35000 + (8000 - 35000) * share:
        return None
    if not quiet(event, track, index) or not one_track(event, index):
        return None
    energy = math.sqrt(float(kaon @ kaon) + MK**2) - math.sqrt(float(muon @ muon) + MMU**2)
    return energy**2 - float((kaon - muon) @ (kaon - muon))


def single_positron(event: dict[str, Any]) -> float | None:
    """Squared missing mass (MeV2) of a positron that is alone, None otherwise; our own choices for K+ -> e+ N."""
    positive = [i for i, t in enumerate(event["Track"]) if t["charge"] > 0]
    if not positive or not event["trigger_pinunu"]:
        return None
    index = min(positive, key=lambda i: abs(event["Track"][i]["rich_time"] - event["trigger_time"]))
    track = event["Track"][index]
    found = kaon_of(event, track)
    if found is None or not 5000 < track["momentum"] < 30000 or not in_acceptance(track):
        return None
    if not 0.9 < track["lkr_energy"] / track["momentum"] < 1.1 or track["rich_log_e"] <= track["rich_log_pi"]:
        return None
    time, beam, distance, vertex = found
    if abs(time - track["rich_time"]) >= 1 or distance >= 4 or not 110000 < vertex[2] < 180000:
        return None
    if not quiet(event, track, index) or not one_track(event, index):
        return None
    kaon, own = momentum(beam), momentum(track)
    energy = math.sqrt(float(kaon @ kaon) + MK**2) - math.sqrt(float(own @ own) + ME**2)
    return energy**2 - float((kaon - own) @ (kaon - own))
