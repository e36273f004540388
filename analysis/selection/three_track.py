"""Quantities of three-track vertices, ready to be cut on; each says what its values mean and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.units import GeV, GeV2, MeV, m, mm, mrad, ns
from rarekaon.analysis.events import kinematics
from rarekaon.analysis.events.activity import clusters_off_tracks, lav_signals
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.geometry import (
    in_chod_acceptance,
    in_lkr_acceptance,
    in_muv3_acceptance,
    in_rich_acceptance,
    in_straw_acceptance,
)
from rarekaon.analysis.search.declaration import Cut, Quantity, Truth, exactly
from rarekaon.analysis.selection.identification import vertex_time

Float = NDArray[np.float64]

PAIRS = ((0, 1), (0, 2), (1, 2))
FIDUCIAL_VOLUME = Interval(105 * m, 180 * m)


def _pairs(of: Callable[[int, int], Float]) -> Float:
    """A quantity of each of the three pairs of tracks, shape (n, 3)."""
    return np.stack([of(i, j) for i, j in PAIRS], axis=1)


def _separation(c: Candidates, z: float) -> Float:
    position = c.at_plane(z)
    return _pairs(lambda i, j: np.asarray(np.linalg.norm(position[:, i] - position[:, j], axis=-1)))


def _straw_separation(chambers: tuple[int, ...]) -> Callable[[Candidates], Float]:
    def of(c: Candidates) -> Float:
        planes = [_separation(c, detector().straw.z[chamber - 1]) for chamber in chambers]
        return np.asarray(np.min(planes, axis=0))

    return of


def _lkr_separation(c: Candidates) -> Float:
    return _separation(c, detector().lkr.z)


def _rich_angle(c: Candidates) -> Float:
    """Angles between the track directions in the RICH."""
    slopes = np.stack([c.track("slope_x_after"), c.track("slope_y_after"), np.ones((len(c), 3))], axis=-1)
    direction = slopes / np.linalg.norm(slopes, axis=-1, keepdims=True)
    chord = _pairs(lambda i, j: np.asarray(np.linalg.norm(direction[:, i] - direction[:, j], axis=-1)))
    return np.asarray(2 * np.arcsin(chord / 2))


def in_all_chambers(c: Candidates) -> NDArray[np.bool_]:
    """Tracks (n, k) that cross all four chambers, seen there or not."""
    inside = np.ones(c.tracks.shape, bool)
    for chamber, z in enumerate(detector().straw.z, start=1):
        position = c.at_plane(z)
        inside &= in_straw_acceptance(chamber, position[..., 0], position[..., 1])
    return inside


def _tracks_in_acceptance(c: Candidates) -> NDArray[np.int64]:
    inside = in_all_chambers(c)
    chod, lkr = c.at_plane(detector().chod.z), c.at_plane(detector().lkr.z)
    inside &= in_chod_acceptance(chod[..., 0], chod[..., 1])
    inside &= in_lkr_acceptance(lkr[..., 0], lkr[..., 1])
    return np.asarray(inside.sum(axis=1))


def _tracks_downstream(c: Candidates) -> NDArray[np.int64]:
    rich, muv3 = c.at_plane(detector().rich.z_front), c.at_plane(detector().muv3.z)
    inside = in_rich_acceptance(rich[..., 0], rich[..., 1]) & in_muv3_acceptance(muv3[..., 0], muv3[..., 1])
    return np.asarray(inside.sum(axis=1))


def _tracks_with_hodoscope(c: Candidates) -> NDArray[np.int64]:
    owner, tracks = c.columns.flat("Chod", "track_index"), c.columns.offsets("Track")
    first = np.repeat(tracks[:-1], np.diff(c.columns.offsets("Chod")))
    given = np.zeros(tracks[-1] + 1, bool)
    given[(first + owner)[owner >= 0]] = True
    return np.asarray(given[c.tracks].sum(axis=1))


def _track_time_spread(c: Candidates) -> Float:
    times = c.track("chod_time")
    return np.asarray(times.max(axis=1) - times.min(axis=1))


def _slots(c: Candidates, name: str) -> list[int]:
    return [slot for slot, particle in enumerate(c.particles) if particle == name]


def _positron_likelihood(c: Candidates) -> Float:
    slots = _slots(c, "e+")
    return np.asarray((c.track("rich_log_e") - c.track("rich_log_pi"))[:, slots])


VERTEX_CHARGE = Quantity("vertex_charge", "vertex charge", lambda c: c.track("charge").sum(axis=1), (7, -3.5, 3.5))
VERTEX_Z = Quantity(
    "vertex_z",
    "vertex z",
    lambda c: c.vertex[:, 2],
    (80, 100, 185),
    m,
    "m",
    truth=Truth(lambda c: c.per_event("truth_z"), reach=2.5),
)
TRACK_MOMENTUM = Quantity("track_momentum", "track momentum", lambda c: c.track("momentum"), (80, 0, 80), GeV, "GeV/c")
TRACKS_IN_ACCEPTANCE = Quantity(
    "tracks_in_acceptance", "tracks in the STRAW, CHOD and LKr acceptance", _tracks_in_acceptance, (4, -0.5, 3.5)
)
LKR_SEPARATION = Quantity(
    "lkr_separation", "track separation in the LKr plane", _lkr_separation, (100, 0, 2000), mm, "mm"
)
TRACKS_DOWNSTREAM = Quantity(
    "tracks_downstream", "tracks in the RICH and MUV3 acceptance", _tracks_downstream, (4, -0.5, 3.5)
)
CHAMBERS = Quantity("chambers", "chambers that see a track", lambda c: c.track("chambers"), (5, -0.5, 4.5))
SEEN_EVERYWHERE = Cut(CHAMBERS, exactly(4))
TRACKS_WITH_HODOSCOPE = Quantity(
    "tracks_with_hodoscope", "tracks with a hodoscope signal", _tracks_with_hodoscope, (4, -0.5, 3.5)
)
RICH_ANGLE = Quantity("rich_angle", "angle between tracks in the RICH", _rich_angle, (100, 0, 20), mrad, "mrad")
TRACK_TIME_SPREAD = Quantity(
    "track_time_spread", "largest difference of track times", _track_time_spread, (60, 0, 30), ns, "ns"
)
TRACK_TIME_TO_TRIGGER = Quantity(
    "track_time_to_trigger",
    "track time to trigger time",
    lambda c: np.abs(c.track("rich_time") - c.per_event("trigger_time")[:, None]),
    (60, 0, 30),
    ns,
    "ns",
)
POSITRON_LIKELIHOOD = Quantity(
    "positron_likelihood", "RICH log L(e+) - log L(pi+)", _positron_likelihood, (100, -50, 50)
)
MOMENTUM_BALANCE = Quantity(
    "momentum_balance",
    "|total momentum - beam momentum|",
    lambda c: np.abs(kinematics.total_momentum(c) - c.per_event("beam_momentum")),
    (60, 0, 30),
    GeV,
    "GeV/c",
)
MISSING_MOMENTUM = Quantity(
    "missing_momentum",
    "beam momentum - total momentum",
    lambda c: c.per_event("beam_momentum") - kinematics.total_momentum(c),
    (75, -15, 60),
    GeV,
    "GeV/c",
)
TRANSVERSE_MOMENTUM = Quantity(
    "transverse_momentum", "total transverse momentum", kinematics.transverse_momentum, (100, 0, 200), MeV, "MeV/c"
)


@cache
def tracks_to_trigger(name: str, within: Interval) -> Quantity:
    """Number of tracks whose time lies that far (ns) from the trigger's."""

    def of(c: Candidates) -> NDArray[np.int64]:
        return np.asarray(within.mask(TRACK_TIME_TO_TRIGGER.of(c)).sum(axis=1))

    return Quantity(name, f"tracks {within.text(ns)} ns from the trigger", of, (4, -0.5, 3.5))


