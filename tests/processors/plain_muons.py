"""The selections with muons once more, event by event in plain Python, from the text of the papers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rarekaon.analysis.facts.detector import detector
from tests.processors.plain import (
    MASS,
    at_plane,
    closed,
    good_vertices,
    in_acceptance,
    in_rich_and_muv3,
    mass_of,
    momentum_at,
    separations,
    well_measured,
)


def beam_axis(event: dict[str, Any]) -> np.ndarray:
    axis = np.array([event["beam_slope_x"], event["beam_slope_y"], 1.0])
    return axis / np.linalg.norm(axis)


def apart(tracks: list[dict[str, float]], planes: tuple[float, ...], least: float) -> bool:
    return all(min(separations(tracks, z)) > least for z in planes)


def in_time_lav(event: dict[str, Any], time: float, below: float) -> bool:
    """Whether a LAV station downstream of z = `below` has a signal within 4 ns."""
    z = detector().lav.z_front
    return any(abs(hit["time"] - time) < 4 and z[hit["station"] - 1] > below for hit in event["Lav"])


def muon_signal(t: dict[str, float], time: float, window: float) -> bool:
    return t["muv3_index"] >= 0 and abs(t["muv3_time"] - time) < window


def e_over_p(t: dict[str, float]) -> float:
    return t["lkr_energy"] / t["momentum"]


def is_pion(t: dict[str, float], time: float, below: float, veto: float) -> bool:
    return e_over_p(t) < below and not muon_signal(t, time, veto)


def is_muon(t: dict[str, float], time: float) -> bool:
    return e_over_p(t) < 0.2 and muon_signal(t, time, 5)


def is_electron(t: dict[str, float]) -> bool:
    return 0.9 < e_over_p(t) < 1.1


Tracks = list[dict[str, float]]


def the_vertex(event: dict[str, Any], lines: tuple[str, ...]) -> tuple[Tracks, np.ndarray, float] | None:
    """The tracks of the only vertex, of charge +1, its position and time, where a trigger line fired."""
    vertices = good_vertices(event)
    if len(vertices) != 1 or not any(event[f"trigger_{line}"] for line in lines):
        return None
    tracks, point = vertices[0]
    if sum(t["charge"] for t in tracks) != 1:
        return None
    return tracks, point, sum(t["rich_time"] for t in tracks) / 3


def pi_mumu(event: dict[str, Any], *, signal: bool) -> float | None:
    """PLB 797 (2019) 134794 Section 2: reconstructed pi mu mu mass (MeV) of an event that passes, None otherwise."""
    vertex = the_vertex(event, ("dimuon",))
    if vertex is None:
        return None
    tracks, point, time = vertex
    pions = [t for t in tracks if is_pion(t, time, 0.9, 5)]
    muons = [t for t in tracks if is_muon(t, time)]
    if len(pions) != 1 or len(muons) != 2 or pions[0]["charge"] != (-1 if signal else 1):
        return None
    if not 105000 < point[2] < 180000 or not all(5000 < t["momentum"] < 45000 for t in tracks):
        return None
    chod = [t["chod_time"] for t in tracks]
    if not all(in_acceptance(t) and in_rich_and_muv3(t) for t in tracks) or not well_measured(event, tracks):
        return None
    momenta = [momentum_at(t, point) for t in (*pions, *muons)]
    in_time = max(chod) - min(chod) < 15
    if not in_time or not apart(tracks, detector().straw.z[:1], 15) or not closed(event, sum(momenta), 2500):
        return None
    return mass_of(momenta, [MASS["pi"], MASS["mu"], MASS["mu"]])


def common_to_pi_ee_and_mu_nu_ee(event: dict[str, Any], vertex: tuple[Tracks, np.ndarray, float], start: float) -> bool:
    """arXiv:2211.04818 Section 2, common criteria."""
    tracks, point, time = vertex
    if not start < point[2] < 180000 or not all(6000 < t["momentum"] < 44000 for t in tracks):
        return False
    if not all(in_acceptance(t) for t in tracks) or not well_measured(event, tracks):
        return False
    if not apart(tracks, detector().straw.z, 15) or not apart(tracks, (detector().lkr.z,), 200):
        return False
    if any(abs(t["rich_time"] - event["trigger_time"]) >= 2.5 for t in tracks):
        return False
    return not in_time_lav(event, time, point[2])


def pi_ee_for_mu_nu_ee(event: dict[str, Any]) -> float | None:
    """arXiv:2211.04818 Section 2, normalisation: reconstructed pi e e mass (MeV), None where it does not pass."""
    vertex = the_vertex(event, ("MT", "eMT"))
    if vertex is None or not common_to_pi_ee_and_mu_nu_ee(event, vertex, 105000):
        return None
    tracks, point, time = vertex
    pions = [t for t in tracks if is_pion(t, time, 0.85, 3)]
    electrons = [t for t in tracks if is_electron(t)]
    if len(pions) != 1 or len(electrons) != 2 or pions[0]["charge"] != 1:
        return None
    momenta = [momentum_at(t, point) for t in (*pions, *electrons)]
    if not closed(event, sum(momenta), 2000) or mass_of(momenta[1:], [MASS["e"]] * 2) <= 140:
        return None
    return mass_of(momenta, [MASS["pi"], MASS["e"], MASS["e"]])


def mu_nu_ee(event: dict[str, Any]) -> float | None:
    """arXiv:2211.04818 Section 2: squared missing mass (MeV2) of an event that passes, None otherwise."""
    vertex = the_vertex(event, ("MT", "eMT", "muMT"))
    if vertex is None or not common_to_pi_ee_and_mu_nu_ee(event, vertex, 108000):
        return None
    tracks, point, time = vertex
    muons = [t for t in tracks if is_muon(t, time)]
    electrons = [t for t in tracks if is_electron(t)]
    if len(muons) != 1 or len(electrons) != 2 or muons[0]["charge"] != -1:
        return None
    total = sum(momentum_at(t, point) for t in tracks)
    if event["beam_momentum"] - float(np.linalg.norm(total)) <= 10000:
        return None
    impacts = [at_plane(t, detector().lkr.z) for t in tracks]
    for k in event["Cluster"]:
        far = all(math.dist((k["x"], k["y"]), impact) > 150 for impact in impacts)
        if k["energy"] > 3000 and abs(k["time"] - time) < 6 and far:
            return None
    beam = event["beam_momentum"] * beam_axis(event)
    energy = math.hypot(event["beam_momentum"], 493.677)
    for t, mass in [(muons[0], MASS["mu"]), *((t, MASS["e"]) for t in electrons)]:
        energy -= math.hypot(t["momentum"], mass)
    missing = beam - total
    return energy**2 - float(missing @ missing)
