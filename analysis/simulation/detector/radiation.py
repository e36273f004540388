"""Collinear final-state radiation of electrons.

An electron fragments into an electron and a photon in the leading-logarithmic approximation: D(x) = alpha/(2 pi) (L
- 1) (1 + (1 - x)^2)/x with L = ln(Q^2/m_e^2) and Q twice the electron's energy in the kaon frame. The total rate
does not change (Kinoshita, Lee and Nauenberg). One photon an electron.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import ALPHA, MASS_E
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.transport import ENERGY, PHOTON, PX, append, momentum_of
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]


@kernel
def emission_probability(rest_energy: float, cutoff: float) -> float:
    """Probability of a photon above the fraction `cutoff` from an electron of `rest_energy` (MeV) in the kaon frame."""
    logarithm = 2 * np.log(max(2 * rest_energy / MASS_E, 1.7))
    spectrum = -2 * np.log(cutoff) - 2 * (1 - cutoff) + 0.5 * (1 - cutoff * cutoff)
    return min(0.9, ALPHA / (2 * np.pi) * (logarithm - 1) * spectrum)


@kernel
def radiate_final_state(
    rng: np.random.Generator, c: Constants, particles: Floats, count: int, index: int, rest_energy: float
) -> int:
    """Let the electron in row `index` emit a collinear photon (appended); returns the new count."""
    if rng.random() > emission_probability(rest_energy, c.fsr_cutoff):
        return count
    while True:
        x = c.fsr_cutoff ** rng.random()
        if 2 * rng.random() < 1 + (1 - x) ** 2:
            break
    photon = append(particles, count, PHOTON, 0.0, particles[index])
    if photon < 0:
        return count
    for k in range(4):
        particles[photon, PX + k] *= x
        particles[index, PX + k] *= 1 - x
    particles[photon, ENERGY] = momentum_of(particles[photon])
    return count + 1
