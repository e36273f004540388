"""The detector's constants in the form compiled kernels take them: one record, passed as argument.

Kernels never close over a constant of `datasets/detector.yaml`: a cached compilation would keep the old value.  A
record is passed by address; a tuple of arrays would be copied at every call.
"""

from __future__ import annotations

from functools import cache
from math import hypot
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.detector_model import Detector

Floats = npt.NDArray[np.float64]

BEAM_MOMENTUM = 75000.0
"""Of the kaons (MeV), for their scattering in the last beam station: it is that of none but 1% differently."""


class Constants(Protocol):
    """The fields of the record.  Units as in `kernels.geometry`: MeV, mm, ns, rad."""

    collimator_z: Floats
    collimator_half: Floats
    trim5_z: float
    trim5_kick: float
    straw_z: Floats
    straw_hole_x: Floats
    straw_half: float
    straw_diameter: float
    straw_r_max: float
    straw_sigma: float
    straw_x0: float
    straw_highland: float
    straw_efficiency: float
    straw_found: float
    straw_chi2_max: float
    magnet_z: float
    magnet_kick: float
    rich_z: float
    rich_x: float
    rich_r_min: float
    rich_r_max: float
    rich_refractivity: float
    rich_focal: float
    rich_sigma_time: float
    rich_hits: float
    rich_sigma_radius: float
    rich_fake_gap: float
    chod_z: float
    chod_r_min: float
    chod_r_max: float
    chod_sigma_time: float
    chod_matched: float
    chod_tile_x: float
    chod_tile_y: float
    lav_z: Floats
    lav_z_back: Floats
    lav_r_min: Floats
    lav_r_max: Floats
    lav_threshold: float
    lav_albedo: float
    lav_energy: Floats
    lav_inefficiency: Floats
    lav_sigma_time: float
    tank_z: Floats
    tank_radius: Floats
    lkr_z: float
    lkr_r_min: float
    lkr_pipe: float
    lkr_apothem: float
    lkr_cell: float
    lkr_radius: float
    lkr_threshold: float
    lkr_stochastic: float
    lkr_noise: float
    lkr_constant: float
    lkr_sigma_time: float
    lkr_position_stochastic: float
    lkr_position_constant: float
    lkr_merging: float
    lkr_mip: float
    lkr_photon_energy: Floats
    lkr_photon_inefficiency: Floats
    interaction_lengths: float
    interaction_z: Floats
    interaction_pt: float
    irc_z: float
    irc_x: float
    irc_r_min: float
    irc_r_max: float
    irc_energy: Floats
    irc_inefficiency: Floats
    irc_threshold: float
    sac_z: float
    sac_half: float
    sac_energy: Floats
    sac_inefficiency: Floats
    sac_threshold: float
    muv3_z: float
    muv3_absorber_z: float
    muv3_r_min: float
    muv3_half: float
    muv3_tile: float
    muv3_efficiency: float
    muv3_sigma_time: float
    muv3_search: float
    ktag_sigma_time: float
    ktag_efficiency: float
    ktag_rate: float
    gtk_z: float
    gtk_sigma_time: float
    gtk_sigma_momentum: float
    gtk_sigma_slope: float
    gtk_sigma_position: float
    gtk_efficiency: float
    gtk_rate: float
    beam_momentum_rms: float
    beam_divergence: Floats
    beam_spot: Floats
    beam_half_width: Floats
    fsr_cutoff: float
    activity_reach: float
    activity_decays: float
    activity_lkr: float
    activity_lkr_least: float
    activity_lkr_mip: float
    activity_lav: float
    activity_lav_energy: float
    activity_irc: float
    activity_sac: float
    activity_chanti: float
    activity_muv3: float
    activity_muv3_outer: float
    activity_chod: float
    activity_rich: float
    activity_energy: float
    activity_spread: float
    rich_pi_p: Floats
    rich_pi: Floats
    lkr_pi_p: Floats
    lkr_pi: Floats
    lkr_pi_difference: float
    pi_inefficiency_p: Floats
    pi_inefficiency: Floats
    e_as_pi_p: Floats
    e_as_pi: Floats
    e_inefficiency_p: Floats
    e_inefficiency: Floats
    rich_e_p: Floats
    rich_e: Floats
    pi_as_mu_p: Floats
    pi_as_mu: Floats
    mu_shower: float
    mu_shower_energy: float


def _array(values: tuple[float, ...]) -> Floats:
    return np.array(values, dtype=np.float64)


