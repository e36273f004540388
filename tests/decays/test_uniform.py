"""Forbidden decays without a module of their own: uniform, stable, and only where something forbids them."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays import FAMILIES, MODES, mode
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.uniform import CODES, FIRST_CODE, uniform_mode
from tests.simulation.decays.sampling import points

NEW = "K+ -> pi- mu+ e+ gamma"


@pytest.mark.parametrize("descriptor", ["K+ -> pi- mu+ e+", "K+ -> mu- nu e+ e+", "K+ -> pi- e+ e+"])
def test_it_is_what_the_modules_declare(descriptor):
    """Same phase space as the listed mode, whatever the order of the splittings."""
    own, listed = points(uniform_mode(descriptor).flat, 12), points(MODES[descriptor].flat, 12)
    assert own[1].mean() == pytest.approx(listed[1].mean(), rel=2e-3)
    assert own[0].shape == listed[0].shape


def test_an_unlisted_decay_has_a_mode_and_a_code_of_its_own():
    made = mode(NEW)
    assert made is mode(NEW)
    assert made.products == ("pi-", "mu+", "e+", "gamma")
    assert FIRST_CODE <= made.code < FIRST_CODE + CODES
    assert made.code != mode("K+ -> pi- e+ mu+ gamma").code
    assert not made.radiative
    p, weight = points(made.flat, 8)
    assert (weight > 0).all()
    np.testing.assert_allclose(p.sum(axis=0)[3], MASS_K)
    for momentum, name in zip(p, made.products, strict=True):
        np.testing.assert_allclose(mass2(momentum), particle(name).mass ** 2, atol=1e-3)


def test_codes_differ_from_all_listed_ones_and_fit_the_keys_of_random_numbers():
    assert all(m.code < FIRST_CODE for m in MODES.values())
    assert (FIRST_CODE + CODES) << 40 < 2**64


@pytest.mark.parametrize(
    ("descriptor", "reason"),
    [
        ("K+ -> pi+ mu+ e+", "does not conserve charge"),
        ("K+ -> pi- pi0 pi0 pi0 mu+ e+", "heavier than the kaon"),
        ("K+ -> pi- mu+ e+ nu", "odd number of fermions"),
        ("K+ -> pi+ gamma gamma", "nothing forbids it"),
        ("K+ -> pi+ pi0 nu nu", "nothing forbids it"),
        ("K+ -> e+ nu nu nu", "nothing forbids it"),
        ("K+ -> mu+ nu", "three products or more"),
        ("pi+ -> mu- e+ e+ nu", "for K\\+ decaying"),
        ("K+ -> pi+ N N", "families"),
        ("K+ -> pi+ tau- e+", "unknown particle"),
        ("pi- mu+ e+", "write a decay like"),
    ],
)
def test_what_is_impossible_or_allowed_is_refused(descriptor, reason):
    with pytest.raises(ValueError, match=reason):
        mode(descriptor)
    with pytest.raises(ValueError, match="no simulation of"):
        mode(descriptor)
    assert descriptor not in FAMILIES
