"""From signal events to branching fraction and mixing |U_mu4|^2 of K+ -> mu+ N (Phys. Lett. B 816 (2021) 136259).

B(K+ -> mu+ N) = B(K+ -> mu+ nu) rho(m_N) |U_mu4|^2, Eq. (1), and one signal event corresponds to
B_SES = 1 / (N_K A_N) and |U|^2_SES = B_SES / (B(K+ -> mu+ nu) rho(m_N)), Section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rarekaon.analysis.contract.particles import MASS_K, MASS_MU
from rarekaon.analysis.statistics.arguments import ArgumentError, non_negative, positive
from rarekaon.analysis.statistics.peak_search import PeakSearch

Floats = NDArray[np.float64]


def kinematic_factor(mass: ArrayLike, lepton_mass: float = MASS_MU) -> Floats:
    """rho(m_N) of Eq. (1): 1 at m_N = 0, 0 from m_K - m_l on; `mass` in MeV.

    >>> float(kinematic_factor(263.0).round(2))
    4.13
    """
    x = (lepton_mass / MASS_K) ** 2
    y = (np.asarray(mass, dtype=float) / MASS_K) ** 2
    triangle = np.maximum(0.0, 1 + x**2 + y**2 - 2 * (x + y + x * y))
    allowed = np.sqrt(y) + np.sqrt(x) < 1
    return np.where(allowed, ((x + y) - (x - y) ** 2) / (x * (1 - x) ** 2) * np.sqrt(triangle), 0.0)


@dataclass(frozen=True)
class MixingLimits:
    """Results in branching fraction and mixing, arrays of shape (hypotheses,) and (5, hypotheses) for bands."""

    masses: Floats
    single_event_branching_fraction: Floats
    single_event_mixing: Floats
    branching_fraction: Floats
    expected_branching_fraction: Floats
    mixing: Floats
    expected_mixing: Floats


def mixing_limits(
    scan: PeakSearch,
    *,
    kaon_decays: float,
    acceptance: ArrayLike,
    branching_fraction: float = 0.6356,
    relative_error: float = 0.0,
    lepton_mass: float = MASS_MU,
) -> MixingLimits:
    """Limits on B(K+ -> mu+ N) and |U_mu4|^2 from a scan.

    acceptance: of the signal window for each hypothesis, at the lifetime meant (times `survival` for a short one).
    branching_fraction: of K+ -> mu+ nu (0.6356, as published).
    relative_error: of N_K A_N, gives the limits the factor of a Gaussian mean error, sqrt(1 + r^2); at the published
    2.5% that is 0.03%, and the paper leaves it out.
    Raises ArgumentError for a mass beyond m_K - m_l or an acceptance that is not positive.
    """
    positive("kaon_decays", kaon_decays)
    factor = kinematic_factor(scan.masses, lepton_mass)
    accepted = np.broadcast_to(np.asarray(acceptance, dtype=float), scan.masses.shape)
    if not (np.isfinite(accepted).all() and (accepted > 0).all()):
        raise ArgumentError("acceptance must be above zero for every mass hypothesis")
    if (factor <= 0).any():
        raise ArgumentError("masses must lie below m_K - m_l, where the decay is possible")
    single_event = 1 / (kaon_decays * accepted)
    mixing = single_event / (branching_fraction * factor)
    scale = np.sqrt(1 + non_negative("relative_error", relative_error) ** 2)
    return MixingLimits(
        masses=scan.masses,
        single_event_branching_fraction=single_event,
        single_event_mixing=mixing,
        branching_fraction=scale * scan.upper_limits * single_event,
        expected_branching_fraction=scale * scan.expected_limits * single_event,
        mixing=scale * scan.upper_limits * mixing,
        expected_mixing=scale * scan.expected_limits * mixing,
    )
