"""What figures draw are the numbers of the tables and results: read back from their artists."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from rarekaon.analysis.contract.units import GeV, m
from rarekaon.analysis.corrections.control_samples import MAPS
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.identification_maps import IdentificationMaps
from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.inference import Inferred, infer
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.cls_scans import cls_figure
from rarekaon.analysis.report.cuts import PANELS, costs, cutflow_figure, without_one_figure
from rarekaon.analysis.report.detector_view import detector_figure, tracks
from rarekaon.analysis.report.identification import identification_figure
from rarekaon.analysis.report.scans import response_figure
from rarekaon.analysis.report.spectra import BINS, spectrum
from rarekaon.analysis.report.stack import stack
from rarekaon.analysis.report.tables import cutflow_tables
from rarekaon.analysis.search.channels import search, searches
from rarekaon.analysis.search.inference import Counting

HISTOGRAMS = Path(__file__).resolve().parents[2] / "results/quick/histograms"
EVERY = [(s.name, s.dataset) for group in searches().values() for s in group]
COUNTING = [(n, d) for n, d in EVERY if isinstance(search(n, d).inference, Counting)]
SCANS = [place for place in EVERY if place not in COUNTING]


@cache
def booked(name: str, dataset: str) -> SearchHistograms:
    return SearchHistograms(search(name, dataset), load(HISTOGRAMS / f"{name}.zip"))


@cache
def inferred(name: str, dataset: str) -> Inferred:
    return infer(booked(name, dataset))


@pytest.mark.parametrize(("name", "dataset"), EVERY)
def test_a_spectrum_draws_its_stack(name: str, dataset: str) -> None:
    """Every selection: each filled step is a mode's expected events in the bins, upon those below it."""
    histograms = booked(name, dataset)
    decays = normalise(histograms)[0].value
    for selection in histograms.search.selections:
        number = selection.observable.bins[0]
        factor = next(n for n in range(max(1, number // BINS), number + 1) if number % n == 0)
        shown = stack(histograms, selection, decays).rebinned(factor)
        patches = spectrum(histograms, selection, decays).axes[0].patches
        steps: list[Any] = [p for p in patches if isinstance(p, StepPatch)]
        filled = [p for p in steps if p.get_fill() and p.get_hatch() is None]
        assert len(filled) == len(shown.components)
        tops = sorted((np.nan_to_num(np.asarray(p.get_data().values)) for p in filled), key=lambda v: v.sum())
        wanted = np.cumsum([c.values for c in shown.components], axis=0)
        for drawn, expected in zip(tops, wanted, strict=True):
            np.testing.assert_allclose(drawn, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "dataset"), EVERY)
def test_a_cutflow_draws_its_table(name: str, dataset: str) -> None:
    histograms = booked(name, dataset)
    selection = histograms.search.signal
    (table,) = [t for t in cutflow_tables(histograms) if t.name.endswith("_signal")]
    axes = cutflow_figure(histograms, selection).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [row[0] for row in table.rows]
    columns = {
        tuple(float(row[i].value or 0) for row in table.rows)
        for i, column in enumerate(table.columns)
        if i and histograms.exposure(column.name).simulated
    }
    lines = axes.get_lines()
    assert len(lines) == min(len(columns), 9) or len(lines) > 1
    for line in lines:
        assert tuple(np.nan_to_num(line.get_xdata()).tolist()) in columns


@pytest.mark.parametrize(("name", "dataset"), EVERY)
def test_what_a_cut_costs_is_what_lies_outside_it(name: str, dataset: str) -> None:
    """With what is kept, what a cut alone removes is all that its histogram holds, once for each of its values."""
    histograms = booked(name, dataset)
    selection, sample = histograms.search.signal, histograms.search.samples.signal
    lost: Any = histograms.histogram(sample, selection, "lost")
    for cut in selection.cuts:
        both = lost["kept", "everywhere"].value + lost[cut.name, "everywhere"].value
        without: Any = histograms.histogram(sample, selection, f"without {cut.quantity.name}")
        held = without.sum(flow=True).value
        times = held / both
        assert times == pytest.approx(round(times), rel=1e-9)
        assert round(times) >= 1


@pytest.mark.parametrize(("name", "dataset"), EVERY)
def test_panels_say_what_their_cuts_cost(name: str, dataset: str) -> None:
    histograms = booked(name, dataset)
    figure = without_one_figure(histograms, normalise(histograms)[0].value)
    found = list(costs(histograms, histograms.search.signal).values())
    assert found == sorted(found, reverse=True)
    said = [axes.get_title(loc="right") for axes in figure.axes]
    assert said == [f"costs {cost:.1%} of the signal" for cost in found[:PANELS]]


@pytest.mark.parametrize(("name", "dataset"), COUNTING)
def test_cls_crosses_the_level_at_the_limit(name: str, dataset: str) -> None:
    (record,) = inferred(name, dataset).records
    axes = cls_figure(record, 0.9).axes[0]
    curves = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
    limits = [record.expected_upper_limit[2], *([] if record.upper_limit is None else [record.upper_limit])]
    assert len(curves) == len(limits)
    for curve, limit in zip(curves, limits, strict=True):
        x, y = curve.get_data()
        assert np.exp(np.interp(limit, x, np.log(y))) == pytest.approx(0.1, rel=0.02)
        assert (np.diff(y) < 0).all()


@pytest.mark.parametrize(("name", "dataset"), SCANS)
def test_acceptance_and_resolution_are_those_of_the_scan(name: str, dataset: str) -> None:
    (scan,) = inferred(name, dataset).scans
    drawn = [axes.get_lines()[0].get_data() for axes in response_figure(scan).axes]
    wanted = [scan.columns[c] for c in ("acceptance", "resolution") if c in scan.columns]
    assert len(drawn) == len(wanted) > 0
    for (x, y), values in zip(drawn, wanted, strict=True):
        assert tuple(x) == scan.masses
        assert tuple(y) == values


def test_identification_curves_are_the_maps() -> None:
    maps = IdentificationMaps.read()
    patches: list[Any] = [p for axes in identification_figure(maps).axes for p in axes.patches]
    drawn = {p.get_label(): p.get_data() for p in patches if p.get_label() and not p.get_label().startswith("_")}
    assert drawn.keys() == {measured.name for measured in MAPS}
    for measured in MAPS:
        edges = np.asarray(drawn[measured.name].edges)
        at = (edges[1:] + edges[:-1]) / 2 * GeV
        np.testing.assert_array_equal(drawn[measured.name].values, maps.probability(measured.name, at))


@pytest.mark.parametrize("descriptor", ["K+ -> pi+ e+ e-", "K+ -> pi+ mu+ mu-"])
def test_the_drawn_decay_crosses_the_detector(descriptor: str) -> None:
    """Opposite charges are bent to opposite sides, and every track ends inside the calorimeter's width."""
    found = tracks(descriptor, 120 * m)
    assert len(found) == 3
    kicks = []
    for points in found.values():
        before, after = np.diff(points[:, 1]) / np.diff(points[:, 0])
        kicks.append(after - before)
        assert abs(points[-1, 1]) < detector().muv3.half_side
    assert sorted(np.sign(kicks)) == [-1, -1, 1]
    drawn = [line.get_xydata() for line in detector_figure(descriptor).axes[0].get_lines()]
    for points in found.values():
        assert any(len(line) == 3 and np.allclose(line, points / m) for line in drawn)
