"""Numbers that cannot be: not finite, out of all bounds, in another unit, a flag that is neither true nor false."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rarekaon.analysis.contract import ranges, schema
from rarekaon.analysis.contract.ranges import RANGES
from tests.damaged_files.damage import with_value
from tests.damaged_files.judging import judge
from tests.damaged_files.sample import good_columns, write

FORMATS = pytest.mark.parametrize("rntuple", [False, True], ids=["TTree", "RNTuple"])


@pytest.fixture(scope="module")
def columns():
    return good_columns()


@pytest.fixture(scope="module")
def simulated():
    return good_columns(truth=True)


FLOATS = [
    "Lav_time", "Track_momentum", "Track_x", "Track_slope_x", "Track_lkr_energy", "Track_chod_time",
    "Track_var_x", "trigger_time", "beam_momentum",
]  # fmt: skip


@FORMATS
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38], ids=str)
@pytest.mark.parametrize("name", FLOATS)
def test_what_is_not_finite(name, value, rntuple, columns, tmp_path):
    event = 7 if isinstance(columns[name], np.ndarray) else int(np.argmax(ak.num(columns[name]) > 0))
    path = write(tmp_path / "wrong.root", with_value(columns, name, event, value), rntuple=rntuple)
    assert f"wrong.root, entry {event}: {name} is {np.float32(value)}, not between" in judge([path]).says


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, -1e300], ids=str)
def test_weights_that_are_none(value, simulated, tmp_path):
    path = write(tmp_path / "wrong.root", with_value(simulated, "truth_weight", 3, value), side=None)
    assert "truth_weight" in judge([path]).says or "weight" in judge([path]).says


def test_negative_weights_are_weights(simulated, tmp_path):
    path = write(tmp_path / "negative.root", with_value(simulated, "truth_weight", 3, -0.5))
    assert judge([path]).count is not None


UNITS = {
    "GeV": (("Track_momentum",), 1e-3, "GeV instead of MeV?"),
    "all in GeV": (("Track_momentum", "Track_lkr_energy", "beam_momentum"), 1e-3, "GeV instead of MeV?"),
    "keV": (("Track_momentum",), 1e3, "keV instead of MeV?"),
    "m": (("Track_x", "Track_y", "Track_x_after", "Track_y_after"), 1e-3, "m instead of mm?"),
    "cm": (("Track_x_after", "Track_y_after"), 0.1, "cm instead of mm?"),
    "mrad": (("Track_slope_x", "Track_slope_y"), 1e3, "mrad instead of rad?"),
    "beam in GeV": (("beam_momentum",), 1e-3, "GeV instead of MeV?"),
    "energies in GeV": (("Lav_energy",), 1e-3, "GeV instead of MeV?"),
}


@FORMATS
@pytest.mark.parametrize("events", [500, 4], ids=["many", "few"])
@pytest.mark.parametrize("case", UNITS)
def test_other_units_are_guessed(case, events, rntuple, tmp_path):
    names, factor, guess = UNITS[case]
    columns = good_columns(events)
    if events < 10 and case in ("cm", "energies in GeV"):
        names, factor, guess = UNITS["GeV"]  # of a few objects nobody can tell
    changed = columns | {name: ak.values_astype(columns[name] * factor, "float32") for name in names}
    changed = {k: np.asarray(v) if isinstance(columns[k], np.ndarray) else v for k, v in changed.items()}
    path = write(tmp_path / "units.root", changed, rntuple=rntuple)
    said = judge([path]).says
    assert guess in said
    assert any(name in said for name in names)


@pytest.mark.parametrize("name", ["trigger_MT", "trigger_eMT"])
def test_flags_are_true_or_false(name, columns, tmp_path):
    wrong = columns[name].copy().view(np.uint8)
    wrong[11] = 2
    path = write(tmp_path / "flag.root", columns | {name: wrong.view(bool)}, packing="none")
    assert f"flag.root, entry 11: {name} is 2, neither true (1) nor false (0)" in judge([path]).says


def test_every_floating_branch_has_a_range():
    """And every range is of a branch, finite, around its own middle."""
    known = schema.branches(truth=True)
    assert {name for name, b in known.items() if b.dtype.startswith("float")} <= RANGES.keys() <= known.keys()
    for allowed in RANGES.values():
        assert np.isfinite([allowed.low, allowed.high]).all()
        if allowed.middle:
            assert 0 < allowed.middle[0] < allowed.middle[1] <= max(-allowed.low, allowed.high)


def test_no_unit_is_another(columns):
    """Values that lie in the middle do not when they are read in another unit that is far enough away."""
    for name in ("Track_momentum", "Gtk_momentum", "beam_momentum"):
        low, high = RANGES[name].middle
        for factor in (1e-6, 1e-3, 1e3, 1e6):
            values = np.full(100, np.sqrt(low * high)) * factor
            assert not RANGES[name].has_middle(values)
    assert ranges.range_of("of_somebody_else") is ranges.ANY
