"""K+ -> e+ N: against plain Python on simulated events, its mixing, what is masked, and peaks that are put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E
from rarekaon.analysis.decays.modes.invisible import E_INVISIBLE, highest
from rarekaon.analysis.facts.models import SimulatedSample
from rarekaon.analysis.limits import scans
from rarekaon.analysis.limits.scans import peak_limits
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing import histograms
from rarekaon.analysis.processing.blinding import Blinding, Box, current_blinding
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.weighted import simulate_sample
from rarekaon.analysis.statistics.heavy_neutrino import kinematic_factor
from tests import hand_made
from tests.ideal_single_tracks import ideal_single_tracks, one
from tests.processors import plain_single
from tests.reading import columns_of
from tests.selecting import selected

SEARCH = search("e_n", "2017-2018")
DECAYS = 10_000
ACCEPTED, NORMALISED = 0.15, 20_000.0
FEW = replace(SEARCH.inference, masses=tuple(np.arange(150.0, 460.0, 10.0)), shown=(200.0, 300.0, 400.0))


def test_plain_python_selects_exactly_the_same_events(tmp_path):
    path = tmp_path / "sample.root"
    sample = SimulatedSample(decay="K+ -> e+ X X", stream="all", decays=DECAYS, quick=DECAYS, seed=5)
    simulate_sample("sample", sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    rows = plain_single.events_of(path, 0, DECAYS)
    expected = {n: m2 for n, event in enumerate(rows) if (m2 := plain_single.single_positron(event)) is not None}
    c = selected(SEARCH.signal, columns_of(path))
    assert len(expected) > 300
    found = dict(zip(c.event.tolist(), SEARCH.signal.observable.of(c).tolist(), strict=True))
    assert found == pytest.approx(expected, abs=0.01)
    # what the positron radiates does not count as missing
    mass, true = SEARCH.signal.response.of(c), SEARCH.signal.response.truth.of(c)
    assert true.max() < highest(E_INVISIBLE.products)
    assert np.median((mass - true)[true > 300]) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(("mass", "factor"), [(150.0, 7.10e4), (285.0, 1.383e5), (400.0, 7.23e4)])
def test_positrons_are_no_longer_suppressed_beside_a_heavy_neutrino(mass, factor):
    """rho of PLB 807 (2020) 135599, from a computation of its own."""
    assert kinematic_factor(mass, MASS_E) == pytest.approx(factor, rel=2e-3)


def width(m):
    """Resolution of the toys (MeV)."""
    return 800.0 / m - 1.2


def spectrum(quantity, values, weight=1.0):
    histogram = histograms.spectrum(quantity)
    histograms.fill(histogram, quantity, values, np.full(len(values), weight))
    return histogram


def toy(peaks=(), seed=3):
    """A flat acceptance, a spectrum that rises and falls, and `peaks` (mass, events)."""
    rng, n, most = np.random.default_rng(seed), 400_000, highest(E_INVISIBLE.products)
    true = rng.uniform(0, most, n)
    kept = true[rng.random(n) < ACCEPTED]
    quantity = SEARCH.signal.response
    invisible = hand_made.sample(SEARCH)
    invisible["exposure"] |= {"weight_in_fv": float(n), "generated": float(n)}
    booked = invisible[SEARCH.dataset]["signal"]
    measured = kept + width(np.maximum(kept, 100.0)) * rng.standard_normal(len(kept))
    booked["response missing_mass"] = histograms.response(quantity, measured, kept, np.ones(len(kept)))
    for q in SEARCH.signal.histograms[1:]:
        booked[q.name] = spectrum(q, np.full(1, 20.0 if q.name == "track_momentum" else 150.0) * q.unit)
    background = 100 + 370 * rng.beta(3.0, 2.5, 300_000)
    masses = np.concatenate([background, *(m + width(m) * rng.standard_normal(k) for m, k in peaks)])
    samples = {"e_invisible": invisible, "mu_nu_as_positron": hand_made.sample(SEARCH)}
    samples["e_nu"] = hand_made.sample(SEARCH, normalisation={"normalisation": (60_000.0, 60_000.0)})
    samples[SEARCH.samples.data[0]] = hand_made.sample(
        SEARCH, simulated=False, normalisation={"normalisation": (NORMALISED, NORMALISED)}
    )
    for name in ("mu_nu_as_positron", "e_nu", SEARCH.samples.data[0]):
        samples[name][SEARCH.dataset]["signal"]["missing_mass"] = spectrum(quantity, masses)
    return SearchHistograms(SEARCH, samples)


def test_nothing_is_scanned_while_the_box_is_masked():
    records, _, scan = peak_limits(toy(), FEW, 0.9)
    assert records == ()
    assert "upper_limit" not in scan.columns
    assert {"resolution", "survival_50_ns"} <= set(scan.columns)


def test_peaks_are_found_where_they_are_with_their_events(monkeypatch):
    """Five standard deviations at three masses: the mean of the events found is that put in, within 0.2 of those."""
    monkeypatch.setattr(scans, "is_open", lambda _: True)
    plain = peak_limits(toy(), FEW, 0.9)[2].columns
    at = [FEW.masses.index(m) for m in FEW.shown]
    put = [round(5 * np.sqrt(plain["expected"][i]) / 0.8664) for i in at]
    pulls, significances = [], []
    for seed in range(6):
        records, _, scan = peak_limits(toy(tuple(zip(FEW.shown, put, strict=True)), seed), FEW, 0.9)
        found = scan.columns
        for i, events in zip(at, put, strict=True):
            assert found["significance"][i] > 1.5
            excess = found["observed"][i] - found["expected"][i]
            pulls.append((excess - 0.8664 * events) / np.sqrt(found["expected"][i]))
            significances.append(found["significance"][i])
    assert np.mean(significances) > 3  # the error of the sidebands counts, too
    assert abs(np.mean(pulls)) < 0.2 + 2 / np.sqrt(len(pulls))
    assert {r.quantity for r in records} == {"|U_e4|^2"}
    assert (np.array(found["upper_limit_lifetime_10_ns"]) > found["upper_limit"]).all()


def test_positrons_are_masked_and_muons_and_pions_are_not(tmp_path):
    assert {box.search: box.unblinded for box in current_blinding().boxes}["e_n"] == ()
    box = Blinding((Box("e_n"),))
    alike = {"particle": "pi+", "vertices": (115e3, 160e3), "seed": 8}
    pions = ideal_single_tracks(250.0, 300, **alike)
    assert not box.masked(columns_of(pions.write(tmp_path / "pions.root", truth=False))).any()
    energy = np.linalg.norm(pions.momentum, axis=-1)
    light = {
        "Track_lkr_energy": one(energy),
        "Track_rich_log_e": one(0 * energy),
        "Track_rich_log_pi": one(0 * energy - 20),
    }
    assert box.masked(columns_of(pions.write(tmp_path / "positrons.root", truth=False, **light))).sum() > 200
