"""K+ -> mu+ nu X against the Feynman diagrams evaluated with spinors and the numbers of an independent integration."""

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.decays.mode import KAON, mass2
from rarekaon.analysis.decays.modes.mu_nu_x import mu_nu_x
from rarekaon.analysis.decays.weyl import HELICITIES, antiparticle_spinor, particle_spinor, product, slashed
from tests.simulation.decays.sampling import points, sampled

# mass: mean m(nu X) in MeV and fraction above 0.1 GeV^2, scalar then vector
INTEGRATED = {
    10: ((214.5, 0.129), (110.2, 0.020)),
    100: ((273.6, 0.296), (241.0, 0.150)),
    200: ((315.5, 0.519), (306.2, 0.425)),
    300: ((356.1, 0.981), (354.3, 0.977)),
}


@pytest.mark.parametrize("mass", INTEGRATED)
@pytest.mark.parametrize(("number", "kind"), [(0, "scalar"), (1, "vector")])
def test_missing_mass(mass, number, kind):
    p, weight = sampled(mu_nu_x(mass, kind), 16)
    missing = np.sqrt(mass2(p[0], p[1]))
    mean, above = INTEGRATED[mass][number]
    assert np.average(missing, weights=weight) == pytest.approx(mean, rel=2e-3)
    assert np.average(missing**2 > 0.1e6, weights=weight) == pytest.approx(above, abs=0.003)


@pytest.mark.parametrize("mass", [10.0, 50.0, 120.0, 250.0, 350.0, MASS_K - MASS_MU - 1])
@pytest.mark.parametrize("kind", ["scalar", "vector"])
def test_density_is_positive_over_phase_space(mass, kind):
    m = mu_nu_x(mass, kind)
    p, _ = points(m.flat, 14)
    assert m.density(p).min() > 0


def from_diagrams(neutrino, x, muon, kind):
    """X from the muon and, for a vector, from the neutrino: squared and summed over spins."""
    total = 0.0
    nu, inside, a, b = particle_spinor(neutrino, 0.0, -1), muon + x, mass2(neutrino, x), mass2(muon, x)
    polarisations = np.eye(4)[:, :, None] + 0 * x if kind == "vector" else [None]
    for h in HELICITIES:
        left, right = antiparticle_spinor(muon, MASS_MU, h)
        for i, e in enumerate(polarisations):
            emitted = (left, right)
            if e is not None:
                emitted = slashed(e, right, bar=False), slashed(e, left, bar=True)
            line = MASS_MU * emitted[0] - slashed(inside, emitted[1], bar=False)
            amplitude = product(nu.left, slashed(KAON, line, bar=True)) / (b - MASS_MU**2)
            if e is not None:
                line = slashed(neutrino + x, slashed(KAON, left, bar=True), bar=False)
                amplitude = amplitude + product(nu.left, slashed(e, line, bar=True)) / a
            # the current is conserved, and so - g_{mu nu} sums over polarisations
            total = total + (-1 if i == 3 else 1) * np.abs(amplitude) ** 2
    return total


@pytest.mark.parametrize("mass", [10.0, 200.0])
@pytest.mark.parametrize("kind", ["scalar", "vector"])
def test_amplitude_is_that_of_the_diagrams(mass, kind):
    m = mu_nu_x(mass, kind)
    p, _ = points(m.flat, 9)
    ratio = m.density(p) / from_diagrams(*p, kind)
    assert ratio == pytest.approx(np.median(ratio), rel=1e-6)
