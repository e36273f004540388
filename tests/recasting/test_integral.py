"""Denominators: closed forms, two ways of integrating, and refusals."""

import numpy as np
import pytest
from scipy.integrate import quad

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_PI
from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.modes.pi_ll import PI_MUMU
from rarekaon.analysis.decays.phase_space import breakup_momentum
from rarekaon.analysis.recasting import Function, RecastError, Resonance, Uniform
from rarekaon.analysis.recasting.integral import _sampled, integral
from rarekaon.analysis.recasting.reweighting import signal_decay
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.inference import Counting

LNV = "K+ -> pi- e+ e+"


@pytest.mark.parametrize(
    "decay", [LNV, "K+ -> pi- mu+ mu+", "K+ -> mu- nu e+ e+", "K+ -> pi- pi0 e+ e+, pi0 -> gamma gamma"]
)
def test_uniform_density_of_uniform_decays_is_one_exactly(decay):
    assert integral(decay, Uniform()).value == 1.0


@pytest.mark.parametrize("s", [s for group in searches().values() for s in group], ids=lambda s: s.key)
def test_every_counting_search_can_be_recast_and_others_say_why_not(s):
    if not isinstance(s.inference, Counting):
        with pytest.raises(RecastError, match="only counting searches are recast"):
            signal_decay(s.name, s.dataset)
        return
    decay = signal_decay(s.name, s.dataset)
    simulated = mode(decay)
    assert integral(decay, Function(lambda *p: simulated.density(np.stack(p)))).value == pytest.approx(1, rel=1e-12)


def test_a_constant_scales_and_a_sum_is_the_sum_of_integrals():
    first, second = (Function(f) for f in (lambda pi, a, b: mass2(pi, a) + mass2(pi, b), lambda pi, a, b: mass2(a, b)))
    both = Function(lambda pi, a, b: first.of(pi, a, b) + 3 * second.of(pi, a, b))
    assert integral(LNV, both).value == pytest.approx(integral(LNV, first).value + 3 * integral(LNV, second).value)


def test_the_simulated_amplitude_itself_integrates_to_one():
    assert integral("K+ -> pi+ mu+ mu-", Function(PI_MUMU.amplitude)).value == pytest.approx(1.0, rel=1e-12)


def plane(of):
    """Integral over s = m2(e+ e+) of p1 p2 / m, of uniform phase space in closed form up to the quadrature."""

    def density(s):
        m = np.sqrt(s)
        return breakup_momentum(MASS_K, MASS_PI, m) * breakup_momentum(m, MASS_E, MASS_E) / m * of(s)

    return quad(density, 4 * MASS_E**2, (MASS_K - MASS_PI) ** 2, points=(59000, 61000, 62500, 64000, 66000), limit=500)[
        0
    ]


@pytest.mark.parametrize(("width", "window"), [(0.0, 2.0), (20.0, 2.0), (20.0, 0.0), (0.05, 1.0)])
def test_resonance_in_the_leptons_against_the_one_dimensional_integral(width, window):
    resonance = Resonance("e+ e+", 250.0, width=width, window=window)
    expected = plane(lambda s: float(resonance.line(s))) / plane(lambda s: 1.0)
    assert integral(LNV, resonance).value == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize(
    ("decay", "resonance"),
    [
        (LNV, Resonance("pi- e+", 300.0, width=40.0)),
        (LNV, Resonance("pi- e+", 300.0, width=40.0, amplitude="majorana")),
        ("K+ -> pi- mu+ e+", Resonance("pi- mu+", 300.0, width=40.0, amplitude="majorana")),
        ("K+ -> mu- nu e+ e+", Resonance("mu- e+", 200.0, width=40.0)),
        ("K+ -> pi+ mu+ mu-", Resonance("mu+ mu-", 280.0, width=20.0)),
        ("K+ -> e+ nu_e e+ e-", Resonance("e+ e-", 250.0, width=40.0)),
    ],
)  # fmt: skip
def test_piece_by_piece_and_sampled_integrals_agree(decay, resonance):
    sampled = _sampled(mode(decay), resonance)
    assert integral(decay, resonance).value == pytest.approx(
        sampled.value, abs=4 * sampled.error + 1e-4 * sampled.value
    )


def test_shorter_lifetimes_are_the_narrow_line_until_their_width_counts():
    narrow = integral(LNV, Resonance("pi- e+", 300.0)).value
    assert integral(LNV, Resonance("pi- e+", 300.0, ctau=1.0).prompt).value == pytest.approx(narrow, rel=1e-6)


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (lambda pi, a, b: mass2(a, b) - 1e4, "negative or not finite"),
        (lambda pi, a, b: np.full(a.shape[-1], np.nan), "negative or not finite"),
        (lambda pi, a, b: np.zeros(a.shape[-1]), "zero everywhere"),
        (lambda pi, a, b: np.where(np.abs(mass2(a, b) - 62500) < 1, 1.0, 0.0), "too narrow"),
        (lambda pi, a, b: 1.0, r"gives shape \(\)"),
    ],
)  # fmt: skip
def test_densities_without_an_integral_are_refused(of, message):
    with pytest.raises(RecastError, match=message):
        integral(LNV, Function(of))