def straw_separation(chambers: tuple[int, ...]) -> Quantity:
    """Smallest separation of each pair of tracks over the given spectrometer chambers (1-4)."""
    where = "each STRAW chamber" if chambers == (1, 2, 3, 4) else "STRAW chamber " + ", ".join(map(str, chambers))
    return Quantity(
        "straw_separation", f"track separation in {where}", _straw_separation(chambers), (100, 0, 500), mm, "mm"
    )


@cache
def lav_activity(window: float, *, downstream: bool) -> Quantity:
    """LAV signals within `window` of the vertex time; only stations downstream of the vertex where `downstream`."""

    def of(c: Candidates) -> NDArray[np.int64]:
        start = c.vertex[:, 2] if downstream else None
        return lav_signals(c, vertex_time(c), window, downstream_of=start)

    where = "downstream of the vertex" if downstream else "in all stations"
    return Quantity("lav_signals", f"LAV signals {where} within {window / ns:g} ns", of, (10, -0.5, 9.5))


@cache
def extra_cluster_count(*, energy: float, distance: float, window: float) -> Quantity:
    """Clusters above `energy`, farther than `distance` from every track's impact point, within `window` in time."""

    def of(c: Candidates) -> NDArray[np.int64]:
        impact = c.at_plane(detector().lkr.z)
        within = Interval(high=window)
        return clusters_off_tracks(c, impact, vertex_time(c), energy=energy, distance=distance, window=within)[0]

    title = f"LKr clusters above {energy / GeV:g} GeV off the tracks within {window / ns:g} ns"
    return Quantity("extra_clusters", title, of, (10, -0.5, 9.5))


