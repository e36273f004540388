"""K+ -> pi+ pi0 gamma: inner bremsstrahlung, direct emission and their interference.

d Gamma = d Gamma_IB (1 + 2 X_E w + (X_E^2 + X_M^2) w^2), w = (q P)(q p_+), IB by Low's theorem; X_E and X_M:
NA48/2, EPJ C 68 (2010) 75 (strong phases neglected).
"""

from __future__ import annotations

import numpy as np

from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.decays.mode import KAON, Floats, Mask, Mode, dot
from rarekaon.analysis.decays.modes.pi0 import dalitz, from_pi0
from rarekaon.analysis.decays.phase_space import Pair

X_E, X_M = -24e-12, 254e-12
"""Electric and magnetic direct emission, in MeV^-4."""
HARD = 10 * MeV


def low(charged: Floats, gamma: Floats) -> Floats:
    """-(P / (P q) - p / (p q))^2 in MeV^-2: a soft photon from the kaon and from a charged product p."""
    kaon, product = dot(KAON, gamma), dot(charged, gamma)
    cross = 2 * dot(KAON, charged) / (kaon * product)
    return np.asarray(cross - dot(KAON, KAON) / kaon**2 - dot(charged, charged) / product**2)


def squared_amplitude(gamma: Floats, pi: Floats) -> Floats:
    """|M|^2 / (e^2 |A(pi+ pi0)|^2) in MeV^-2."""
    w = dot(gamma, KAON) * dot(gamma, pi)
    return np.asarray(low(pi, gamma) * (1 + 2 * X_E * w + (X_E**2 + X_M**2) * w**2))


def two_photons(gamma: Floats, pi: Floats, _first: Floats, _second: Floats) -> Floats:
    return squared_amplitude(gamma, pi)


def with_dalitz(gamma: Floats, pi: Floats, photon: Floats, plus: Floats, minus: Floats) -> Floats:
    return squared_amplitude(gamma, pi) * dalitz(photon, plus, minus)


def is_hard(gamma: Floats, *_others: Floats) -> Mask:
    return np.asarray(gamma[3] > HARD)


def _mode(pi0: str, code: int) -> Mode:
    return Mode(
        f"K+ -> pi+ pi0 gamma, pi0 -> {pi0}",
        code,
        Pair("gamma", Pair("pi+", from_pi0(pi0), "soft")),
        "Low's theorem; EPJ C 68 (2010) 75",
        with_dalitz if "e+" in pi0 else two_photons,
        generated=is_hard,
    )


PI_PI0_GAMMA = _mode("gamma gamma", 65)
PI_PI0D_GAMMA = _mode("e+ e- gamma", 66)
"""The photon of the kaon decay is above `HARD` in the kaon frame."""
