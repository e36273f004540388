"""Streams: their parts fit together, and they are looser than the selections that read them."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.selection.three_track import MOMENTUM_BALANCE
from rarekaon.analysis.simulation.ground.beam import Z_FIRST, Z_LAST, vertex_z
from rarekaon.analysis.simulation.streams.requirements import STREAMS, stream

WHOLE = {"all", "one_track", "three_tracks"}
"""Streams of no analysis: they hold decays upstream of GTK3, too."""


def test_an_unknown_stream_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no stream 'trees'; known: all, one_track, three_tracks, "):
        stream("trees")


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_says_what_it_holds_and_leaves_decays_for_plain_sampling(name):
    known = stream(name)
    assert known.name == name
    assert known.meaning
    assert sum(region.share for region in known.concentrate_on) < 1


def test_no_two_streams_mean_the_same():
    assert len({known.meaning for known in STREAMS.values()}) == len(STREAMS)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_and_its_upstream_decays_share_the_range_of_decays(name):
    known = stream(name)
    first, last = vertex_z(np.array(known.decays))
    if name in WHOLE:
        assert (first, last) == pytest.approx((Z_FIRST, Z_LAST))
    else:
        assert (first, last) == pytest.approx((Z_GTK3, min(Z_LAST, known.last)))
        assert known.upstream.decays == (0.0, pytest.approx(known.decays[0]))
    assert known.upstream.requirement == known.requirement


def test_the_two_halves_of_the_dimuon_stream_meet():
    whole, low, high = (stream(name).requirement for name in ("dimuon", "dimuon_low", "dimuon_high"))
    assert low.vertex_below == high.vertex_mass
    assert (whole.vertex_mass, whole.vertex_below) == (low.vertex_mass, high.vertex_below)
    assert low._replace(vertex_below=np.inf) == high._replace(vertex_mass=0.0) == whole


def test_a_stream_with_more_conditions_is_the_other_with_a_condition_more():
    lone, single = stream("lone_pion").requirement, stream("single_pion").requirement
    assert lone._replace(no_extra_activity=False, pairs=False) == single
    assert stream("single_track").requirement == stream("single_track_tail").requirement
    decayed, whole = stream("dimuon_decayed").requirement, stream("dimuon").requirement
    assert decayed._replace(decayed=0) == whole


def test_streams_are_looser_than_the_momentum_balance_of_the_selections_that_read_them():
    asked = 0
    for group in searches().values():
        for search in group:
            for sample in search.samples.all:
                known = catalogue()
                names = {n: s.stream for n, s in known.simulation.items()}
                names |= {n: s.stream for n, s in known.pseudo_data.items()}
                for cut in search.signal.cuts:
                    if cut.quantity is MOMENTUM_BALANCE and sample in names:
                        assert cut.within.high <= stream(names[sample]).requirement.max_missing_momentum, (
                            search.key,
                            sample,
                        )
                        asked += 1
    assert asked > 20