def highland_strength(radiation_lengths: float) -> float:
    """Highland's rms projected angle of a layer, times beta and momentum (MeV).

    PDG review "Passage of particles through matter", Eq. 34.16.
    """
    return float(13.6 * np.sqrt(radiation_lengths) * (1 + 0.038 * np.log(radiation_lengths)))


def _tracker(d: Detector) -> dict[str, float | Floats]:
    return {
        "collimator_z": _array(d.collimator.z),
        "collimator_half": _array(d.collimator.half_aperture),
        "trim5_z": d.beam.trim5_z,
        "trim5_kick": d.beam.trim5_kick,
        "straw_z": _array(d.straw.z),
        "straw_hole_x": _array(d.straw.hole_x),
        "straw_half": d.straw.hole_half_side,
        "straw_diameter": d.straw.diameter,
        "straw_r_max": d.straw.r_max,
        "straw_sigma": d.straw.hit_resolution,
        "straw_x0": d.straw.radiation_lengths,
        "straw_highland": highland_strength(d.straw.radiation_lengths),
        "straw_efficiency": d.straw.view_efficiency,
        "straw_found": d.straw.track_efficiency,
        "straw_chi2_max": d.straw.chi2_max,
        "magnet_z": d.magnet.z,
        "magnet_kick": d.magnet.kick,
        "ktag_sigma_time": d.ktag.sigma_time,
        "ktag_efficiency": d.ktag.efficiency,
        "ktag_rate": d.ktag.rate,
        "gtk_z": d.gtk.z[2],
        "gtk_sigma_time": d.gtk.sigma_time,
        "gtk_sigma_momentum": d.gtk.sigma_momentum,
        # the last station scatters the kaon behind its measurement
        "gtk_sigma_slope": hypot(d.gtk.sigma_slope, highland_strength(d.gtk.radiation_lengths) / BEAM_MOMENTUM),
        "gtk_sigma_position": d.gtk.sigma_position,
        "gtk_efficiency": d.gtk.efficiency,
        "gtk_rate": d.gtk.rate,
        "beam_momentum_rms": d.beam.momentum_rms,
        "beam_divergence": _array((d.beam.divergence_x, d.beam.divergence_y)),
        "beam_spot": _array((d.beam.spot_x, d.beam.spot_y)),
        "beam_half_width": _array((d.beam.half_width_x, d.beam.half_width_y)),
        "fsr_cutoff": d.final_state_radiation.soft_cutoff,
    }


def _identification(d: Detector) -> dict[str, float | Floats]:
    return {
        "rich_z": d.rich.z_front,
        "rich_x": d.rich.front_x,
        "rich_r_min": d.rich.r_min,
        "rich_r_max": d.rich.r_max,
        "rich_refractivity": d.rich.refractivity,
        "rich_focal": d.rich.focal_length,
        "rich_sigma_time": d.rich.sigma_time,
        "rich_hits": d.rich.hits_electron,
        "rich_sigma_radius": d.rich.sigma_radius,
        "rich_fake_gap": d.pid.fake_likelihood,
        "chod_z": d.chod.z,
        "chod_r_min": d.chod.r_min,
        "chod_r_max": d.chod.r_max,
        "chod_sigma_time": d.chod.sigma_time,
        "chod_matched": d.chod.matching_efficiency,
        "chod_tile_x": d.chod.tile[0],
        "chod_tile_y": d.chod.tile[1],
        "muv3_z": d.muv3.z,
        "muv3_absorber_z": d.muv3.absorber_z,
        "muv3_r_min": d.muv3.r_min,
        "muv3_half": d.muv3.half_side,
        "muv3_tile": d.muv3.tile,
        "muv3_efficiency": d.muv3.efficiency,
        "muv3_sigma_time": d.muv3.sigma_time,
        "muv3_search": d.muv3.search_radius,
        "rich_pi_p": _array(d.pid.pi_as_e_momentum),
        "rich_pi": _array(d.pid.pi_as_e_rich),
        "lkr_pi_p": _array(d.pid.pi_as_e_lkr_momentum),
        "lkr_pi": _array(d.pid.pi_as_e_lkr),
        "lkr_pi_difference": d.pid.pi_as_e_charge_difference,
        "pi_inefficiency_p": _array(d.pid.pi_inefficiency_momentum),
        "pi_inefficiency": _array(d.pid.pi_inefficiency),
        "e_as_pi_p": _array(d.pid.e_as_pi_momentum),
        "e_as_pi": _array(d.pid.e_as_pi),
        "e_inefficiency_p": _array(d.pid.e_inefficiency_momentum),
        "e_inefficiency": _array(d.pid.e_inefficiency_lkr),
        "rich_e_p": _array(d.pid.e_inefficiency_rich_momentum),
        "rich_e": _array(d.pid.e_inefficiency_rich),
        "pi_as_mu_p": _array(d.pid.pi_as_mu_momentum),
        "pi_as_mu": _array(d.pid.pi_as_mu),
        "mu_shower": d.pid.mu_shower,
        "mu_shower_energy": d.pid.mu_shower_energy,
    }


