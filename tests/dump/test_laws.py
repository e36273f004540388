"""What holds whatever the constants are: conservation, scaling, measured branching fractions, integrals done twice."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU, MASS_PI
from rarekaon.analysis.dump import Model, Production, VisibleDecay, contours, events, reach
from rarekaon.analysis.dump.acceptance import accepted
from rarekaon.analysis.dump.benchmarks import MODELS, alp, dark_photon, dark_scalar
from rarekaon.analysis.dump.benchmarks import heavy_neutral_lepton as hnl
from rarekaon.analysis.dump.benchmarks.neutral_lepton_widths import other_width, to_pseudoscalar
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Flux, boosted, four_momentum, two_body
from rarekaon.analysis.dump.hadrons import MASS_P, MASSES, heavy_hadrons, light_mesons
from rarekaon.analysis.dump.reach import HBAR_C, crossings, decays, produced
from rarekaon.analysis.statistics.heavy_neutrino import kinematic_factor


def test_decays_conserve_momentum_and_masses():
    rng = np.random.default_rng(1)
    parents = four_momentum(500.0, *rng.normal(0, 3e4, (3, 1000)))
    one, other = two_body(parents, 500.0, 139.6, 0.0, rng)
    np.testing.assert_allclose(one + other, parents, rtol=1e-9, atol=1e-6)
    masses2 = one[:, 0] ** 2 - (one[:, 1:] ** 2).sum(axis=1)
    np.testing.assert_allclose(masses2, 139.6**2, rtol=0, atol=1.0)


def test_a_boost_of_what_rests_is_the_frame_itself():
    frame = four_momentum(2.0, np.array([1.0]), np.array([-2.0]), np.array([30.0]))
    np.testing.assert_allclose(boosted(np.array([[2.0, 0, 0, 0]]), frame), frame, rtol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_events_are_linear_in_protons_and_lower_edges_follow(name):
    """N grows as coupling^(2 power) at small couplings: the edge falls as protons^(-1/4), of U^2 as protons^(-1/2)."""
    model = MODELS[name]
    mass = {"hnl_e": 1000.0, "hnl_mu": 1000.0, "dark_scalar": 250.0}.get(name, 60.0)
    few, many = (contours(model, (n,), masses=(mass,), particles=5_000)[-1] for n in (1e17, 1e19))
    assert many.most_events[0] == pytest.approx(100 * few.most_events[0], rel=1e-12)
    assert few.low[0] / many.low[0] == pytest.approx(100 ** (1 / (2 * model.power)), rel=0.03)


def test_a_seed_repeats_its_bits():
    first, again, other = (
        contours(MODELS["alp"], (1e18,), masses=(100,), particles=2_000, seed=seed)[0] for seed in (5, 5, 6)
    )
    assert first == again
    assert first.low != other.low


def test_particles_that_all_decay_in_sight_are_all_counted(monkeypatch):
    """With a detector that sees everything, events are the probability to decay in the volume."""
    monkeypatch.setattr(reach, "accepted", lambda mode, mass, momentum, z, rng: np.ones(len(z), dtype=bool))
    slope = 0.3

    def beam(mass: float, n: int, rng: np.random.Generator) -> Flux:
        p = np.full(n, 100e3)
        return Flux(np.full(n, 1.0 / n), four_momentum(mass, slope * p, 0 * p, p))

    model = Model(
        name="toy", title="toy", coupling="c", couplings=(1e-3, 10.0), masses=(300.0,),
        production=(Production("beam", beam, 0.1),), hidden=lambda mass: 3e-14,
        modes=(VisibleDecay(("gamma", "gamma"), lambda mass: 1e-14, volume=(105e3, 180e3)),),
    )  # fmt: skip
    (mode,) = model.modes
    found = decays(mode, 300.0, produced(model, 300.0, particles=50_000))
    couplings = np.array([0.1, 1.0, 2.0])
    counted, error, shifted = events(model, mode, 300.0, couplings, protons=1e3, found=found)
    slant = np.sqrt(1 + slope**2)
    length = 100e3 * slant / 300.0 * HBAR_C / (4e-14 * couplings**2)
    near, far = ((z - facts().setup.z) * slant for z in mode.volume)
    expected = 1e3 * couplings**2 * 0.25 * (np.exp(-near / length) - np.exp(-far / length))
    np.testing.assert_allclose(counted, expected, rtol=0.02)
    assert (error < 0.01 * counted).all()
    np.testing.assert_allclose(shifted, 0.1 * counted)


def test_what_the_detectors_see():
    """Photons 100 mm apart in the calorimeter, above the threshold; muons from in front of the chambers."""
    rng, n = np.random.default_rng(1), 2000
    photons = VisibleDecay(("gamma", "gamma"), lambda mass: 1.0, least=2.5e3, volume=(105e3, 241e3))
    ahead = four_momentum(200.0, np.full(n, 250.0), np.zeros(n), np.full(n, 100e3))
    place = np.full(n, 110e3)
    seen = accepted(photons, 200.0, ahead, place, rng)
    assert 0.5 < seen.mean() < 1.0
    assert not accepted(photons, 200.0, ahead, np.full(n, 241e3 + 1), rng).any()
    assert not accepted(photons, 200.0, ahead, np.full(n, 240.9e3), rng).any()  # on top of each other
    assert not accepted(photons, 200.0, ahead * np.array([1, 30, 1, 1]), place, rng).any()  # beside the detector
    soft = four_momentum(200.0, np.full(n, 10.0), np.zeros(n), np.full(n, 4.9e3))
    assert not accepted(photons, 200.0, soft, place, rng).any()
    muons = VisibleDecay(("mu+", "mu-"), lambda mass: 1.0)
    assert accepted(muons, 250.0, ahead, place, rng).any()
    assert not accepted(muons, 250.0, ahead, np.full(n, 180e3 + 1), rng).any()


def test_crossings_at_the_ends_of_the_grid():
    grid = np.geomspace(1, 100, 3)
    assert crossings(grid, np.array([5.0, 5.0, 5.0])) == (1.0, 100.0)
    assert np.isnan(crossings(grid, np.array([0.0, 1.0, 0.0]))).all()


def test_charm_and_beauty_of_a_proton():
    """4.0e-3 charm hadrons with a fraction of 0.927, 4.4e-7 B+ and B0; 13% fly backwards and are not sampled."""
    rng = np.random.default_rng(2)
    charm = sum(heavy_hadrons(kind, 50_000, rng).total for kind in ("D+", "D0", "Ds"))
    beauty = sum(heavy_hadrons(kind, 50_000, rng).total for kind in ("B+", "B0"))
    assert charm == pytest.approx(4.0e-3 * 0.927 * 0.87, rel=0.02)
    assert beauty == pytest.approx(4.4e-7 * 0.87, rel=0.02)
    momenta = heavy_hadrons("D+", 1000, rng).momentum
    np.testing.assert_allclose(momenta[:, 0] ** 2 - (momenta[:, 1:] ** 2).sum(axis=1), MASSES["D+"] ** 2, rtol=1e-6)


def test_energy_of_neutral_pions_is_below_that_of_the_proton():
    pions = light_mesons("pi0", 100_000, np.random.default_rng(4))
    assert 0.1 < (pions.weight * pions.momentum[:, 0]).sum() / 400e3 < 0.35


def test_form_factor_of_copper():
    """1 at rest, and <r^2> = 3/5 R^2 + 3 s^2 of Helm's shape at small momentum transfer."""
    q = np.array([1.0, 10.0])
    radius2 = 0.6 * alp._radius() ** 2 + 3 * alp.SKIN**2
    np.testing.assert_allclose(alp.helm(q), 1 - (q / alp.HBAR_C_FM) ** 2 * radius2 / 6, rtol=2e-3)


