"""What is drawn is what is tabulated."""

import numpy as np
import pytest

from rarekaon.analysis.limits.ratios import ControlRow
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing import histograms
from rarekaon.analysis.report import stack
from rarekaon.analysis.report.tables import controls_table
from rarekaon.analysis.search.channels import searches
from tests import hand_made

EVERY = [s for found in searches().values() for s in found]


def filled(search, name, seed):
    """A sample with events in every region of every selection, in its spectra as in its regions."""
    generator = np.random.default_rng(seed)
    made = hand_made.sample(search)
    for selection in search.selections:
        quantity = selection.observable
        number, low, high = quantity.bins
        centres = (low + (np.arange(number) + 0.5) * (high - low) / number) * quantity.unit
        values = generator.choice(centres, 3000)
        weight = generator.uniform(0.5, 2, values.size)
        histogram = histograms.spectrum(quantity)
        histograms.fill(histogram, quantity, values, weight)
        counts = {
            r.name: (weight[r.mask(values)].sum(), (weight[r.mask(values)] ** 2).sum()) for r in selection.regions
        }
        made[search.dataset][selection.name] = hand_made.table(selection, counts) | {quantity.name: histogram}
    return made


@pytest.mark.parametrize("search", EVERY, ids=lambda s: f"{s.name}-{s.dataset}")
def test_a_drawn_stack_sums_to_the_row_of_the_table(search):
    simulated = dict.fromkeys((*search.samples.backgrounds, search.samples.normalisation))
    samples = {name: filled(search, name, i) for i, name in enumerate(simulated)}
    others = {name: hand_made.sample(search) for name in search.samples.all if name not in samples}
    booked = SearchHistograms(search, others | samples)
    for selection in search.selections:
        quantity = selection.observable
        for name in simulated:
            drawn = stack.simulated(booked, name, selection, 1e12)
            centres = booked.histogram(name, selection, quantity.name).axes[0].centers * quantity.unit
            for region in selection.regions:
                row = booked.rate(name, selection, region.name).scaled(1e12)
                inside = region.mask(centres)
                assert drawn.values[inside].sum() == pytest.approx(row.value, rel=1e-9)
                assert drawn.variances[inside].sum() == pytest.approx(row.variance, rel=1e-9)


def test_the_ratio_of_a_control_selection_is_that_of_its_counts():
    row = ControlRow("pi_ee", "2016-2018", "wrong_charge", 1258, 813.0, 4.0, None, 2.13, 0.1, -0.9, 0.2, 1.5)
    table = controls_table([row])
    cells = {column.name: str(cell) for column, cell in zip(table.columns, table.rows[0], strict=True)}
    assert cells["data / expected"] == "1.55"
    assert cells["ratio fitted"].startswith("2.13")
