"""Contours against an independent prototype and, for the dark photon, what NA62 prints for 1.4e17 protons.

JHEP 09 (2023) 035 (arXiv:2303.08666) and arXiv:2312.12055: two muons 215-550 MeV, two leptons 50-600 MeV, epsilon from
1e-6 to 4e-5.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan, log

import numpy as np
import pytest

from rarekaon.analysis.dump import Model, contours
from rarekaon.analysis.dump.benchmarks import MODELS
from rarekaon.analysis.dump.benchmarks.dark_scalar import of_beauty
from rarekaon.analysis.dump.hadrons import light_mesons
from rarekaon.analysis.dump.model import FIDUCIAL_VOLUME

ALP_TO_THE_CALORIMETER = {
    10: (1.3e-5, 7.0e-3), 50: (2.3e-6, 4.3e-4), 100: (1.24e-6, 9.9e-5), 200: (7.5e-7, 2.0e-5), 300: (5.9e-7, 7.2e-6),
    500: (5.8e-7, 1.6e-6),
}  # fmt: skip
ALP_IN_THE_VOLUME = {10: 1.3e-5, 50: 2.6e-6, 100: 1.5e-6, 200: 9.5e-7, 300: 7.9e-7, 500: 8.8e-7}
DARK_PHOTON_14 = {
    50: (3.0e-7, 3.7e-5), 100: (3.0e-7, 1.7e-5), 250: (2.7e-7, 4.2e-6), 400: (2.8e-7, 2.0e-6), 600: (3.5e-7, 8.5e-7),
}  # fmt: skip
DARK_PHOTON_18 = {
    50: (1.8e-7, 4.0e-5), 100: (1.9e-7, 1.9e-5), 250: (1.6e-7, 4.9e-6), 400: (1.6e-7, 2.5e-6), 600: (1.7e-7, 1.2e-6),
    700: (1.9e-7, 6.6e-7),
}  # fmt: skip
SCALAR_K_K_STAR = {
    220: (4.4e-4, 2.7e-2), 250: (2.6e-4, 7.9e-3), 300: (2.0e-4, 2.1e-3), 350: (1.85e-4, 1.3e-3), 400: (1.75e-4, 9.5e-4),
    500: (1.75e-4, 5.6e-4),
}  # fmt: skip
SCALAR_ALL = {
    220: (3.2e-4, 2.9e-2), 250: (1.9e-4, 8.4e-3), 300: (1.5e-4, 2.4e-3), 350: (1.3e-4, 1.5e-3), 400: (1.2e-4, 1.1e-3),
    500: (1.2e-4, 7e-4),
}  # fmt: skip
HNL_MU_LOW = {500: 4.8e-7, 1000: 1.6e-7, 1500: 1.2e-7, 1700: 1.6e-7}


def agrees(
    model: Model, protons: float, expected: dict[int, tuple[float, float]], within: float, mode: str = ""
) -> None:
    """Both edges, within a relative tolerance of the coupling."""
    found = next(c for c in contours(model, (protons,), masses=tuple(expected), particles=20_000) if mode in c.mode)
    for low, high, (lowest, highest) in zip(found.low, found.high, expected.values(), strict=True):
        assert low == pytest.approx(lowest, rel=within)
        assert high == pytest.approx(highest, rel=within)


def test_photons_of_neutral_pions():
    """3.2 pi0 a proton; the prototype, with a softer transverse momentum, has 2.8, and 0.040 photons above 100 GeV."""
    pions = light_mesons("pi0", 100_000, np.random.default_rng(3))
    assert 2.0 < pions.total < 4.0
    photons = 2 * pions.weight[:, None] * np.clip(1 - 100e3 / pions.momentum[:, :1], 0, 1)
    assert photons.sum() == pytest.approx(0.040, rel=0.15)


def test_alp():
    agrees(MODELS["alp"], 1e18, ALP_TO_THE_CALORIMETER, 0.3)
    found = contours(MODELS["alp"], (1e18,), masses=(700,), particles=20_000)[0]
    assert isnan(found.low[0])
    assert found.most_events[0] == pytest.approx(0.6, rel=0.3)


def test_alp_of_decays_in_front_of_the_spectrometer():
    alp = MODELS["alp"]
    inside = replace(alp, modes=(replace(alp.modes[0], volume=FIDUCIAL_VOLUME),))
    found = contours(inside, (1e18,), masses=tuple(ALP_IN_THE_VOLUME), particles=20_000)[0]
    assert found.low == pytest.approx(tuple(ALP_IN_THE_VOLUME.values()), rel=0.3)


def test_alp_of_the_protons_alone():
    """Lower edges 1.5 to 2.6 times higher, closed from 0.4 GeV on."""
    alp = MODELS["alp"]
    alone = replace(alp, production=tuple(c for c in alp.production if c.name == "photons of protons"))
    found, both = (contours(m, (1e18,), masses=(50, 200, 300, 500), particles=20_000)[0] for m in (alone, alp))
    for mine, all_of_it in zip(found.low[:3], both.low[:3], strict=True):
        assert 1.5 / 1.3 < mine / all_of_it < 2.6 * 1.3
    assert isnan(found.low[3])


def test_dark_photon():
    agrees(MODELS["dark_photon"], 1.4e17, DARK_PHOTON_14, 0.3, "all")
    agrees(MODELS["dark_photon"], 1e18, DARK_PHOTON_18, 0.3, "all")


def test_dark_photon_against_print():
    """Upper edge 4e-5 at 50 MeV and 1e-6 at 600 MeV, reach 600 MeV for leptons and 550 MeV for muons."""
    found = {
        c.mode: c for c in contours(MODELS["dark_photon"], (1.4e17,), masses=(50, 550, 600, 700), particles=20_000)
    }
    assert found["all visible"].high[0] == pytest.approx(4e-5, rel=0.3)
    assert found["all visible"].high[2] == pytest.approx(1e-6, rel=0.3)
    assert isnan(found["all visible"].high[3])
    assert found["mu+ mu-"].most_events[1] > 2.3 > found["mu+ mu-"].most_events[2]


def test_dark_scalar():
    scalar = MODELS["dark_scalar"]
    agrees(scalar, 1e18, SCALAR_ALL, 0.4)
    (channel,) = scalar.production
    light = replace(channel, particles=lambda mass, n, rng: of_beauty(mass, n, rng, heavier=False))
    agrees(replace(scalar, production=(light,)), 1e18, SCALAR_K_K_STAR, 0.4)


def test_heavy_neutral_leptons():
    """Charm alone; electrons the same as muons."""
    for name in ("hnl_mu", "hnl_e"):
        model = MODELS[name]
        charm = replace(model, production=tuple(c for c in model.production if c.name == "D and Ds decays"))
        found = contours(charm, (1e18,), masses=tuple(HNL_MU_LOW), particles=40_000)[0]
        for low, expected in zip(found.low, HNL_MU_LOW.values(), strict=True):
            assert abs(log(low / expected)) < log(2)