def test_primakoff_cross_section_integrated_twice():
    """The mean of the weights is the integral over q_T."""
    energy, mass, n = 50e3, 100.0, 100_000
    momentum = four_momentum(0.0, np.zeros(n), np.zeros(n), np.full(n, energy))
    sampled = alp.converted(Flux(np.full(n, 1.0 / n), momentum), mass, np.random.default_rng(1)).total
    along = mass**2 / (2 * energy)

    def density(log_q: float) -> float:
        q2 = np.exp(2 * log_q)
        t = q2 + along**2
        return float(2 * q2**2 / t**2 * alp.helm(np.sqrt(np.array([t])))[0] ** 2)

    integral, _ = quad(density, np.log(1e-3 * along), np.log(250.0), limit=200)
    assert sampled == pytest.approx(facts().constants.alpha * 29**2 / 8 * integral * alp.BARN, rel=0.02)


def test_photons_of_protons_integrated_twice():
    """The number above 20 GeV of Budnev's flux."""
    e, alpha = float(np.hypot(400e3, MASS_P)), facts().constants.alpha

    def density(log_q2: float, x: float) -> float:
        q2 = np.exp(log_q2)
        q2_min = (MASS_P * x) ** 2 / (1 - x)
        electric = (1 + q2 / 0.71e6) ** -4
        d = (4 * MASS_P**2 * electric + q2 * 7.78 * electric) / (4 * MASS_P**2 + q2)
        return alpha / pi / x * ((1 - x) * (1 - q2_min / q2) * d + x**2 / 2 * 7.78 * electric)

    integral, _ = dblquad(density, 20e3 / e, 0.94, lambda x: np.log((MASS_P * x) ** 2 / (1 - x)), lambda x: np.log(4e6))
    photons = alp.proton_photons(200_000, np.random.default_rng(1))
    energy = photons.momentum[:, 3]
    assert photons.weight[(energy > 20e3) & (energy < 0.94 * e)].sum() == pytest.approx(integral, rel=0.03)


