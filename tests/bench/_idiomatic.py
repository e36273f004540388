"""The selections as coffea tutorials teach them: combinations of records, vector behaviours, masks on awkward arrays.

Independent of the package's kernels and candidates; only the schema, the geometry and the declarations are shared.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import awkward as ak
import hist
import numpy as np
import vector
from coffea.processor import ProcessorABC

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.contract.schema import EVENT, Z_AFTER_MAGNET, Z_BEFORE_MAGNET
from rarekaon.analysis.events.candidates import VERTEX_CHI2, VERTEX_Z
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.kernels.geometry import (
    in_chod_acceptance,
    in_lkr_acceptance,
    in_muv3_acceptance,
    in_rich_acceptance,
    in_straw_acceptance,
)
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, Selection
from tests.bench._declaration import FinalState, NoReferenceError, Rule, final_state, quantity, selections

vector.register_awkward()

SLOTS = ("0", "1", "2")
FIELDS = (*(b.name for b in EVENT), "Track", "Lav", "Cluster", "Chod")
PAIRS = (("0", "1"), ("0", "2"), ("1", "2"))


class IdiomaticProcessor(ProcessorABC):
    """Selections of some searches: {"selected": {selection: [[burst, event], ...]}, "spectra": {...}}."""

    def __init__(self, searches: tuple[Search, ...]) -> None:
        self.searches = searches

    def process(self, events: Any) -> dict[str, Any]:
        found = vertices(events[list(FIELDS)])
        chosen, spectra = {}, {}
        for key, (search, selection) in selections(self.searches).items():
            passing, values = select(found, search, selection)
            chosen[key] = list(zip(ak.to_list(passing.burst), ak.to_list(passing.event), strict=True))
            spectra[key] = spectrum(selection.observable, values)
        return {"selected": chosen, "spectra": spectra}

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def wide(values: ak.Array) -> ak.Array:
    return ak.values_astype(values, np.float64)


def variance(track: ak.Array, axis: str, dz: Any) -> ak.Array:
    c, v = wide(track[f"cov_{axis}_slope_{axis}"]), wide(track[f"var_slope_{axis}"])
    return wide(track[f"var_{axis}"]) + 2 * c * dz + v * dz**2


def sums(tracks: list[ak.Array], axis: str, weights: list[Any]) -> tuple[Any, ...]:
    """Weighted means of position and slope, and the sums of products and squares of the deviations."""
    x, s = [wide(t[axis]) for t in tracks], [wide(t[f"slope_{axis}"]) for t in tracks]
    total = sum(weights)
    mean = sum(w * v for w, v in zip(weights, x, strict=True)) / total
    slope = sum(w * v for w, v in zip(weights, s, strict=True)) / total
    dx, ds = [v - mean for v in x], [v - slope for v in s]
    cross = sum(w * a * b for w, a, b in zip(weights, dx, ds, strict=True))
    square = sum(w * b * b for w, b in zip(weights, ds, strict=True))
    spread = sum(w * a * a for w, a in zip(weights, dx, strict=True))
    return mean, slope, cross, square, spread


def vertices(events: ak.Array) -> ak.Array:
    """Events with exactly one good vertex, which they carry as the record `vertex` with its three tracks."""
    placed = ak.with_field(events.Track, ak.local_index(events.Track.momentum), "place")
    triplets = ak.combinations(placed, 3, fields=list(SLOTS))
    tracks = [triplets[slot] for slot in SLOTS]
    low, high = (z - Z_BEFORE_MAGNET for z in VERTEX_Z)
    ones = [1.0] * 3
    first = [sums(tracks, axis, ones) for axis in "xy"]
    dz = -(first[0][2] + first[1][2]) / (first[0][3] + first[1][3])
    inside = (dz > low) & (dz < high)
    triplets, dz = triplets[inside], dz[inside]
    tracks = [triplets[slot] for slot in SLOTS]
    for _ in range(3):
        x, y = (sums(tracks, axis, [1 / variance(t, axis, dz) for t in tracks]) for axis in "xy")
        dz = -(x[2] + y[2]) / (x[3] + y[3])
        chi2 = x[4] + y[4] + (x[2] + y[2]) * dz
    good = (chi2 < VERTEX_CHI2) & (dz > low) & (dz < high)
    vertex = ak.zip({"x": x[0] + x[1] * dz, "y": y[0] + y[1] * dz, "dz": dz, "tracks": triplets}, depth_limit=2)[good]
    one = ak.num(vertex) == 1
    return ak.with_field(events[one], vertex[one][:, 0], "vertex")


def e_over_p(track: ak.Array) -> ak.Array:
    return wide(track.lkr_energy) / wide(track.momentum)


def mean_time(tracks: list[ak.Array]) -> ak.Array:
    return sum(wide(t.rich_time) for t in tracks) / 3


def accepted(rule: Rule, track: ak.Array, time: ak.Array) -> ak.Array:
    p, ratio = rule.parameters, e_over_p(track)

    def muv3(window: float) -> ak.Array:
        return (track.muv3_index >= 0) & (abs(wide(track.muv3_time) - time) < window)

    if rule.kind == "electron":
        return (ratio > p["low"]) & (ratio < p["high"])
    if rule.kind == "pion":
        soft = ratio < p["e_over_p_below"]
        return soft if p["muv3_veto"] is None else soft & ~muv3(p["muv3_veto"])
    if rule.kind == "muon":
        return (ratio < p["e_over_p_below"]) & muv3(p["muv3_window"])
    raise NoReferenceError(f"no idiomatic version of the identification rule {rule.kind}")


ORDERS = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))


def identified(events: ak.Array, state: FinalState) -> ak.Array:
    """Events whose three tracks are the final state's, in the record `slots` in its order."""
    tracks = [events.vertex.tracks[slot] for slot in SLOTS]
    time = mean_time(tracks)
    fits = [
        [accepted(rule, t, time) & (t.charge == charge) for t in tracks]
        for rule, charge in zip(state.rules, state.charges, strict=True)
    ]
    chosen = np.full((len(events), 3), -1)
    for order in ORDERS:
        here = reduce(np.logical_and, [ak.to_numpy(fits[slot][n]) for slot, n in enumerate(order)])
        chosen[here & (chosen[:, 0] < 0)] = order
    found = chosen[:, 0] >= 0
    three = ak.concatenate([t[found][:, None] for t in tracks], axis=1)[ak.from_regular(ak.from_numpy(chosen[found]))]
    events = ak.with_field(events[found], ak.zip({slot: three[:, int(slot)] for slot in SLOTS}, depth_limit=1), "slots")
    p4 = momenta(events, state)
    return ak.with_field(events, ak.zip(dict(zip(SLOTS, p4, strict=True)), depth_limit=1), "p4")


