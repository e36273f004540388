"""pi0 -> gamma A' and gamma nu nu: against plain Python on simulated events, what is masked, what the photon gives."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_PI0
from rarekaon.analysis.facts.models import PseudoData, SimulatedSample
from rarekaon.analysis.processing.blinding import Blinding, Box, current_blinding
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.selection import tagged_pi0 as tagged
from rarekaon.analysis.simulation.samples.pseudo_data import simulate_pseudo_data
from rarekaon.analysis.simulation.samples.weighted import simulate_sample
from tests.processors import plain_single
from tests.processors.plain_pion import pion_and_photon
from tests.reading import columns_of
from tests.selecting import selected

SEARCH = search("pi0_gamma_aprime", "2016")
DECAYS = 20_000


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """pi0 -> gamma and an invisible mass between 0 and that of the pi0, with all that happens besides."""
    path = tmp_path_factory.mktemp("gamma") / "sample.root"
    decay = "K+ -> pi+ pi0, pi0 -> gamma X X"
    sample = SimulatedSample(decay=decay, stream="all", decays=DECAYS, quick=DECAYS, seed=6)
    simulate_sample("sample", sample, path, quick=False, workers=1, file_format="ttree", progress=None)
    return path


@pytest.fixture(scope="module")
def candidates(path):
    return selected(SEARCH.signal, columns_of(path))


def test_plain_python_selects_exactly_the_same_events(path, candidates):
    rows = plain_single.events_of(path, 0, DECAYS)
    expected = {n: m2 for n, event in enumerate(rows) if (m2 := pion_and_photon(event)) is not None}
    assert len(expected) > 50
    found = dict(zip(candidates.event.tolist(), tagged.MASS_SQUARED.of(candidates).tolist(), strict=True))
    assert found == pytest.approx(expected, abs=0.01)


def test_the_squared_mass_is_the_true_one_within_the_resolution(candidates):
    true, found = tagged.MASS.truth.of(candidates), tagged.MASS_SQUARED.of(candidates)
    assert 0 <= true.min() < 30
    assert 110 < true.max() <= MASS_PI0
    off = found - true**2
    assert np.median(off) == pytest.approx(0, abs=250)
    for part in (true < 70, true > 90):
        assert np.median(np.abs(off[part])) < 500


def test_a_signal_in_data_is_masked_until_a_record_opens_the_box(tmp_path):
    """Pseudo-data of the signal alone, which have no truth."""
    signal = "K+ -> pi+ pi0, pi0 -> gamma X X"
    sample = PseudoData(
        periods=("2016",),
        modes=(),
        stream="pion_photon",
        lines=("pinunu",),
        seed=7,
        exposure=1e-3,
        drawn_in_full=(signal,),
    )
    path = tmp_path / "data.root"
    given = {"quick": False, "workers": 1, "file_format": "ttree", "progress": None}
    simulate_pseudo_data("data", sample, path, inject={signal: 5e-5}, **given)
    columns = columns_of(path)
    c = selected(SEARCH.signal, columns)
    inside = c.event[SEARCH.signal.region("signal").mask(tagged.MASS_SQUARED.of(c))]
    assert len(inside) > 40
    masked = Blinding((Box("pi0_gamma_aprime"),)).masked(columns)
    assert masked[inside].all()
    assert not masked[c.event[SEARCH.signal.region("two photons").mask(tagged.MASS_SQUARED.of(c))]].any()
    assert not Blinding((Box("pi0_gamma_aprime", ((6278, 6996),)),)).masked(columns).any()
    assert not Blinding((Box("pi_nu_nu"), Box("pi0_invisible"))).masked(columns)[c.event].any()


def test_gamma_nu_nu_shares_the_box():
    other = search("pi0_gamma_nu_nu", "2016")
    assert other.box_of == "pi0_gamma_aprime"
    boxes = {box.search for box in current_blinding().boxes}
    assert "pi0_gamma_aprime" in boxes
    assert "pi0_gamma_nu_nu" not in boxes