@cache
def missing_mass_squared(bins: tuple[int, float, float]) -> Quantity:
    """Squared missing mass to the identified tracks, with the mean beam momentum."""
    return Quantity(
        "missing_mass_squared", "squared missing mass", kinematics.missing_mass_squared, bins, GeV2, "GeV2/c4"
    )


@cache
def pair_mass(slots: tuple[int, int], name: str, title: str) -> Quantity:
    """Invariant mass of two identified tracks."""
    return Quantity(name, title, lambda c: kinematics.invariant_mass(c, slots), (180, 0, 360), MeV, "MeV/c2")


@cache
def vertex_mass(name: str, title: str, bins: tuple[int, float, float]) -> Quantity:
    """Invariant mass of the identified tracks, and of the pi0 where there is one."""
    return Quantity(name, title, kinematics.invariant_mass, bins, MeV, "MeV/c2")


def vertex_requirements(
    *,
    track_momentum: Interval,
    straw_chambers: tuple[int, ...],
    lkr_separation: float | None,
    timing: Cut,
    vertex_z: Interval = FIDUCIAL_VOLUME,
    charge: int = 1,
    downstream: bool = False,
) -> tuple[Cut, ...]:
    """What every three-track search asks of its vertex, in the order of the papers' Section 2.

    The separation of tracks is 15 mm in the given STRAW chambers and `lkr_separation` mm in the LKr plane (None: not
    asked). With `downstream` RICH and MUV3 are among the detectors that tracks must point at.

    Two things the papers do not print. Their times are the tracks' hodoscope times, or rest on them: each track needs
    one. And the quality of tracks: that all four chambers see them is our choice, made on acceptances
    (`datasets/tuning.yaml`).
    """
    in_lkr = () if lkr_separation is None else (Cut(LKR_SEPARATION, Interval(low=lkr_separation)),)
    return (
        Cut(VERTEX_CHARGE, exactly(charge)),
        Cut(VERTEX_Z, vertex_z),
        Cut(TRACK_MOMENTUM, track_momentum),
        Cut(TRACKS_IN_ACCEPTANCE, exactly(3)),
        *((Cut(TRACKS_DOWNSTREAM, exactly(3)),) if downstream else ()),
        SEEN_EVERYWHERE,
        Cut(straw_separation(straw_chambers), Interval(low=15 * mm)),
        *in_lkr,
        Cut(TRACKS_WITH_HODOSCOPE, exactly(3)),
        timing,
    )


def closed_kinematics(momentum_balance: float) -> tuple[Cut, ...]:
    """Nothing escapes: total momentum that of the beam, no transverse momentum (30 MeV/c in all papers)."""
    return (
        Cut(MOMENTUM_BALANCE, Interval(high=momentum_balance)),
        Cut(TRANSVERSE_MOMENTUM, Interval(high=30 * MeV)),
    )
