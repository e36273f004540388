"""The line shape, the spin of a Majorana neutrino and its lifetime."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from scipy.integrate import quad

from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import KAON
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.recasting import Products, RecastError, Resonance
from rarekaon.analysis.recasting.resonance import HBAR_C, majorana

DIRAC = np.array([np.kron(np.diag([1, -1]), np.eye(2))] + [
    np.kron(np.array([[0, 1], [-1, 0]]), s) for s in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
])  # fmt: skip
GAMMA5 = np.kron(np.array([[0, 1], [1, 0]]), np.eye(2))


def decays(descriptor, n=50, seed=3):
    tree = mode(descriptor).flat
    return Products(
        mode(descriptor).products, generate(tree, np.random.default_rng(seed).random((n, tree.dimensions)))[0]
    )


@pytest.mark.parametrize(("width", "window"), [*product((0.0, 0.01, 1.0, 30.0), (0.5, 2.0))])
def test_the_line_integrates_to_one(width, window):
    r = Resonance("pi- e+", 300.0, width=width, window=window)
    span = 3e3 * max(r.mass * width, r.half_window)
    low, high = r.mass**2 - span, r.mass**2 + span
    edges = [low, *(s for s in r.breaks(span) if low < s < high), high]
    total = sum(quad(lambda s: float(r.line(s)), a, b)[0] for a, b in pairwise(edges))
    assert total == pytest.approx(1.0, abs=1e-3)


def test_the_line_tends_to_its_limits():
    s = np.linspace(280.0, 320.0, 81) ** 2
    wide = Resonance("pi- e+", 300.0, width=20.0, window=0.0)
    np.testing.assert_allclose(replace(wide, window=0.01).line(s), wide.line(s), rtol=1e-5)
    box, thin = Resonance("pi- e+", 300.0), Resonance("pi- e+", 300.0, width=1e-4)
    inside = np.abs(np.abs(s - 9e4) - box.half_window) > 50
    np.testing.assert_allclose(thin.line(s)[inside], box.line(s)[inside], atol=1e-3 * box.line(9e4))


def slashed(p):
    return np.einsum("mab,mn->nab", DIRAC * np.array([1, -1, -1, -1])[:, None, None], p[[3, 0, 1, 2]])


@pytest.mark.parametrize("descriptor", ["K+ -> pi- e+ e+", "K+ -> pi- mu+ mu+", "K+ -> pi- mu+ e+"])
def test_majorana_is_the_trace_of_dirac_matrices(descriptor):
    """Massive leptons: the masses drop out between projectors, as the chiral currents want."""
    pion, first, second = decays(descriptor).momenta
    kaon = slashed(np.broadcast_to(KAON, pion.shape))
    left = (np.eye(4) - GAMMA5) / 2
    chain = slashed(first) @ kaon @ slashed(pion) @ left @ slashed(second) @ slashed(pion) @ kaon
    expected = np.trace(chain, axis1=1, axis2=2)
    np.testing.assert_allclose(expected.imag, 0, atol=1e-6 * np.abs(expected.real).max())
    np.testing.assert_allclose(2 * majorana(first, pion, second), expected.real, rtol=1e-8)
    assert (majorana(first, pion, second) >= 0).all()


@pytest.mark.parametrize("amplitude", ["isotropic", "majorana"])
def test_identical_leptons_can_be_exchanged(amplitude):
    found = decays("K+ -> pi- e+ e+")
    r = Resonance("pi- e+", 300.0, width=30.0, amplitude=amplitude)
    np.testing.assert_allclose(r.value(found), r.value(found.taken((0, 2, 1))))


def test_decays_farther_than_the_reach_count_as_lost():
    found, laboratory = decays("K+ -> pi- mu+ e+"), decays("K+ -> pi- mu+ e+").momenta * 100
    r = Resonance("pi- mu+", 300.0, ctau=2.0, window=60.0)
    momentum = np.linalg.norm(laboratory[0, :3] + laboratory[1, :3], axis=0)
    inside = 1 - np.exp(-r.prompt_within * r.mass / (momentum * r.ctau))
    np.testing.assert_allclose(r.detectable(found, laboratory), r.value(found) * inside)
    assert (r.prompt.detectable(found, laboratory) == r.prompt.value(found)).all()
    assert r.total_width == HBAR_C / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mass": float("nan")}, "finite"),
        ({"mass": 0.0}, "finite"),
        ({"mass": 300.0, "width": -1.0}, "not negative"),
        ({"mass": 300.0, "width": 1.0, "ctau": 1.0}, "not both"),
        ({"mass": 300.0, "window": 0.0}, "needs a window"),
        ({"mass": 300.0, "amplitude": "scalar"}, "isotropic or majorana"),
    ],
)
def test_impossible_resonances_are_refused(arguments, message):
    with pytest.raises(RecastError, match=message):
        Resonance("pi- e+", **arguments)


@pytest.mark.parametrize(
    ("resonance", "message"),
    [
        (Resonance("pi- e+", 139.0), "between 140.08 and 493.17 MeV"),
        (Resonance("pi- e+", 494.0), "give a mass inside"),
        (Resonance("pi+ e-", 300.0), "no pair of products"),
        (Resonance("e+ e+", 300.0, amplitude="majorana"), "a pion and a lepton"),
    ],
)
def test_resonances_that_do_not_fit_the_decay_are_refused(resonance, message):
    with pytest.raises(RecastError, match=message):
        resonance.pairs(("pi-", "e+", "e+"))
