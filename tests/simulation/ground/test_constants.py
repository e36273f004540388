"""The record of constants that kernels take: complete, as the facts have it, and read anew at every call."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from numba import njit

from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.simulation.ground.constants import Constants, as_record, constants, highland_strength

FIELDS = tuple(Constants.__annotations__)
CURVES = (
    ("rich_pi_p", "rich_pi"),
    ("lkr_pi_p", "lkr_pi"),
    ("pi_inefficiency_p", "pi_inefficiency"),
    ("e_as_pi_p", "e_as_pi"),
    ("e_inefficiency_p", "e_inefficiency"),
    ("rich_e_p", "rich_e"),
    ("pi_as_mu_p", "pi_as_mu"),
    ("lav_energy", "lav_inefficiency"),
    ("irc_energy", "irc_inefficiency"),
    ("sac_energy", "sac_inefficiency"),
    ("lkr_photon_energy", "lkr_photon_inefficiency"),
)


def test_the_record_has_the_declared_fields_in_their_order_and_all_are_numbers():
    record: Any = constants()
    assert record.dtype.names == FIELDS
    for name in FIELDS:
        assert np.isfinite(getattr(record, name)).all(), name


def test_a_field_is_an_array_where_it_is_declared_as_one():
    scalar = {name for name, kind in Constants.__annotations__.items() if kind == "float"}
    assert {name for name in FIELDS if np.ndim(getattr(constants(), name)) == 0} == scalar


def test_the_values_are_those_of_the_facts():
    c, d = constants(), detector()
    assert c.magnet_kick == d.magnet.kick
    assert c.straw_z.tolist() == list(d.straw.z)
    assert c.lav_r_min.tolist() == list(d.lav.r_min)
    assert (c.beam_spot[0], c.beam_spot[1]) == (d.beam.spot_x, d.beam.spot_y)
    assert (c.chod_tile_x, c.chod_tile_y) == tuple(d.chod.tile)
    assert c.gtk_z == d.gtk.z[-1]


@pytest.mark.parametrize(("x", "y"), CURVES)
def test_curves_ascend_and_are_probabilities(x, y):
    """What kernels interpolate: as many values as places, places in ascending order."""
    places, values = getattr(constants(), x), getattr(constants(), y)
    assert places.shape == values.shape
    assert (np.diff(places) > 0).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_planes_follow_one_another_along_the_beam():
    c = constants()
    planes = [c.trim5_z, c.gtk_z, *c.straw_z[:2], c.magnet_z, *c.straw_z[2:], c.rich_z, c.chod_z, c.lkr_z, c.muv3_z]
    assert (np.diff(planes) > 0).all()
    assert (np.diff(c.lav_z) > 0).all()
    assert (c.lav_z_back > c.lav_z).all()
    assert (c.lav_r_max > c.lav_r_min).all()


def test_a_record_keeps_what_it_is_made_of_alive():
    record = as_record({"a": 2.5, "b": np.arange(3.0)})
    gc.collect()
    np.empty(1000).fill(7.0)
    assert (record.a, record.b.tolist()) == (2.5, [0.0, 1.0, 2.0])


def test_a_compiled_kernel_sees_another_value_without_being_compiled_again():
    @njit
    def kick(c):
        return c.magnet_kick + c.straw_z[0]

    record: Any = constants()
    other = record.copy()
    other["magnet_kick"] = 1.0
    other["straw_z"][0] = 2.0
    assert kick(constants()) == pytest.approx(detector().magnet.kick + detector().straw.z[0])
    assert kick(other) == 3.0
    assert len(kick.signatures) == 1


def test_highlands_formula():
    """PDG review "Passage of particles through matter": 13.6 MeV sqrt(x) (1 + 0.038 ln x); by hand for x of 1%."""
    assert highland_strength(0.01) == pytest.approx(13.6 * 0.1 * (1 - 0.038 * 4.60517), rel=1e-5)
    assert highland_strength(0.04) > 2 * highland_strength(0.01)