def test_bremsstrahlung_of_a_light_vector_is_that_of_a_photon():
    """At m = 0, integrated over p_T by hand: alpha/(2 pi) dz/z [(1 + (1-z)^2) ln(1 + p_T^2/(z M)^2) - 2 (1-z)]."""
    made = dark_photon.radiated(1e-3, 400_000, np.random.default_rng(1))
    z = made.momentum[:, 3] / 400e3
    low, high, middle = 0.10, 0.11, 0.105
    log = np.log(1 + 1e6 / (middle * MASS_P) ** 2)
    bracket = (1 + (1 - middle) ** 2) * log - 2 * (1 - middle)
    s = 2 * MASS_P * 400e3
    bracket *= dark_photon.total_cross_section(s * (1 - middle)) / dark_photon.total_cross_section(s)
    expected = facts().constants.alpha / (2 * pi) / middle * (high - low) * bracket
    assert made.weight[(z > low) & (z < high)].sum() == pytest.approx(expected, rel=0.03)


def test_mesons_to_dark_photons():
    """B(pi0 -> gamma A') at epsilon = 1 and m = 0 is twice B(pi0 -> gamma gamma)."""
    rng = np.random.default_rng(1)
    assert dark_photon.of_meson("pi0", 1e-3, 1000, rng).total / light_mesons(
        "pi0", 1000, np.random.default_rng(1)
    ).total == pytest.approx(2 * 0.98823)
    assert dark_photon.of_meson("pi0", 140.0, 1000, rng).total == 0.0


@pytest.mark.parametrize(
    ("parent", "constant", "mixing", "lifetime", "lepton", "measured"),
    [
        (MASSES["D+"], "f_d", "v_cd", "D+", MASS_MU, 3.74e-4),
        (MASSES["Ds"], "f_ds", "v_cs", "Ds", MASS_MU, 5.43e-3),
        (MASS_K, "f_k", "v_us", "K+", MASS_MU, 0.6356),
    ],
)  # fmt: skip
def test_leptonic_decays_of_a_massless_neutrino(parent, constant, mixing, lifetime, lepton, measured):
    """PDG 2020, within the errors of constants and without radiative corrections."""
    c = facts().constants
    rate = hnl.leptonic(parent, getattr(c, constant), getattr(c, mixing), lepton, 0.0)
    assert rate * hnl.LIFETIMES[lifetime] / hnl.HBAR == pytest.approx(measured, rel=0.07)
    heavy = hnl.leptonic(parent, getattr(c, constant), getattr(c, mixing), lepton, 300.0)
    if parent == MASS_K:
        assert heavy / rate == pytest.approx(float(kinematic_factor(300.0, lepton)), rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "daughter", "mixing", "at_zero", "pole", "measured"),
    [("D0", MASS_K, "v_cs", 0.747, 2112.0, 0.0354), ("D+", 497.6, "v_cs", 0.747, 2112.0, 0.0873),
     ("B+", 1864.84, "v_cb", 0.66, 6330.0, 0.0235)],
)  # fmt: skip
def test_semileptonic_decays_of_a_massless_neutrino(kind, daughter, mixing, at_zero, pole, measured):
    """PDG 2020 for electrons; a single pole in place of the measured form factors."""
    decay = hnl.Semileptonic(daughter, getattr(facts().constants, mixing), at_zero, pole)
    q2 = np.linspace(MASS_E**2 * 1.0001, (MASSES[kind] - daughter) ** 2, 20_001)
    rate = np.trapezoid(decay.rate(MASSES[kind], MASS_E, 0.0, q2), q2)
    assert rate * hnl.LIFETIMES[kind] / hnl.HBAR == pytest.approx(measured, rel=0.15)


