"""True momenta from stored events: they add up to the kaon, also where electrons have radiated."""

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_K
from rarekaon.analysis.decays import mode
from rarekaon.analysis.recasting import RecastError
from rarekaon.analysis.recasting.truth import kaon_frame, laboratory_momenta
from tests.reading import columns_of
from tests.recasting.samples import write_sample
from tests.toy_events import write_toy_file

RADIATING = mode("K+ -> pi+ e+ e-")


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    return columns_of(write_sample(tmp_path_factory.mktemp("truth") / "pi_ee.root", RADIATING))


def test_products_add_up_to_the_kaon(columns):
    total = kaon_frame(laboratory_momenta(columns, RADIATING), columns).sum(axis=0)
    np.testing.assert_allclose(total[3], MASS_K, rtol=2e-6)
    np.testing.assert_allclose(total[:3], 0, atol=0.01)


def test_without_the_radiated_photons_something_is_missing(columns):
    seen = kaon_frame(laboratory_momenta(columns, replace(RADIATING, radiative=False)), columns).sum(axis=0)
    lost = seen[3] < MASS_K - 0.1
    assert 0.05 < lost.mean() < 0.5


def test_other_decays_are_refused(columns, tmp_path):
    with pytest.raises(RecastError, match="other decays than"):
        laboratory_momenta(columns, mode("K+ -> pi- e+ e+"))
    few = columns_of(write_toy_file(tmp_path / "toy.root", truth=True))
    with pytest.raises(RecastError, match="fewer products"):
        laboratory_momenta(few, RADIATING)