def _activity(d: Detector) -> dict[str, float | Floats]:
    a = d.activity
    return {
        "activity_reach": a.reach,
        "activity_decays": a.kaon_decays,
        "activity_lkr": a.lkr,
        "activity_lkr_least": a.least_cluster,
        "activity_lkr_mip": a.lkr_minimum_ionising,
        "activity_lav": a.lav,
        "activity_lav_energy": a.lav_energy,
        "activity_irc": a.irc,
        "activity_sac": a.sac,
        "activity_chanti": a.chanti,
        "activity_muv3": a.muv3,
        "activity_muv3_outer": a.muv3_outer_share,
        "activity_chod": a.chod,
        "activity_rich": a.rich,
        "activity_energy": a.shower_energy,
        "activity_spread": a.spread,
    }


def _calorimeters(d: Detector) -> dict[str, float | Floats]:
    return {
        "lav_z": _array(d.lav.z_front),
        "lav_z_back": _array(d.lav.z_back),
        "lav_r_min": _array(d.lav.r_min),
        "lav_r_max": _array(d.lav.r_max),
        "lav_threshold": d.lav.threshold,
        "lav_albedo": d.lav.albedo,
        "tank_z": _array(d.tank.z_end),
        "tank_radius": _array(d.tank.radius),
        "lav_energy": _array(d.lav.inefficiency_energy),
        "lav_inefficiency": _array(d.lav.inefficiency),
        "lav_sigma_time": d.lav.sigma_time,
        "lkr_z": d.lkr.z,
        "lkr_r_min": d.lkr.r_min,
        "lkr_pipe": d.lkr.pipe,
        "lkr_apothem": d.lkr.apothem,
        "lkr_cell": d.lkr.cell,
        "lkr_radius": d.lkr.association_radius,
        "lkr_threshold": d.lkr.threshold,
        "lkr_stochastic": d.lkr.stochastic,
        "lkr_noise": d.lkr.noise,
        "lkr_constant": d.lkr.constant,
        "lkr_sigma_time": d.lkr.sigma_time,
        "lkr_position_stochastic": d.lkr.position_stochastic,
        "lkr_position_constant": d.lkr.position_constant,
        "lkr_merging": d.lkr.merging_distance,
        "lkr_mip": d.lkr.minimum_ionising,
        "lkr_photon_energy": _array(d.lkr.photon_inefficiency_energy),
        "lkr_photon_inefficiency": _array(d.lkr.photon_inefficiency),
        "interaction_lengths": d.interactions.lengths,
        "interaction_z": _array(d.interactions.z),
        "interaction_pt": d.interactions.transverse_momentum,
        "irc_z": d.irc.z,
        "irc_x": d.irc.x,
        "irc_r_min": d.irc.r_min,
        "irc_r_max": d.irc.r_max,
        "irc_energy": _array(d.irc.inefficiency_energy),
        "irc_inefficiency": _array(d.irc.inefficiency),
        "irc_threshold": d.irc.threshold,
        "sac_z": d.sac.z,
        "sac_half": d.sac.half_side,
        "sac_energy": _array(d.sac.inefficiency_energy),
        "sac_inefficiency": _array(d.sac.inefficiency),
        "sac_threshold": d.sac.threshold,
    }


def as_record(values: dict[str, float | Floats]) -> np.record:
    """One record with the values as fields, arrays as subarrays; it keeps the array it stands in alive."""
    dtype = np.dtype([(name, np.float64, np.shape(value)) for name, value in values.items()])
    table = np.rec.array(np.zeros(1, dtype))
    for name, value in values.items():
        table[name][0] = value
    record: np.record = table[0]
    return record


@cache
def constants() -> Constants:
    """The constants of `datasets/detector.yaml` for kernels: a record with the fields of `Constants`."""
    d = detector()
    values = {**_tracker(d), **_identification(d), **_calorimeters(d), **_activity(d)}
    return cast(Constants, as_record({name: values[name] for name in Constants.__annotations__}))