def test_semileptonic_weights_integrate_the_rate():
    rng = np.random.default_rng(1)
    parents = heavy_hadrons("D0", 50_000, rng)
    decay = hnl.Semileptonic(MASS_K, 0.975, 0.747, 2112.0)
    made = hnl.semileptonic(parents, MASSES["D0"], hnl.LIFETIMES["D0"], decay, MASS_MU, 300.0, rng)
    q2 = np.linspace((MASS_MU + 300.0) ** 2, (MASSES["D0"] - MASS_K) ** 2, 20_001)[1:]
    branching = np.trapezoid(decay.rate(MASSES["D0"], MASS_MU, 300.0, q2), q2) * hnl.LIFETIMES["D0"] / hnl.HBAR
    assert made.total == pytest.approx(parents.total * branching, rel=0.02)
    np.testing.assert_allclose(made.momentum[:, 0] ** 2 - (made.momentum[:, 1:] ** 2).sum(axis=1), 300.0**2, rtol=1e-3)


def test_the_pion_width_of_a_neutral_lepton_is_that_of_the_tau():
    """Crossing: G_F^2 f^2 V^2 m^3/(16 pi) (1 - m_pi^2/m^2)^2 of tau -> pi nu, B = 10.82% at a lifetime of 290.3 fs."""
    c = facts().constants
    rate = to_pseudoscalar(0.0, MASS_PI, c.f_pi, c.v_ud, 1776.86)
    assert rate * 290.3e-15 / hnl.HBAR == pytest.approx(0.1082, rel=0.02)


def test_the_leptonic_width_of_a_neutral_lepton():
    """Far below all mesons and muons: three neutrinos, and a pair of electrons by both currents."""
    c, mass = facts().constants, 20.0
    s = c.weak_angle
    expected = 2 * c.fermi**2 * mass**5 / (192 * pi**3) * (1 + 0.25 * (1 + 4 * s + 8 * s**2))
    assert other_width(MASS_E, mass) == pytest.approx(expected, rel=0.02)


def test_dark_scalar_of_b_decays():
    """0.44 and 0.54 theta^2 to K and K*, as computed by others from the same form factors."""
    assert dark_scalar.to_kaon(1.0) == pytest.approx(0.44, rel=0.05)
    assert dark_scalar.to_k_star(1.0) == pytest.approx(0.54, rel=0.05)
    assert dark_scalar.of_beauty(6000.0, 1000, np.random.default_rng(1)).total == 0.0


def test_pions_over_muons_of_a_dark_scalar():
    """(m/m_mu)^2 (1 + 11 m_pi^2/(2 m^2))^2/27 beta_pi/beta_mu^3, Phys. Lett. B 173 (1986) 93 in another notation."""
    mass = 400.0
    beta = [np.sqrt(1 - (2 * m / mass) ** 2) for m in (MASS_PI, MASS_MU)]
    expected = (mass / MASS_MU) ** 2 / 27 * (1 + 11 * MASS_PI**2 / (2 * mass**2)) ** 2 * beta[0] / beta[1] ** 3
    ratio = dark_scalar.pion_width(mass) / dark_scalar.lepton_width(MASS_MU, mass)
    assert ratio == pytest.approx(expected, rel=1e-9)


def test_two_pions_at_the_rho():
    """At the peak the form factor squared is (m/Gamma)^2; with it R = 6.1, for which the measured one is about 6."""
    rho = dark_photon.MASS_RHO
    ratio = dark_photon.hadron_width(rho) / dark_photon.lepton_width(0.0, rho)
    peak = 0.25 * (1 - (2 * MASS_PI / rho) ** 2) ** 1.5 * (rho / dark_photon.WIDTH_RHO) ** 2
    assert ratio == pytest.approx(peak, rel=1e-9)
    assert ratio == pytest.approx(6, rel=0.15)


def test_wrong_declarations_say_what_is_wrong():
    photons = VisibleDecay(("gamma", "gamma"), lambda mass: 1.0)
    with pytest.raises(ValueError, match="two photons or two charged"):
        VisibleDecay(("pi+", "gamma"), lambda mass: 1.0)
    with pytest.raises(ValueError, match="must ascend"):
        replace(photons, volume=(2.0, 1.0))
    with pytest.raises(ValueError, match="ascend from above zero"):
        replace(MODELS["alp"], couplings=(1.0, 0.1))
    with pytest.raises(ValueError, match="masses above zero"):
        replace(MODELS["alp"], masses=())
    with pytest.raises(ValueError, match="at least one production"):
        replace(MODELS["alp"], production=())
    with pytest.raises(ValueError, match="shape"):
        Flux(np.ones(2), np.ones((2, 3)))
    with pytest.raises(ValueError, match="finite"):
        Flux(np.array([np.nan]), np.ones((1, 4)))
    with pytest.raises(ValueError, match="protons on target"):
        contours(MODELS["alp"], (0.0,))
