"""Identification maps: tag and probe against the truth, closed forms, and the file that comes with the package."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.corrections.control_samples import MAPS, Probe
from rarekaon.analysis.corrections.maps import write_maps
from rarekaon.analysis.corrections.measurement import TooFewTracksError, count, probabilities
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.identification_maps import IdentificationMaps, UnknownMapError

BY_NAME = {m.name: m for m in MAPS}


def probe(n, probability, *, charge=1, seed=1, weight=None):
    """Tracks uniform in momentum whose E/p is that of an electron with a probability that depends on it."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(10, 44, n) * GeV
    like = rng.random(n) < probability(p)
    ones = np.ones(n) if weight is None else weight(rng, n)
    return Probe(
        momentum=p, charge=np.full(n, charge), weight=ones, e_over_p=np.where(like, 1.0, 0.3), rich_electron=like,
        in_rich=np.ones(n, bool), muon=like, outer=np.ones(n, bool), outer_muon=like,
    )  # fmt: skip


def test_a_probability_linear_in_momentum_comes_back():
    measured = BY_NAME["pi_plus_as_e"]
    share, error = probabilities(count(measured, probe(400_000, lambda p: 0.02 + 0.5 * p / (100 * GeV))))
    middle = (np.array(measured.edges[1:]) + measured.edges[:-1]) / 2
    assert np.abs((share - 0.02 - 0.5 * middle / 100) / error).max() < 4


def test_the_error_is_binomial_for_unit_weights_and_covers_for_others():
    measured = BY_NAME["pi_plus_as_e"]
    booked = count(measured, probe(50_000, lambda p: 0.2 + 0 * p))
    share, error = probabilities(booked)
    number = booked[:, "all"].values()
    assert error == pytest.approx(np.sqrt(share * (1 - share) / number))
    pulls = []
    for seed in range(40):
        weighted = probe(4000, lambda p: 0.2 + 0 * p, seed=seed, weight=lambda rng, n: rng.exponential(size=n))
        share, error = probabilities(count(measured, weighted))
        pulls.extend((share - 0.2) / error)
    assert np.std(pulls) == pytest.approx(1, abs=0.2)


def test_only_tagged_tracks_count():
    negative = probe(1000, lambda p: 0.5 + 0 * p, charge=-1)
    assert count(BY_NAME["pi_plus_as_e"], negative).values().sum() == 0
    assert count(BY_NAME["pi_minus_as_e"], negative)[sum, "all"].value == 1000


def test_an_empty_bin_is_refused():
    with pytest.raises(TooFewTracksError, match=r"bins \[0, 1, 2, 3, 4, 5\]"):
        probabilities(count(BY_NAME["pi_plus_as_e"], probe(10, lambda p: 0 * p, charge=-1)))


def counts():
    """Counts with probability 0.1 (k + 1) / 10 in bin k of every map."""
    made = {}
    for measured in MAPS:
        axes = (hist.axis.Variable(measured.edges), hist.axis.StrCategory(("all", "passed")))
        h = hist.Hist(*axes, storage=hist.storage.Weight())
        for k in range(len(measured.edges) - 1):
            h[k, "all"] = (1000.0, 1000.0)
            h[k, "passed"] = (10.0 * (k + 1), 10.0 * (k + 1))
        made[measured.name] = h
    return made


def test_maps_on_disk_are_the_measured_ones(tmp_path):
    write_maps(tmp_path / "maps.json", counts(), "by hand")
    maps = IdentificationMaps.read(tmp_path / "maps.json")
    p = np.array([[11.0, 21.0], [43.0, 80.0]]) * GeV  # beyond the last edge the last bin goes on
    assert maps.probability("pi_plus_as_e", p) == pytest.approx(np.array([[0.01, 0.03], [0.06, 0.06]]))
    up, down = (maps.probability("pi_plus_as_e", p, shift) for shift in ("up", "down"))
    error = np.sqrt(0.01 * 0.99 / 1000)
    assert (up - down)[0, 0] / 2 == pytest.approx(error, rel=1e-4)
    assert maps.weight(("pi_plus_as_e", "e_as_pi"), p)[0] == pytest.approx(0.01 * 0.04)
    with pytest.raises(UnknownMapError, match="there are e_as_pi, e_efficiency"):
        maps.probability("k_as_e", p)


def test_the_shipped_maps_follow_the_curves_they_measure():
    """The calorimeter's pi -> e and e -> pi curves of the detector's constants, which the measurement never reads."""
    maps, pid = IdentificationMaps.read(), detector().pid
    p = np.array([18.0, 22.0, 28.0]) * GeV
    curve = np.interp(p, pid.pi_as_e_lkr_momentum, pid.pi_as_e_lkr) + pid.pi_as_e_charge_difference / 2
    assert maps.probability("pi_plus_as_e", p) == pytest.approx(curve, rel=0.2)
    p = np.array([18.0, 28.0, 40.0]) * GeV
    curve = np.interp(p, pid.e_as_pi_momentum, pid.e_as_pi)
    spread = maps.probability("e_as_pi", p, "up") - maps.probability("e_as_pi", p)
    assert (np.abs(maps.probability("e_as_pi", p) - curve) < 4 * spread + 0.2 * curve).all()
    assert 0.955 < maps.probability("e_efficiency", p).min() < 0.98
    assert 0.98 < maps.probability("pi_efficiency", p).min() < 0.99


def test_the_shipped_map_of_pions_as_muons_is_punch_through_and_accidentals():
    """An outer tile is associated accidentally if it touches the disk of the search radius, within 5 ns."""
    maps, pid = IdentificationMaps.read(), detector().pid
    muv3, activity = detector().muv3, detector().activity
    p = np.array([13.0, 17.5, 22.5, 27.5]) * GeV
    radius = muv3.search_radius / p / muv3.tile
    accidental = activity.muv3 * activity.muv3_outer_share * 10 * (1 + 4 * radius + np.pi * radius**2) / 140
    expected = np.interp(p, pid.pi_as_mu_momentum, pid.pi_as_mu) + accidental
    spread = maps.probability("pi_as_mu", p, "up") - maps.probability("pi_as_mu", p)
    assert (np.abs(maps.probability("pi_as_mu", p) - expected) < 4 * spread + 0.2 * expected).all()
    assert maps.probability("pi_minimum_ionising", p) == pytest.approx(0.42, abs=0.03)


def test_a_momentum_that_is_no_number_has_no_probability():
    maps = IdentificationMaps.read()
    name = next(iter(maps.corrections))
    with pytest.raises(ValueError, match="NaN for 1 of 2"):
        maps.probability(name, np.array([20_000.0, np.nan]))
