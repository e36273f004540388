"""K+ -> pi+ nu nu, its normalisation and pi0 -> gamma A' once more, event by event in plain Python.

As independent as `tests.processors.plain_single`, which finds the kaon.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rarekaon.analysis.facts.detector import detector
from tests.processors.plain import at_plane, in_acceptance
from tests.processors.plain_single import MK, kaon_of, momentum

MPI, MPI0 = 139.57039, 134.9768


def is_pion(t: dict[str, float]) -> bool:
    """RICH, calorimeter and muon detector all agree."""
    muon = t["muv3_index"] >= 0 and abs(t["muv3_time"] - t["rich_time"]) < 7
    if muon or t["lkr_energy"] >= 0.85 * t["momentum"] or t["lkr_energy"] <= 2000 or t["rich_hits"] < 4:
        return False
    return t["rich_log_pi"] - t["rich_log_mu"] > 3 and t["rich_log_pi"] - t["rich_log_e"] > 10


def nothing_else(event: dict[str, Any], index: int) -> bool:
    track = event["Track"][index]
    time = track["rich_time"]
    x, y = at_plane(track, detector().lkr.z)
    for name, window in (("Lav", 3), ("Irc", 7), ("Sac", 7), ("Chanti", 3)):
        if any(abs(s["time"] - time) < window for s in event[name]):
            return False
    for c in event["Cluster"]:
        if c["energy"] > 100 and abs(c["time"] - time) < 8 and math.hypot(c["x"] - x, c["y"] - y) > 60:
            return False
    return all(abs(s["time"] - time) >= 6 or s["track_index"] == index for s in event["Chod"])


def pion(event: dict[str, Any], *, alone: bool) -> float | None:
    """Squared missing mass (MeV2) of an event that passes as signal (`alone`) or normalisation, None otherwise."""
    found = pion_and_kaon(event, "trigger_pinunu" if alone else "trigger_minimum_bias")
    if found is None or (alone and not nothing_else(event, found[0])):
        return None
    _, kaon, own, _ = found
    energy = math.sqrt(float(kaon @ kaon) + MK**2) - math.sqrt(float(own @ own) + MPI**2)
    return energy**2 - float((kaon - own) @ (kaon - own))


def pion_and_photon(event: dict[str, Any]) -> float | None:
    """Squared invisible mass (MeV2) beside pion and photon of an event that passes, None otherwise."""
    found = pion_and_kaon(event, "trigger_pinunu")
    if found is None:
        return None
    index, kaon, own, vertex = found
    x, y = at_plane(event["Track"][index], detector().lkr.z)
    time = event["Track"][index]["rich_time"]
    off = [c for c in event["Cluster"] if math.hypot(c["x"] - x, c["y"] - y) > 60]
    photons = [c for c in off if c["energy"] > 100 and abs(c["time"] - time) < 8]
    if len(photons) != 1 or not nothing_else({**event, "Cluster": []}, index):
        return None
    cluster = photons[0]
    flight = np.array([cluster["x"], cluster["y"], detector().lkr.z]) - vertex
    photon = cluster["energy"] * flight / np.linalg.norm(flight)
    pi0 = kaon - own
    energy = math.sqrt(float(kaon @ kaon) + MK**2) - math.sqrt(float(own @ own) + MPI**2)
    if not 0.015e6 < energy**2 - float(pi0 @ pi0) < 0.021e6 or cluster["energy"] <= 3000:
        return None
    missing = pi0 - photon
    if float(np.linalg.norm(missing)) <= 5000 or missing[2] < 1:
        return None
    target = vertex[:2] + missing[:2] / missing[2] * (detector().lkr.z - vertex[2])
    near = min(math.hypot(target[0] - x, target[1] - y), math.hypot(target[0] - cluster["x"], target[1] - cluster["y"]))
    if not 170 < math.hypot(*target) < 1000 or near <= 200:
        return None
    return MPI0**2 - 2 * (energy * cluster["energy"] - float(pi0 @ photon))


def pion_and_kaon(event: dict[str, Any], line: str) -> tuple[int, Any, Any, Any] | None:  # noqa: PLR0911
    """Track, momenta of kaon and pion, and vertex of an event with a pion and its kaon, None otherwise."""
    if not event[line]:
        return None
    positive = [i for i, t in enumerate(event["Track"]) if t["charge"] > 0]
    if not positive:
        return None
    index = min(positive, key=lambda i: abs(event["Track"][i]["rich_time"] - event["trigger_time"]))
    track = event["Track"][index]
    if sum(abs(t["rich_time"] - track["rich_time"]) < 10 for t in event["Track"]) != 1:
        return None
    found = kaon_of(event, track)
    if found is None or not is_pion(track) or not 15000 < track["momentum"] < 35000 or not in_acceptance(track):
        return None
    tag, beam, distance, vertex = found
    late = beam["time"] - tag
    if abs(tag - track["rich_time"]) >= 0.5 or abs(late) >= 0.3 or distance >= 4:
        return None
    if (late / 0.12) ** 2 + (distance / 1.5) ** 2 >= 9 or not 105000 < vertex[2] < 165000:
        return None
    x, y = at_plane(track, detector().collimator.z[1])
    if abs(x) < 100 and abs(y) < 500:
        return None
    if sum(abs(g["time"] - tag) < 0.5 for g in event["Gtk"]) != 1:
        return None
    if all(s["track_index"] != index for s in event["Chod"]):
        return None
    return index, momentum(beam), momentum(track), vertex
