"""`datasets/dump.yaml` through strict models: the absorber, what protons make in it, constants of the models."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field

from rarekaon.analysis.facts.models import Facts, Sourced, read_facts
from rarekaon.analysis.facts.paths import datasets_path

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class Setup(Sourced):
    """Where protons meet the absorber (mm; x = 0) and their momentum (MeV)."""

    z: Positive
    y: float
    proton_momentum: Positive


class Copper(Sourced):
    """`photon_absorption` in barn, `interaction_length` in mm."""

    protons: Annotated[int, Field(gt=0)]
    nucleons: Positive
    photon_absorption: Positive
    interaction_length: Positive


class CrossSections(Sourced):
    """At 400 GeV, in barn, proton on proton.

    On a nucleus all grow with A^nuclear_power; of those that interact, hard ones with A^(hard_nuclear_power - 1).
    """

    proton_proton: Positive
    nuclear_power: Positive
    charm: Positive
    beauty: Positive
    hard_nuclear_power: Positive


class Invariant(Facts):
    """E d3sigma/dp3 = N (1-x)^power (1 + slope x) x^-rise (1 + a' p_T + b' p_T^2) exp(-a' p_T) in mb/GeV2 and GeV, with
    a' = a/x^gamma, b' = a^2/(2 x^delta) and x the energy in the centre of mass over its largest value: positive mesons.

    Positive over negative is `ratio` (1+x)^ratio_power for pions, (1-x)^ratio_power for kaons.
    """

    normalisation: Positive
    power: Positive
    slope: Annotated[float, Field(ge=0)]
    rise: Positive
    a: Positive
    gamma: Positive
    delta: Positive
    ratio: Positive
    ratio_power: float


class LightMesons(Sourced):
    """`interacting`: the cross-section (barn) that turns invariant cross-sections into multiplicities."""

    pion: Invariant
    kaon: Invariant
    interacting: Positive
    eta_per_pi0: Fraction
    eta_to_photons: Fraction


class HeavyHadrons(Sourced):
    """d2N/dx_F dp_T^2 proportional to (1-|x_F|)^longitudinal exp(-transverse p_T^2/GeV2); `fractions` a quark."""

    longitudinal: Positive
    transverse: Positive
    fractions: dict[str, Fraction]


class RelativeErrors(Sourced):
    """Model errors of the yields by the kind of production."""

    primakoff_secondary: Fraction
    primakoff_primary: Fraction
    light_mesons: Fraction
    bremsstrahlung: Fraction
    charm: Fraction
    beauty: Fraction


class ModelConstants(Sourced):
    """Couplings, quark mixing, decay constants (MeV); `fermi` in 1/MeV^2."""

    alpha: Positive
    fermi: Positive
    higgs_vev: Positive
    top_mass: Positive
    weak_angle: Fraction
    v_ud: Fraction
    v_us: Fraction
    v_cd: Fraction
    v_cs: Fraction
    v_cb: Fraction
    v_ts_tb: Fraction
    f_pi: Positive
    f_k: Positive
    f_d: Positive
    f_ds: Positive


class DumpFacts(Facts):
    """`datasets/dump.yaml`."""

    setup: Setup
    copper: Copper
    cross_sections: CrossSections
    light_mesons: LightMesons
    charm_hadrons: HeavyHadrons
    beauty_hadrons: HeavyHadrons
    relative_errors: RelativeErrors
    constants: ModelConstants


@cache
def facts() -> DumpFacts:
    """The constants in force, read once; ValueError names the file and what is wrong in it."""
    return read_facts(DumpFacts, datasets_path() / "dump.yaml")
