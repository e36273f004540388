"""Counts of pseudo-data in regions fluctuate as Poisson around their expectation, and a wrong normalisation shows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest, poisson

from rarekaon.analysis.contract.particles import MASS_PI
from rarekaon.analysis.contract.units import GeV2
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.ground.beam import RunningConditions
from rarekaon.analysis.simulation.samples.blocks import SIZE, decay_simulation
from rarekaon.analysis.simulation.samples.prescale import squared_missing_mass
from rarekaon.analysis.simulation.samples.pseudo_data import Unweighting

PERIODS = conditions().of("2016-2017")
EDGES = np.array([0.0, 0.01, 0.026, 0.045, 0.068]) * GeV2
SAMPLES, EVENTS = 20, 100.0


def in_regions(output, weights):
    return np.histogram(squared_missing_mass(output, MASS_PI), bins=EDGES, weights=weights)[0]


@pytest.fixture(scope="module")
def counts():
    """Counts of 20 samples in four regions, their expectation from other, weighted decays, and what one stands for."""
    running = RunningConditions.of(PERIODS, downscaled=True)
    work = decay_simulation("K+ -> pi+ nu nu", "lone_pion", RareResponses(), running, 12)
    whole = Unweighting(work, float(SIZE), PERIODS, ("pinunu",)).block(0).total
    drawn = Unweighting(work, EVENTS * SIZE**2 / whole, PERIODS, ("pinunu",))
    each = drawn.first
    blocks = [drawn.block(number) for number in range(SAMPLES * each)]
    accepted = np.array([in_regions(b.accepted(each * SIZE), None) for b in blocks])
    found = accepted.reshape(SAMPLES, each, -1).sum(axis=1)
    shares, squares, total = 0.0, 0.0, 0.0
    for number in range(len(blocks), len(blocks) + 6):
        output = work.block(number)
        weights = output.event["truth_weight"] * output.event["trigger_pinunu"]
        shares, squares = shares + in_regions(output, weights), squares + in_regions(output, weights**2)
        total += weights.sum()
    events = np.mean([b.total for b in blocks]) / SIZE
    return found, shares / total * events, squares / shares / total * 6 / each * events


def p_values(found, mean):
    """Randomised, so that those of Poisson counts are uniform."""
    drawn = np.random.default_rng(2).random(found.shape)
    return (poisson.cdf(found - 1, mean) + drawn * poisson.pmf(found, mean)).ravel()


def test_one_simulated_event_stands_for_less_than_a_tenth(counts):
    """Or accept-reject would fluctuate too little: its variance is that of w (1 - w)."""
    assert counts[2].max() < 0.1


def test_counts_are_poissonian(counts):
    found, mean, _ = counts
    assert mean.min() > 10
    assert kstest(p_values(found, mean), "uniform").pvalue > 0.05
    pull = (found - mean) ** 2 / mean
    assert pull.mean() == pytest.approx(1, abs=4 * np.sqrt(2 / pull.size))


def test_a_mode_with_a_wrong_normalisation_is_found(counts):
    found, mean, _ = counts
    assert kstest(p_values(found, 1.2 * mean), "uniform").pvalue < 1e-3