def momenta(events: ak.Array, state: FinalState) -> list[Any]:
    """Four-momenta with the directions that the vertex gives the tracks."""
    dz, vertex = events.vertex.dz, events.vertex
    out = []
    for slot, mass in zip(SLOTS, state.masses, strict=True):
        t = events.slots[slot]
        slopes = []
        for axis in "xy":
            gain = wide(t[f"cov_{axis}_slope_{axis}"]) + wide(t[f"var_slope_{axis}"]) * dz
            off = wide(t[axis]) + wide(t[f"slope_{axis}"]) * dz - vertex[axis]
            slopes.append(wide(t[f"slope_{axis}"]) - gain / variance(t, axis, dz) * off)
        pz = wide(t.momentum) / np.sqrt(1 + slopes[0] ** 2 + slopes[1] ** 2)
        fields = {"px": slopes[0] * pz, "py": slopes[1] * pz, "pz": pz, "mass": ak.full_like(pz, mass)}
        out.append(ak.zip(fields, with_name="Momentum4D"))
    return out


def at_plane(track: ak.Array, z: float) -> tuple[ak.Array, ak.Array]:
    before = z < (Z_BEFORE_MAGNET + Z_AFTER_MAGNET) / 2
    suffix, dz = ("", z - Z_BEFORE_MAGNET) if before else ("_after", z - Z_AFTER_MAGNET)
    x, y = (wide(track[f"{axis}{suffix}"]) + wide(track[f"slope_{axis}{suffix}"]) * dz for axis in "xy")
    return x, y


def separations(slots: ak.Array, z: float) -> list[ak.Array]:
    points = {slot: at_plane(slots[slot], z) for slot in SLOTS}
    return [np.hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]) for a, b in PAIRS]


def in_acceptance(track: ak.Array) -> ak.Array:
    inside = [in_straw_acceptance(n, *at_plane(track, z)) for n, z in enumerate(detector().straw.z, start=1)]
    inside.append(in_chod_acceptance(*at_plane(track, detector().chod.z)))
    inside.append(in_lkr_acceptance(*at_plane(track, detector().lkr.z)))
    return reduce(np.logical_and, inside)


def downstream(track: ak.Array) -> ak.Array:
    d = detector()
    return in_rich_acceptance(*at_plane(track, d.rich.z_front)) & in_muv3_acceptance(*at_plane(track, d.muv3.z))


def beam_axis(events: ak.Array) -> Any:
    x, y = wide(events.beam_slope_x), wide(events.beam_slope_y)
    return ak.zip({"px": x, "py": y, "pz": ak.ones_like(x)}, with_name="Momentum3D").unit()


def direction_after(track: ak.Array) -> Any:
    x, y = wide(track.slope_x_after), wide(track.slope_y_after)
    return ak.zip({"px": x, "py": y, "pz": ak.ones_like(x)}, with_name="Momentum3D")


