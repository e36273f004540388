"""Every decay mode: what is conserved, what its declaration says, and that its amplitude is a scalar."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays import FAMILIES, MODES, mode
from rarekaon.analysis.facts.branching_fractions import branching_fractions
from tests.simulation.decays.sampling import points

MASSES = {"K+ -> mu+ N, N -> pi- mu+": 300.0, "K+ -> e+ N, N -> pi- e+": 300.0}
ALL = [*MODES.values(), *(make(MASSES.get(name, 200.0)) for name, make in FAMILIES.items())]
every_mode = pytest.mark.parametrize("m", ALL, ids=lambda m: m.descriptor)
RESPONSES = {"K+ -> mu+ nu nu", "K+ -> e+ X X", "K+ -> pi+ X X", "K+ -> pi+ pi0, pi0 -> gamma X X"}
"""Uniform in the invisible mass: responses, no models of a decay."""
SOUGHT = {"K+ -> pi+ pi0, pi0 -> nu nu", "K+ -> pi+ pi0, pi0 -> gamma nu nu"}
"""Far below what is searched for in the Standard Model."""
VIOLATING = ("K+ -> pi-", "K+ -> mu-", "K+ -> pi+ mu")


def final_state(descriptor: str) -> list[str]:
    """Products after all the steps of a chain; a pi0 without a step of its own stays."""
    first, *steps = descriptor.removesuffix(", scalar X").removesuffix(", vector X").split(",")
    products = first.split("->")[1].split()
    for step in steps:
        parent, daughters = step.split("->")
        products.remove(parent.strip())
        products += daughters.split()
    return sorted(products)


@every_mode
def test_four_momentum_and_masses(m):
    p, weight = points(m.flat, 10)
    assert np.abs(p.sum(axis=0) - [[0], [0], [0], [MASS_K]]).max() < 1e-9 * MASS_K
    for name, q in zip(m.products, p, strict=True):
        mass = m.masses.get(name, particle(name).mass)
        assert np.abs(q[3] ** 2 - (q[:3] ** 2).sum(axis=0) - mass**2).max() < 1e-9 * MASS_K**2
    assert np.all(weight >= 0)


@every_mode
def test_charge_and_products_are_those_of_the_descriptor(m):
    assert m.charges.sum() == 1
    products = sorted(m.products)
    if m.descriptor == "K+ -> mu+ nu_mu":
        products.remove("gamma")  # inclusive of photons
    assert products == final_state(m.descriptor)


@every_mode
def test_density_is_finite_positive_and_reached(m):
    p, weight = points(m.flat, 13)
    value = weight * m.density(p)
    assert np.all(np.isfinite(value))
    assert value.min() >= 0
    effective = value.sum() ** 2 / (value**2).sum() / len(value)
    assert effective > 0.004


@every_mode
def test_density_does_not_depend_on_directions(m):
    p, _ = points(m.flat, 8)
    turned = p.copy()
    matrix = Rotation.from_rotvec([0.7, -1.1, 0.4]).as_matrix()
    turned[:, :3] = np.einsum("ij,kjn->kin", matrix, p[:, :3])
    assert m.density(turned) == pytest.approx(m.density(p), rel=1e-5, abs=1e-9 * m.density(p).max())


@every_mode
def test_every_mode_cites(m):
    assert m.descriptor in RESPONSES or any(mark in m.reference for mark in ("(19", "(20", ":", "Low's", "two-body"))


def test_codes_are_unique():
    assert len({m.code for m in ALL}) == len(ALL)
    assert all(m.descriptor == name for name, m in MODES.items())


def test_modes_of_the_standard_model_have_branching_fractions():
    known = branching_fractions().fractions
    without = RESPONSES | SOUGHT
    missing = [name for name in MODES if name not in {*known, *without} and not name.startswith(VIOLATING)]
    assert missing == []


def test_families_need_a_possible_mass_and_others_none():
    assert mode("K+ -> mu+ N", 250.0).masses == {"N": 250.0}
    for descriptor, mass, complaint in (
        ("K+ -> mu+ N", None, "needs a mass"),
        ("K+ -> mu+ N", 400.0, "not possible"),
        ("K+ -> mu+ N, N -> pi- mu+", 200.0, "not possible"),
        ("K+ -> mu+ nu X, vector X", 5.0, "not possible"),
        ("K+ -> mu+ nu X, vector X", float("nan"), "not possible"),
        ("K+ -> mu+ nu_mu", 5.0, "no mass to set"),
        ("K+ -> nothing", None, "no simulation"),
    ):
        with pytest.raises(ValueError, match=complaint):
            mode(descriptor, mass)
