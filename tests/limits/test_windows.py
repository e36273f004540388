"""Windows of the squared missing mass: what they accept and hold, on a response and a table made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.contract.units import GeV2
from rarekaon.analysis.limits import windows
from rarekaon.analysis.limits.backgrounds import BackgroundRow
from rarekaon.analysis.limits.response import Response
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.limits.windows import (
    dark_photon_branching_fraction,
    even_background,
    overlap,
    parts,
    scalar_branching_fraction,
    window_at,
    window_limits,
)
from rarekaon.analysis.processing import histograms
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Region
from tests import hand_made

PI_X = search("pi_x", "2016-2017")
SIGMA = 1.0e-3 * GeV2
ACCEPTANCE = 0.02
ROWS = (BackgroundRow("pi_x", "2016-2017", "signal", "total", 1.65, 0.3, 0.0),)
EVEN = even_background(PI_X, ROWS)


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
    found = window_at(PI_X, response, EVEN, mass)
    assert found.resolution == pytest.approx(SIGMA, rel=0.05)
    whole = ndtr(2) - ndtr(-2)
    low = mass**2 - 2 * SIGMA
    if low < 0:  # R1 begins at zero
        assert 0.4 * ACCEPTANCE < found.acceptance < whole * ACCEPTANCE
    else:
        assert found.acceptance == pytest.approx(whole * ACCEPTANCE, rel=0.03)


def test_background_of_a_window_is_its_share_of_the_region(response):
    region = PI_X.signal.region("signal")
    found = window_at(PI_X, response, EVEN, 200.0)
    assert found.background == pytest.approx(1.65 * 4 * found.resolution / region.width, rel=1e-6)
    edge = window_at(PI_X, response, EVEN, 155.0)  # half of the window lies below R2
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


def test_dark_photons_of_neutral_pions():
    """2 eps^2 (1 - m^2/m_pi0^2)^3 of two photons' branching fraction: both photons may become one."""
    light, heavy, beyond = dark_photon_branching_fraction(np.array([0.0, MASS_PI0 / np.sqrt(2), 140.0]))
    assert light == pytest.approx(2 * 0.98823)
    assert heavy == pytest.approx(light / 8)
    assert beyond == 0


A_PRIME = search("pi0_gamma_aprime", "2016")


def photons(events=0, at=80.0):
    """Books of pi0 -> gamma A': a Gaussian response, an even background, and some events at a mass in data."""
    rng, n, most, spread = np.random.default_rng(1), 400_000, MASS_PI0, 500.0
    observable, quantity = A_PRIME.signal.observable, A_PRIME.signal.response

    def masses(squares):
        return np.sign(squares) * np.sqrt(np.abs(squares))

    true = rng.uniform(0, most, n)
    kept = true[rng.random(n) < ACCEPTANCE]
    invisible = hand_made.sample(A_PRIME)
    invisible["exposure"] |= {"weight_in_fv": float(n), "generated": float(n)}
    found = masses(kept**2 + spread * rng.standard_normal(len(kept)))
    invisible["2016"]["signal"]["response invisible_mass"] = histograms.response(
        quantity, found, kept, np.ones(len(kept))
    )
    even = rng.uniform(0.0015 * GeV2, 0.0165 * GeV2, 150)
    data, background = hand_made.sample(A_PRIME, simulated=False), hand_made.sample(A_PRIME)
    data["2016"]["normalisation"] = hand_made.table(A_PRIME.normalisation, {"normalisation": (1e4, 1e4)})
    tagged = hand_made.sample(A_PRIME, normalisation={"normalisation": (1e4, 1e4)})
    for made, squares in ((background, even), (data, np.r_[even[:15], np.full(events, at**2)])):
        made["2016"]["signal"][observable.name] = spectrum = histograms.spectrum(observable)
        histograms.fill(spectrum, observable, squares, None)
    empty = hand_made.sample(A_PRIME, simulated=False)
    empty["2016"]["signal"][observable.name] = histograms.spectrum(observable)
    (tags, signals) = A_PRIME.samples.data
    samples = {tags: data, signals: empty, "pi0_gamma_invisible": invisible, "pi_pi0": tagged}
    return SearchHistograms(A_PRIME, samples | {"pi_pi0_one_missed": background})


def test_nothing_is_observed_while_the_box_is_masked():
    records, _, scan = window_limits(photons(30), A_PRIME.inference, 0.9)
    assert {r.observed for r in records} == {None}
    assert "upper_limit" not in scan.columns
    assert "expected_eps^2" in scan.columns


def test_a_signal_that_is_put_in_is_found_at_its_mass(monkeypatch):
    monkeypatch.setattr(windows, "is_open", lambda _: True)
    nothing, found = (window_limits(photons(n), A_PRIME.inference, 0.9)[2] for n in (0, 30))
    observed = np.array(found.columns["observed"]) - np.array(nothing.columns["observed"])
    beside = np.abs(np.array(found.masses) ** 2 - 80.0**2) > 1.5 * 600
    assert observed[found.masses.index(80.0)] == 30
    assert (observed[beside] == 0).all()
    ratio = np.array(found.columns["upper_limit"]) / np.array(nothing.columns["upper_limit"])
    assert ratio[found.masses.index(80.0)] > 5
    assert ratio[beside] == pytest.approx(1.0)
    expected = np.array(found.columns["upper_limit"]) / dark_photon_branching_fraction(np.array(found.masses))
    assert found.columns["eps^2"] == pytest.approx(expected)
