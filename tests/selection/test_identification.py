"""Identification by hand-made tracks."""

from copy import copy

import numpy as np
import pytest

from rarekaon.analysis.contract.particles import MASS_E, MASS_PI
from rarekaon.analysis.selection.identification import electron, muon, pion, rows_with, vertex_identified_as


class Tracks:
    """Stands in for candidates: n vertices with charge, E/p and MUV3 per track."""

    def __init__(self, charge, e_over_p, muv3=None):
        self.fields = {
            "charge": np.array(charge), "lkr_energy": np.array(e_over_p, float),
            "momentum": np.ones_like(e_over_p, float), "rich_time": np.zeros_like(e_over_p, float),
            "muv3_index": np.where(np.isnan(muv3), -1, 0) if muv3 is not None else np.full(np.shape(e_over_p), -1),
            "muv3_time": np.nan_to_num(muv3) if muv3 is not None else np.zeros_like(e_over_p, float),
        }  # fmt: skip
        self.rows = np.arange(len(charge))

    def __len__(self):
        return len(self.rows)

    def track(self, name):
        return self.fields[name]

    def once(self, of):
        return of(self)

    def take(self, mask):
        taken = copy(self)
        taken.fields = {name: values[mask] for name, values in self.fields.items()}
        taken.rows = self.rows[mask]
        return taken

    def ordered(self, order, particles, masses):
        return self.rows, order, particles, masses


BY = {"pi": pion(e_over_p_below=0.85), "e": electron(), "mu": muon(muv3_window=5)}


def identified(charge, e_over_p, particles, muv3=None):
    return vertex_identified_as(*particles, by=BY)(Tracks(charge, e_over_p, muv3))


def test_slots_are_filled_in_the_order_asked_for():
    rows, order, _, masses = identified(
        [[1, -1, 1], [-1, 1, 1], [1, 1, -1]], [[1.0, 0.3, 0.95], [0.3, 1.0, 1.0], [1.0, 1.0, 1.0]], ("pi-", "e+", "e+")
    )
    assert rows.tolist() == [0, 1]
    assert order.tolist() == [[1, 0, 2], [0, 1, 2]]
    assert masses == (MASS_PI, MASS_E, MASS_E)


WRONG = {
    "charge of the pion": ([1, 1, -1], [0.3, 1, 1]),
    "pion with too much energy": ([-1, 1, 1], [0.87, 1, 1]),
    "electron with too little": ([-1, 1, 1], [0.3, 0.89, 1]),
    "electron with too much": ([-1, 1, 1], [0.3, 1.11, 1]),
    "pion of the positrons' charge": ([-1, 1, 1], [1, 0.3, 1]),
}


@pytest.mark.parametrize(("charge", "e_over_p"), WRONG.values(), ids=WRONG.keys())
def test_wrong_charge_or_energy_is_not_identified(charge, e_over_p):
    assert identified([charge], [e_over_p], ("pi-", "e+", "e+"))[0].size == 0


def test_muons_need_a_signal_in_time_and_pions_may_be_vetoed_by_one():
    muv3 = [[2.0, np.nan, np.nan], [6.0, np.nan, np.nan]]
    rows, *_ = identified([[-1, 1, 1]] * 2, [[0.05, 1, 1]] * 2, ("mu-", "e+", "e+"), muv3)
    assert rows.tolist() == [0]
    veto = pion(e_over_p_below=0.85, muv3_veto=3)
    assert veto(Tracks([[-1, 1, 1]] * 2, [[0.05, 1, 1]] * 2, muv3))[:, 0].tolist() == [False, True]


def test_rows_with_enough_true_values():
    mask = np.random.default_rng(2).random((200, 3)) < 0.4
    for number in range(4):
        np.testing.assert_array_equal(rows_with(mask, number), np.flatnonzero(mask.sum(axis=1) >= number))
