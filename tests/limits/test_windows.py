"""Windows of the squared missing mass: what they accept and hold, on a response and a table made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from rarekaon.analysis.contract.units import GeV2
from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.limits.response import Response
from rarekaon.analysis.limits.windows import overlap, parts, scalar_branching_fraction, window_at
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Interval, Region

PI_X = search("pi_x", "2016-2017")
SIGMA = 1.0e-3 * GeV2
ACCEPTANCE = 0.02
ROWS = (BackgroundRow("pi_x", "2016-2017", "signal", "total", 1.65, 0.3, 0.0),)


@pytest.fixture(scope="module")
def response():
    """A constant acceptance and a Gaussian resolution of the squared mass."""
    masses = np.arange(1.0, 353.0, 2.0)
    edges = np.linspace(-80, 80, 321)
    signed = np.sign(masses[:, None] + edges) * (masses[:, None] + edges) ** 2
    inside = np.diff(ndtr((signed - masses[:, None] ** 2) / SIGMA), axis=1)
    below = np.concatenate([0 * inside[:, :1], inside, 0 * inside[:, :1]], axis=1)
    return Response(masses, edges, ACCEPTANCE * below, 1e-6 * below)


@pytest.mark.parametrize("mass", [0.0, 50.0, 80.0, 200.0, 250.0])
def test_resolution_and_acceptance_of_a_window(response, mass):
    found = window_at(PI_X, response, ROWS, mass, 2.0)
    assert found.resolution == pytest.approx(SIGMA, rel=0.05)
    whole = ndtr(2) - ndtr(-2)
    low = mass**2 - 2 * SIGMA
    if low < 0:  # R1 begins at zero
        assert 0.4 * ACCEPTANCE < found.acceptance < whole * ACCEPTANCE
    else:
        assert found.acceptance == pytest.approx(whole * ACCEPTANCE, rel=0.03)


def test_background_of_a_window_is_its_share_of_the_region(response):
    region = PI_X.signal.region("signal")
    found = window_at(PI_X, response, ROWS, 200.0, 2.0)
    assert found.background == pytest.approx(1.65 * 4 * found.resolution / region.width, rel=1e-6)
    edge = window_at(PI_X, response, ROWS, 155.0, 2.0)  # half of the window lies below R2
    assert 0 < edge.background < found.background
    assert 0 < edge.acceptance < found.acceptance


def test_parts_and_overlaps():
    region = Region("r", Interval(0.0, 10.0), excluding=Interval(4.0, 6.0))
    assert parts(region) == (Interval(0.0, 4.0), Interval(6.0, 10.0))
    assert parts(Region("r", Interval(0.0, 10.0))) == (Interval(0.0, 10.0),)
    assert overlap(Interval(0.0, 4.0), Interval(3.0, 8.0)) == 1.0
    assert overlap(Interval(0.0, 4.0), Interval(5.0, 8.0)) == 0.0


def test_dark_scalars_of_kaon_decays():
    """1.7e-3 theta^2 for a light one, falling with the phase space; elsewhere 1.6e-3 (2 p/m_K)."""
    light, heavy, beyond = scalar_branching_fraction(np.array([1.0, 250.0, 400.0]))
    assert light == pytest.approx(1.7e-3, rel=0.1)
    assert heavy / light == pytest.approx(0.63, rel=0.1)
    assert beyond == 0
