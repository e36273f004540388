"""A variation is what the same events would be; the events themselves stay as they are."""

import numpy as np

from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.selection.variations import track_momenta


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
