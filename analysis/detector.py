"""The detector's constants (`datasets/detector.yaml`) and the acceptance functions shared by simulation and
selections.

The constants are read through strict models: a misspelt key or a negative length is an error that names the file.
The acceptance functions work on arrays of any shape (they broadcast); compiled kernels call the scalar ones, whose
names begin with `inside_`, with the constants passed in, so that no compiled code holds a stale constant.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

import numpy as np
import numpy.typing as npt
from numba import njit, vectorize
from pydantic import Field, model_validator

from analysis.catalogue import Facts, read_facts
from analysis.datasets_path import datasets_path

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Curve = tuple[float, ...]


class Block(Facts):
    """One element of the detector: lengths in mm, MeV, ns, rad; `source` says where its constants are from."""

    source: str
    note: str = ""


class FiducialVolume(Block):
    """Where a decay counts: z_min < z < z_max."""

    z_min: Positive
    z_max: Positive


class Beam(Block):
    """Spread of the kaon beam around the mean values of a running period (relative rms for the momentum)."""

    momentum_rms: Positive
    divergence_x: Positive
    divergence_y: Positive
    spot_x: Positive
    spot_y: Positive
    half_width_x: Positive
    half_width_y: Positive
    trim5_kick: Positive


class Ktag(Block):
    """Kaon tagger; `rate` is that of other kaons, per ns."""

    sigma_time: Positive
    efficiency: Probability
    rate: Positive


class Gtk(Block):
    """Beam spectrometer; `sigma_momentum` is relative, `rate` that of other beam particles, per ns."""

    z: tuple[float, float, float]
    sigma_time: Positive
    sigma_momentum: Positive
    sigma_slope: Positive
    sigma_position: Positive
    efficiency: Probability
    rate: Positive


class Straw(Block):
    """Spectrometer chambers: `view_efficiency[n]` is the efficiency of a chamber crossed in n of its four views."""

    z: tuple[float, float, float, float]
    hole_x: tuple[float, float, float, float]
    hole_half_side: Positive
    r_max: Positive
    hit_resolution: Positive
    radiation_lengths: Positive
    view_efficiency: tuple[Probability, Probability, Probability, Probability, Probability]
    chi2_max: Positive


class Magnet(Block):
    """Spectrometer magnet: `kick` is the change of p_x of a particle of charge +1, at the plane `z`."""

    z: Positive
    z_front: Positive
    length: Positive
    kick: float


class Rich(Block):
    """Ring-imaging Cherenkov counter: `refractivity` is n - 1, `hits_electron` the mean hits of a saturated ring."""

    z_front: Positive
    z_mirror: Positive
    r_min: Positive
    r_max: Positive
    front_x: float
    refractivity: Positive
    focal_length: Positive
    sigma_time: Positive
    hits_electron: Positive
    sigma_radius: Positive


class Chod(Block):
    z: Positive
    r_min: Positive
    r_max: Positive
    sigma_time: Positive
    tile: tuple[float, float]


class Lav(Block):
    """Twelve large-angle veto stations; `inefficiency` at the energies `inefficiency_energy` (log-log between).

    `albedo` is the probability that a photon on the tank's wall sends a part of its energy on to the next station.
    """

    z_front: tuple[float, ...]
    z_back: tuple[float, ...]
    r_min: tuple[float, ...]
    r_max: tuple[float, ...]
    threshold: Positive
    albedo: Probability
    inefficiency_energy: Curve
    inefficiency: Curve
    sigma_time: Positive

    @model_validator(mode="after")
    def _twelve(self) -> Lav:
        for field in ("z_front", "z_back", "r_min", "r_max"):
            if len(getattr(self, field)) != 12:
                raise ValueError(f"lav.{field} must list twelve stations")
        return self


class Tank(Block):
    """Wall of the vacuum tank: inner `radius` up to `z_end`, section by section."""

    z_end: tuple[Positive, ...]
    radius: tuple[Positive, ...]

    @model_validator(mode="after")
    def _sections_ascend(self) -> Tank:
        if len(self.z_end) != len(self.radius) or list(self.z_end) != sorted(self.z_end):
            raise ValueError("tank.z_end must ascend and tank.radius have as many entries")
        return self


class Lkr(Block):
    """Calorimeter: an octagon around a beam pipe, for tracks from `r_min` on; resolution: the usual three terms."""

    z: Positive
    r_min: Positive
    pipe: Positive
    apothem: Positive
    cell: Positive
    association_radius: Positive
    threshold: Positive
    stochastic: Positive
    noise: Positive
    constant: Positive
    sigma_time: Positive
    merging_distance: Positive
    minimum_ionising: Positive
    photon_inefficiency_energy: Curve
    photon_inefficiency: Curve


class Interactions(Block):
    """Matter in front of the calorimeter, between two `z`; transverse momentum (each direction) of pions made there."""

    lengths: Positive
    z: tuple[Positive, Positive]
    transverse_momentum: Positive


class Irc(Block):
    z: Positive
    r_min: Positive
    r_max: Positive
    x: float
    inefficiency_energy: Curve
    inefficiency: Curve
    threshold: Positive


class Sac(Block):
    z: Positive
    half_side: Positive
    inefficiency_energy: Curve
    inefficiency: Curve
    threshold: Positive


class Muv3(Block):
    """Muon detector; the association radius of a track of momentum p is search_radius / p."""

    z: Positive
    r_min: Positive
    half_side: Positive
    tile: Positive
    efficiency: Probability
    sigma_time: Positive
    search_radius: Positive
    iron: Positive


class Pid(Block):
    """Identification curves: probabilities at the momenta (MeV) of the field named `..._momentum` before them.

    `fake_likelihood` is the mean difference of the RICH's log-likelihoods where it decides wrongly, `mu_shower` the
    probability that a muon knocks on an electron of more than `mu_shower_energy` (MeV) in the calorimeter.
    """

    pi_as_e_momentum: Curve
    pi_as_e_rich: Curve
    fake_likelihood: Positive
    pi_as_e_lkr_momentum: Curve
    pi_as_e_lkr: Curve
    pi_as_e_charge_difference: Probability
    pi_inefficiency_momentum: Curve
    pi_inefficiency: Curve
    e_as_pi_momentum: Curve
    e_as_pi: Curve
    e_inefficiency_momentum: Curve
    e_inefficiency_lkr: Curve
    e_inefficiency_rich_momentum: Curve
    e_inefficiency_rich: Curve
    pi_as_mu_momentum: Curve
    pi_as_mu: Curve
    mu_shower: Probability
    mu_shower_energy: Positive


class Activity(Block):
    """Accidental activity within `reach` (ns) of a decay; rates in 1/ns.

    `kaon_decays` of other kaons give tracks; the other rates are of signals.  `muv3_outer_share` of those in the muon
    detector are in the outer tiles; clusters have more than `least_cluster`, energies above the least are
    exponential with the means `shower_energy` and `lav_energy`; `spread` is the rms distance from the beam in x and y.
    """

    reach: Positive
    kaon_decays: Positive
    lkr: Positive
    lav: Positive
    irc: Positive
    sac: Positive
    chanti: Positive
    muv3: Positive
    muv3_outer_share: Probability
    chod: Positive
    rich: Positive
    least_cluster: Positive
    shower_energy: Positive
    lav_energy: Positive
    spread: Positive


class FinalStateRadiation(Block):
    """Photons below `soft_cutoff` times the lepton's energy are not generated."""

    soft_cutoff: Positive


