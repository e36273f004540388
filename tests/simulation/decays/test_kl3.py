"""K_l3 against the Dalitz density of the textbooks and the measured ratio of rates."""

import numpy as np
import pytest
from scipy import integrate

from rarekaon.analysis.contract.particles import MASS_E, MASS_K, MASS_MU, MASS_PI, MASS_PI0
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import PI0D_E_NU
from rarekaon.analysis.decays.modes.semileptonic import PI0_E_NU, PI0_MU_NU, PI0D_MU_NU, XI, kl3
from rarekaon.analysis.decays.phase_space import Pair
from tests.simulation.decays.sampling import points, sampled

LINEAR, QUADRATIC = 0.0252, 0.0016


def textbook(e_pi, e_l, mass):
    """f_+^2 (A + B xi + C xi^2) of the PDG's review on K_l3 form factors."""
    e_nu = MASS_K - e_pi - e_l
    delta = (MASS_K**2 + MASS_PI0**2 - mass**2) / (2 * MASS_K) - e_pi
    t = (MASS_K**2 + MASS_PI0**2 - 2 * MASS_K * e_pi) / MASS_PI**2
    a = MASS_K * (2 * e_l * e_nu - MASS_K * delta) + mass**2 * (delta / 4 - e_nu)
    b, c = mass**2 * (e_nu - delta / 2), mass**2 * delta / 4
    return (1 + LINEAR * t + QUADRATIC * t**2 / 2) ** 2 * (a + b * XI + c * XI**2)


def integral(mass, weight=lambda e_pi, e_l: 1.0):
    """Integral of the textbook density over the Dalitz plot, by nested quadrature."""

    def limits(e_pi):
        t = MASS_K**2 + MASS_PI0**2 - 2 * MASS_K * e_pi
        p = np.sqrt(max(e_pi**2 - MASS_PI0**2, 0))
        # the lepton in the frame of the lepton pair, boosted back
        energy, momentum = (t + mass**2) / 2, (t - mass**2) / 2
        low, high = (energy * (MASS_K - e_pi) + sign * momentum * p for sign in (-1, 1))
        return low / t, high / t

    top = (MASS_K**2 + MASS_PI0**2 - mass**2) / (2 * MASS_K)
    value, _ = integrate.dblquad(
        lambda e_l, e_pi: textbook(e_pi, e_l, mass) * weight(e_pi, e_l),
        MASS_PI0, top * (1 - 1e-12), lambda e: limits(e)[0], lambda e: limits(e)[1], epsrel=1e-5,
    )  # fmt: skip
    return value


@pytest.mark.parametrize(("lepton", "mass"), [("e+", MASS_E), ("mu+", MASS_MU)])
def test_amplitude_is_the_textbook_density(lepton, mass):
    p, _ = points(Pair("nu", Pair(lepton, "pi0")), 9)
    ratio = kl3(p[2], p[1], p[0]) / textbook(p[2, 3], p[1, 3], mass)
    assert ratio == pytest.approx(ratio[0], rel=1e-6)


def test_ratio_of_the_muon_to_the_electron_rate():
    rates = {}
    for lepton in ("e+", "mu+"):
        p, weight = points(Pair("nu", Pair(lepton, "pi0")), 15)
        rates[lepton] = (weight * kl3(p[2], p[1], p[0])).mean()
    assert rates["mu+"] / rates["e+"] == pytest.approx(integral(MASS_MU) / integral(MASS_E), rel=2e-3)
    assert rates["mu+"] / rates["e+"] == pytest.approx(0.03352 / 0.0507, rel=0.01)


@pytest.mark.parametrize(
    ("m", "mass"), [(PI0_E_NU, MASS_E), (PI0_MU_NU, MASS_MU), (PI0D_MU_NU, MASS_MU), (PI0D_E_NU, MASS_E)]
)
def test_mean_energies(m, mass):
    p, weight = sampled(m, 15)
    norm = integral(mass)
    lepton = p[m.products.index("mu+" if mass == MASS_MU else "e+"), 3]
    e_pi = MASS_K - lepton - p[0, 3]
    assert np.average(lepton, weights=weight) == pytest.approx(integral(mass, lambda _, e: e) / norm, rel=3e-3)
    assert np.average(e_pi, weights=weight) == pytest.approx(integral(mass, lambda e, _: e) / norm, rel=3e-3)
