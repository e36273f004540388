"""A variation is what the same events would be; the events themselves stay as they are."""

from pathlib import Path

import numpy as np
import pytest

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.events.true_particles import true_momenta
from rarekaon.analysis.selection.variations import (
    accidental_activity,
    detector_systematics,
    momentum_resolution,
    track_momenta,
)
from tests.reading import columns_of

QUICK = Path(__file__).resolve().parents[2] / "samples/quick"


class NoEvents:
    """A source that nobody reads."""

    fields = frozenset()

    def __len__(self):
        return 0

    def counts(self, collection):
        raise AssertionError(f"nobody needs the number of {collection}")


def total(columns):
    return float(columns.flat("Track", "momentum").sum())


def test_momenta_are_scaled_and_nothing_computed_from_them_is_kept():
    momenta = np.array([10.0, 20.0, 70.0], np.float32)
    columns = Columns(NoEvents()).varied("Track", "momentum", momenta)
    assert columns.shared(total) == 100.0
    scaled = track_momenta(1.1)(columns)
    assert scaled.flat("Track", "momentum").dtype == np.float32
    np.testing.assert_allclose(scaled.flat("Track", "momentum"), 1.1 * momenta, rtol=1e-6)
    np.testing.assert_allclose(scaled.shared(total), 110.0, rtol=1e-6)
    assert columns.shared(total) == 100.0
    assert track_momenta(1.1) is track_momenta(1.1)


@pytest.fixture(scope="module")
def simulated():
    return columns_of(QUICK / "pi_ee_lnv.root", entry_stop=5000)


def test_the_resolution_changes_and_the_mean_does_not(simulated):
    true = simulated.shared(true_momenta)

    def pulls(columns):
        return ((columns.flat("Track", "momentum") - true) / true)[np.isfinite(true)]

    plain, wide = pulls(simulated), pulls(momentum_resolution(1.5)(simulated))
    np.testing.assert_allclose(wide, 1.5 * plain, atol=1e-6)  # single precision
    without = np.isnan(true)
    momenta = [c.flat("Track", "momentum")[without] for c in (simulated, momentum_resolution(1.5)(simulated))]
    np.testing.assert_array_equal(*momenta)


def test_windows_hold_so_many_more_accidental_signals_and_those_of_the_decay():
    """Accidental activity of K+ -> mu+ nu: signals in two windows beside the trigger, before and after."""
    columns = columns_of(QUICK / "mu_nu.root")
    denser = accidental_activity(1.25)(columns)
    for name in ("RichHit", "Lav"):
        counts = np.diff(columns.offsets(name))
        distances = [
            np.abs(c.flat(name, "time") - np.repeat(c.event("trigger_time"), counts)) for c in (columns, denser)
        ]
        near, dense = ((d > 10) & (d < 20) for d in distances)
        assert near.sum() > 1000
        error = np.sqrt(near.sum() + dense.sum()) / near.sum()
        assert dense.sum() / near.sum() == pytest.approx(1.25, abs=4 * error)


def test_sources_shared_by_all_samples_are_declared_once():
    sources = detector_systematics("a", "b")
    assert [s.name for s in sources] == ["momentum scale", "momentum resolution", "accidental activity"]
    assert {s.samples for s in sources} == {("a", "b")}
    assert sources[0].up is track_momenta(1.001)
