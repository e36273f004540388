"""The strict models of `datasets/detector.yaml`: a misspelt key or a negative length is an error that names it.

Lengths are in mm, energies in MeV, times in ns, angles in rad.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from rarekaon.analysis.facts.models import Facts, Sourced

Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Curve = tuple[float, ...]


class FiducialVolume(Sourced):
    """Where a decay counts: z_min < z < z_max."""

    z_min: Positive
    z_max: Positive


class Beam(Sourced):
    """Spread of the kaon beam around the mean values of a running period (relative rms for the momentum)."""

    momentum_rms: Positive
    divergence_x: Positive
    divergence_y: Positive
    spot_x: Positive
    spot_y: Positive
    half_width_x: Positive
    half_width_y: Positive
    trim5_kick: Positive
    trim5_z: Positive


class Collimator(Sourced):
    """The final collimator: planes of its entrance and exit, half width and height of the aperture between them."""

    z: tuple[Positive, Positive]
    half_aperture: tuple[Positive, Positive]


class Ktag(Sourced):
    """Kaon tagger; `rate` is that of other kaons, per ns."""

    sigma_time: Positive
    efficiency: Probability
    rate: Positive


class Gtk(Sourced):
    """Beam spectrometer; `sigma_momentum` is relative, `rate` that of other beam particles, per ns.

    `radiation_lengths` are those of the last station, which scatters the kaon that it has measured.
    """

    z: tuple[float, float, float]
    sigma_time: Positive
    sigma_momentum: Positive
    sigma_slope: Positive
    sigma_position: Positive
    radiation_lengths: Positive
    efficiency: Probability
    rate: Positive


class Straw(Sourced):
    """Spectrometer chambers: `view_efficiency` is that of one of the four views where it has straws; two see a track.

    `track_efficiency` is that of the pattern recognition and of the tracks' quality, for tracks that are seen in three
    chambers or four. Of two tracks closer than `diameter` in a view one is measured there.
    """

    z: tuple[float, float, float, float]
    hole_x: tuple[float, float, float, float]
    hole_half_side: Positive
    diameter: Positive
    r_max: Positive
    hit_resolution: Positive
    radiation_lengths: Positive
    view_efficiency: Probability
    track_efficiency: Probability
    chi2_max: Positive


class Magnet(Sourced):
    """Spectrometer magnet: `kick` is the change of p_x of a particle of charge +1, at the plane `z`."""

    z: Positive
    z_front: Positive
    length: Positive
    kick: float


class Rich(Sourced):
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


class Chod(Sourced):
    """Hodoscope; a track that meets it is given its signal, and with it a time, with `matching_efficiency`."""

    z: Positive
    r_min: Positive
    r_max: Positive
    sigma_time: Positive
    matching_efficiency: Probability
    tile: tuple[float, float]


class Lav(Sourced):
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


class Tank(Sourced):
    """Wall of the vacuum tank: inner `radius` up to `z_end`, section by section."""

    z_end: tuple[Positive, ...]
    radius: tuple[Positive, ...]

    @model_validator(mode="after")
    def _sections_ascend(self) -> Tank:
        if len(self.z_end) != len(self.radius) or list(self.z_end) != sorted(self.z_end):
            raise ValueError("tank.z_end must ascend and tank.radius have as many entries")
        return self


class Lkr(Sourced):
    """Calorimeter: an octagon of `apothem` around a beam pipe of radius `pipe`, for tracks from `r_min` on.

    Resolution: stochastic/sqrt(E/GeV) (+) noise/E (+) constant of the energy, position_stochastic/sqrt(E/GeV) (+)
    position_constant of each coordinate.
    """

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
    position_stochastic: Positive
    position_constant: Positive
    merging_distance: Positive
    minimum_ionising: Positive
    photon_inefficiency_energy: Curve
    photon_inefficiency: Curve


class Interactions(Sourced):
    """Matter between spectrometer and calorimeter, in nuclear interaction `lengths` (of a pion) and between two `z`.

    `transverse_momentum` is that of a neutral pion made there, in each direction.
    """

    lengths: Positive
    z: tuple[Positive, Positive]
    transverse_momentum: Positive


class Irc(Sourced):
    z: Positive
    r_min: Positive
    r_max: Positive
    x: float
    inefficiency_energy: Curve
    inefficiency: Curve
    threshold: Positive


class Sac(Sourced):
    z: Positive
    half_side: Positive
    inefficiency_energy: Curve
    inefficiency: Curve
    threshold: Positive


class Muv3(Sourced):
    """Muon detector; the association radius of a track of momentum p is search_radius / p."""

    z: Positive
    r_min: Positive
    half_side: Positive
    tile: Positive
    efficiency: Probability
    sigma_time: Positive
    search_radius: Positive
    iron: Positive
    absorber_z: Positive


class Pid(Sourced):
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


class Activity(Sourced):
    """Accidental activity within `reach` (ns) of a decay; rates in 1/ns.

    `kaon_decays` of other kaons give tracks; the other rates are of signals. `muv3_outer_share` is the share of MUV3
    signals in the outer tiles, `lkr_minimum_ionising` the share of clusters from minimum ionising particles. All
    other clusters have more than `least_cluster`. Energies above the least are exponential, with the means
    `shower_energy` and `lav_energy`. `spread` is the rms distance from the beam in x and y.
    """

    reach: Positive
    kaon_decays: Positive
    lkr: Positive
    lkr_minimum_ionising: Probability
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


class FinalStateRadiation(Sourced):
    """Photons below `soft_cutoff` times the lepton's energy are not generated."""

    soft_cutoff: Positive


class Detector(Facts):
    """`datasets/detector.yaml`."""

    fiducial_volume: FiducialVolume
    beam: Beam
    collimator: Collimator
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