class Detector(Facts):
    """`datasets/detector.yaml`."""

    fiducial_volume: FiducialVolume
    beam: Beam
    ktag: Ktag
    gtk: Gtk
    straw: Straw
    magnet: Magnet
    rich: Rich
    chod: Chod
    lav: Lav
    tank: Tank
    lkr: Lkr
    interactions: Interactions
    irc: Irc
    sac: Sac
    muv3: Muv3
    pid: Pid
    final_state_radiation: FinalStateRadiation
    activity: Activity


@cache
def detector() -> Detector:
    """The constants in force, read once; ValueError names the file and what is wrong in it."""
    return read_facts(Detector, datasets_path() / "detector.yaml")


def _views(x: float, y: float, hole_x: float, half_side: float) -> int:
    """Views of a chamber (x, y and the two at 45 degrees) whose wires a track at (x, y) crosses."""
    dx = x - hole_x
    diagonal = half_side * np.sqrt(2.0)
    return (
        int(abs(dx) > half_side)
        + int(abs(y) > half_side)
        + int(abs(dx + y) > diagonal)
        + int(abs(dx - y) > diagonal)
    )  # fmt: skip


def _straw(x: float, y: float, hole_x: float, half_side: float, r_max: float) -> bool:
    dx = abs(x - hole_x)
    in_octagonal_hole = max(dx, abs(y)) <= half_side and dx + abs(y) <= half_side * np.sqrt(2.0)
    return x * x + y * y < r_max * r_max and not in_octagonal_hole


