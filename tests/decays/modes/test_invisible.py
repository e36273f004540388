"""The response sample: equal weights, uniform in the invisible mass, an isotropic muon."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays.mode import KAON, mass2
from rarekaon.analysis.decays.modes.invisible import HIGHEST, MU_INVISIBLE
from rarekaon.analysis.decays.phase_space import generate


def test_the_invisible_mass_is_uniform_and_the_muon_isotropic():
    u = np.random.default_rng(1).random((50_000, MU_INVISIBLE.flat.dimensions))
    p, weight = generate(MU_INVISIBLE.flat, u)
    weight = weight * MU_INVISIBLE.density(p)
    assert weight.std() < 1e-6 * weight.mean()
    mass = np.sqrt(np.maximum(mass2(KAON - p[0]), 0))
    counts, _ = np.histogram(mass, bins=20, range=(0, HIGHEST))
    assert counts.sum() == 50_000
    assert ((counts - 2500) ** 2 / 2500).sum() < 50
    cosine = p[0][2] / np.linalg.norm(p[0][:3], axis=0)
    assert cosine.mean() == pytest.approx(0, abs=0.015)
    assert (cosine**2).mean() == pytest.approx(1 / 3, abs=0.01)
    assert p[:, 3].sum(axis=0) == pytest.approx(MASS_K)
