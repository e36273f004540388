"""Decays upstream of the tank: absorbed by the collimator, or bent by TRIM5 like the beam."""

from __future__ import annotations

import numpy as np
import pytest

from rarekaon.analysis.contract.schema import Z_GTK3
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector import transport as t
from rarekaon.analysis.simulation.detector.collimator import inside_collimator, into_tank
from rarekaon.analysis.simulation.detector.vetoes import NOWHERE, photon_fate
from rarekaon.analysis.simulation.ground.beam import RunningConditions, decayed_before, kaons
from rarekaon.analysis.simulation.ground.constants import constants
from rarekaon.analysis.simulation.ground.draws import random_stream
from rarekaon.analysis.simulation.samples.blocks import SIZE, decay_simulation
from rarekaon.analysis.simulation.streams.requirements import stream
from rarekaon.analysis.simulation.streams.true_products import lines_seen


def particle(z, *, px=0.0, py=0.0, pz=20000.0, charge=1.0, x=0.0, y=0.0):
    row = np.zeros(t.COLUMNS)
    row[[t.CHARGE, t.PX, t.PY, t.PZ, t.X, t.Y, t.Z]] = charge, px, py, pz, x, y, z
    return row


RUNNING = RunningConditions.of(conditions().of("2017"), downscaled=False)


def test_the_beam_is_bent_at_trim5_and_nowhere_else():
    """Kaons of one beam, cut at two z: straight lines that meet in TRIM5, with 90 MeV between them."""
    means = np.repeat(RUNNING.beam[:1], 2000, axis=0)
    z5, kick = detector().beam.trim5_z, detector().beam.trim5_kick
    (p, v), (q, w) = (kaons(np.random.default_rng(1), means, np.full(2000, z)) for z in (z5 - 3000, z5 + 3000))
    ahead = v[:2] + p[:2] / p[2] * 3000
    back = w[:2] - q[:2] / q[2] * 3000
    assert ahead == pytest.approx(back, abs=2e-3)
    assert (q - p)[0] == pytest.approx(kick, rel=1e-3)
    assert (q - p)[1] == pytest.approx(0, abs=1e-3)
    assert abs((p[0] / p[2]).mean()) < 2e-5, "upstream of TRIM5 the beam has no slope"


def test_three_tracks_together_are_bent_like_the_kaon():
    c = constants()
    rows = [
        particle(c.trim5_z - 300, px=px, pz=pz, charge=q)
        for px, pz, q in ((80, 3e4, 1), (-90, 2e4, 1), (10, 2.5e4, -1))
    ]
    before = sum(row[t.PX] for row in rows)
    assert all(into_tank(c, row) for row in rows)
    assert sum(row[t.PX] for row in rows) - before == pytest.approx(detector().beam.trim5_kick)
    assert {row[t.Z] for row in rows} == {c.trim5_z}


def test_momentum_and_line_are_kept_up_to_the_kick():
    c = constants()
    row = particle(c.trim5_z - 1000, px=60.0, py=-40.0)
    size = t.momentum_of(row)
    assert into_tank(c, row)
    assert t.momentum_of(row) == pytest.approx(size)
    assert (row[t.X], row[t.Y]) == (pytest.approx(60 / 20000 * 1000), pytest.approx(-40 / 20000 * 1000))


def test_neutral_and_downstream_particles_are_not_bent():
    c = constants()
    for row in (particle(c.trim5_z - 1000, charge=0.0), particle(c.trim5_z + 1)):
        start = row.copy()
        assert into_tank(c, row)
        assert row[t.PX] == start[t.PX]


@pytest.mark.parametrize(("x", "y", "passes"), [(37.9, 0, True), (38.1, 0, False), (0, 19.9, True), (0, -20.1, False)])
def test_the_aperture_is_the_published_one(x, y, passes):
    """76 x 40 mm2 (CERN-EP-2022-018 Section 1)."""
    c = constants()
    assert inside_collimator(c, x, y, 98000.0, 0.0, 0.0) == passes
    assert inside_collimator(c, x, y, c.collimator_z[1] + 1, 0.0, 0.0), "behind it there is nothing to hit"


def test_what_points_out_of_the_aperture_is_absorbed_charged_or_not():
    """At 20 mrad, 3 m in front of the exit."""
    c = constants()
    row = particle(c.collimator_z[1] - 3000, px=400.0)
    assert not into_tank(c, row.copy())
    row[[t.PDG, t.CHARGE, t.ENERGY]] = t.PHOTON, 0.0, 20000.0
    assert photon_fate(c, row)[0] == NOWHERE


def test_a_stream_and_its_upstream_part_have_every_decay_once():
    kept = stream("muon_dielectron")
    assert kept.upstream.decays == (0.0, pytest.approx(kept.decays[0]))
    assert kept.decays[1] == 1.0
    assert stream("three_tracks").decays == (0.0, 1.0)


def test_samples_of_upstream_decays_have_no_other_and_their_weight():
    work = decay_simulation("K+ -> pi+ pi+ pi-", "three_tracks", RareResponses(), RUNNING, 31, upstream=True)
    decays = work.generator.block(random_stream(31, 1), RUNNING, SIZE)
    assert decays.vertex[2].max() <= Z_GTK3
    error = np.sqrt((decays.weight**2).sum()) / SIZE
    assert decays.weight.sum() / SIZE == pytest.approx(decayed_before(Z_GTK3), abs=5 * error)


def test_lines_of_upstream_products_are_those_of_their_tracks():
    """Three straight lines through collimator, TRIM5 and spectrometer are three tracks but for efficiency and decays in
    flight; hardly any other decay gives three.
    """
    work = decay_simulation("K+ -> pi+ pi+ pi-", "three_tracks", RareResponses(), RUNNING, 32, upstream=True)
    stored = work.block(0).event["truth_weight"].sum()
    decays = work.generator.block(random_stream(32, 1), RUNNING, SIZE)
    seen = np.array([lines_seen(constants(), decays, i) for i in range(SIZE)])
    expected = decays.weight[seen == 3].sum()
    assert expected > 0.02 * decays.weight.sum()
    assert 0.4 * expected < stored < expected