def values_of(q: Quantity, events: ak.Array, state: FinalState) -> list[Any]:  # noqa: PLR0911, PLR0912
    """A quantity of identified events, one array per value."""
    name, p = quantity(q)
    slots = [events.slots[slot] for slot in SLOTS]
    beam = wide(events.beam_momentum)
    match name:
        case "vertex_charge":
            return [sum(ak.values_astype(t.charge, np.int64) for t in slots)]
        case "vertex_z":
            return [events.vertex.dz + Z_BEFORE_MAGNET]
        case "track_momentum":
            return [wide(t.momentum) for t in slots]
        case "tracks_in_acceptance":
            return [sum(in_acceptance(t).astype(int) for t in slots)]
        case "tracks_downstream":
            return [sum(downstream(t).astype(int) for t in slots)]
        case "chambers":
            return [t.chambers for t in slots]
        case "tracks_with_hodoscope":
            owners = events.Chod.track_index
            return [sum(ak.values_astype(ak.any(owners == t.place, axis=1), np.int64) for t in slots)]
        case "straw_separation":
            planes = [detector().straw.z[n - 1] for n in p["chambers"]]
            return [values for z in planes for values in separations(events.slots, z)]
        case "lkr_separation":
            return separations(events.slots, detector().lkr.z)
        case "track_time_to_trigger":
            return [abs(wide(t.rich_time) - wide(events.trigger_time)) for t in slots]
        case "track_time_spread":
            times = ak.concatenate([wide(t.chod_time)[:, None] for t in slots], axis=1)
            return [ak.max(times, axis=1) - ak.min(times, axis=1)]
        case "lav_signals":
            z = np.array([0.0, *detector().lav.z_front])[ak.flatten(events.Lav.station)]
            z = ak.unflatten(z, ak.num(events.Lav))
            from_z = events.vertex.dz + Z_BEFORE_MAGNET if p["downstream"] else -np.inf
            return [ak.sum((abs(wide(events.Lav.time) - mean_time(slots)) < p["window"]) & (z > from_z), axis=1)]
        case "positron_likelihood":
            positrons = [t for t, particle in zip(slots, state.names, strict=True) if particle == "e+"]
            return [wide(t.rich_log_e) - wide(t.rich_log_pi) for t in positrons]
        case "rich_angle":
            return [direction_after(events.slots[a]).deltaangle(direction_after(events.slots[b])) for a, b in PAIRS]
        case "extra_clusters":
            c = events.Cluster
            off = (c.energy > p["energy"]) & (abs(wide(c.time) - mean_time(slots)) < p["window"])
            for t in slots:
                x, y = at_plane(t, detector().lkr.z)
                off = off & (np.hypot(wide(c.x) - x, wide(c.y) - y) > p["distance"])
            return [ak.sum(off, axis=1)]
    p4 = [events.p4[slot] for slot in SLOTS]
    total = p4[0] + p4[1] + p4[2]
    match name:
        case "momentum_balance":
            return [abs(total.p - beam)]
        case "missing_momentum":
            return [beam - total.p]
        case "transverse_momentum":
            return [total.to_Vector3D().cross(beam_axis(events)).mag]
        case "vertex_mass":
            return [total.mass]
        case "pair_mass":
            return [(p4[p["slots"][0]] + p4[p["slots"][1]]).mass]
        case "missing_mass_squared":
            axis = beam_axis(events)
            missing = (beam * axis.px - total.px, beam * axis.py - total.py, beam * axis.pz - total.pz)
            energy = np.sqrt(beam**2 + MASS_K**2) - total.energy
            return [energy**2 - sum(component**2 for component in missing)]
    raise NoReferenceError(f"no idiomatic version of the quantity {name}")


def passes(cut: Cut, events: ak.Array, state: FinalState) -> Any:
    values = values_of(cut.quantity, events, state)
    inside = [(v > cut.within.low) & (v < cut.within.high) for v in values]
    return reduce(np.logical_and, inside, np.ones(len(events), bool))


def select(found: ak.Array, search: Search, selection: Selection) -> tuple[ak.Array, Any]:
    """Events that pass a selection and their observable."""
    spans = [p.runs for p in conditions().of(search.dataset)]
    of_dataset = reduce(np.logical_or, [(found.run >= first) & (found.run <= last) for first, last in spans])
    fired = reduce(np.logical_or, [found[f"trigger_{line}"] for line in selection.triggers])
    state = final_state(selection)
    events = identified(found[of_dataset & fired], state)
    for cut in selection.cuts:
        events = events[passes(cut, events, state)]
    return events, values_of(selection.observable, events, state)[0]


def spectrum(q: Quantity, values: Any) -> hist.Hist[Any]:
    histogram = hist.Hist(hist.axis.Regular(*q.bins, name="observable"), storage=hist.storage.Double())
    histogram.fill(ak.to_numpy(values) / q.unit)
    return histogram