def _ring(x: float, y: float, r_min: float, r_max: float) -> bool:
    r2 = x * x + y * y
    return r_min * r_min < r2 < r_max * r_max


def _octagon(x: float, y: float, r_min: float, apothem: float) -> bool:
    ax, ay = abs(x), abs(y)
    return max(ax, ay) < apothem and ax + ay < apothem * np.sqrt(2.0) and x * x + y * y > r_min * r_min


def _square(x: float, y: float, r_min: float, half_side: float) -> bool:
    return max(abs(x), abs(y)) < half_side and x * x + y * y > r_min * r_min


straw_views = njit(cache=True)(_views)
inside_straw = njit(cache=True)(_straw)
inside_ring = njit(cache=True)(_ring)
inside_octagon = njit(cache=True)(_octagon)
inside_square = njit(cache=True)(_square)

_straw_array = vectorize(cache=True)(_straw)
_ring_array = vectorize(cache=True)(_ring)
_octagon_array = vectorize(cache=True)(_octagon)
_square_array = vectorize(cache=True)(_square)


def _points(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def in_straw_acceptance(chamber: int, x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the plane of spectrometer chamber 1-4 where at least one of the four views has straws.

    The views at 0, 45, 90 and 135 degrees leave a regular octagon free of straws around the beam.  Raises
    ValueError for any other chamber.
    """
    if chamber not in (1, 2, 3, 4):
        raise ValueError(f"chamber must be 1, 2, 3 or 4, not {chamber!r}")
    straw = detector().straw
    mask: Mask = _straw_array(_points(x), _points(y), straw.hole_x[chamber - 1], straw.hole_half_side, straw.r_max)
    return mask


def in_rich_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the RICH's front plane between its beam pipe and its outer radius."""
    rich = detector().rich
    mask: Mask = _ring_array(_points(x) - rich.front_x, _points(y), rich.r_min, rich.r_max)
    return mask


def in_chod_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the hodoscope's plane that its slabs cover."""
    chod = detector().chod
    mask: Mask = _ring_array(_points(x), _points(y), chod.r_min, chod.r_max)
    return mask


def in_lkr_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the calorimeter's front plane inside its octagon and outside its hole."""
    lkr = detector().lkr
    mask: Mask = _octagon_array(_points(x), _points(y), lkr.r_min, lkr.apothem)
    return mask


def in_muv3_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the muon detector's plane that its tiles cover."""
    muv3 = detector().muv3
    mask: Mask = _square_array(_points(x), _points(y), muv3.r_min, muv3.half_side)
    return mask


def in_fiducial_volume(z: npt.ArrayLike) -> Mask:
    """Decay positions z (mm) inside the fiducial volume."""
    volume = detector().fiducial_volume
    position = np.asarray(z, dtype=np.float64)
    mask: Mask = (position > volume.z_min) & (position < volume.z_max)
    return mask
