"""All figures of a search, and those of the whole run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from rarekaon.analysis.facts.identification_maps import IdentificationMaps
from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.projection import decays_range, project, projectable
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.cls_scans import cls_figure
from rarekaon.analysis.report.cuts import cutflow_figure, without_one_figure
from rarekaon.analysis.report.detector_view import detector_figure
from rarekaon.analysis.report.figures import save_figure
from rarekaon.analysis.report.identification import identification_figure
from rarekaon.analysis.report.page import Picture
from rarekaon.analysis.report.projections import projection_figure
from rarekaon.analysis.report.spectra import write_spectra
from rarekaon.analysis.results.records import LimitRecord

EXPOSURES = 100.0
"""Up to so many times the kaon decays of the run."""
POINTS = 13
"""Exposures that are computed."""


def write_search_figures(
    booked: SearchHistograms, records: Sequence[LimitRecord], confidence_level: float, directory: Path
) -> list[Picture]:
    """Draw a search: spectra, what its cuts do, and of a counting search CLs and what more kaon decays would give.

    `records` are its limits from events.  Returns the PNG files with what they show; each has a PDF beside it.
    """
    search, decays = booked.search, normalise(booked)[0].value
    pictures = write_spectra(booked, directory)
    wanted: list[tuple[str, str, Callable[[], Figure]]] = [
        ("cutflow", "share of decays left after each cut, by mode", lambda: cutflow_figure(booked, search.signal)),
        ("cuts", "all cuts but one, and what it costs", lambda: without_one_figure(booked, decays)),
    ]
    for record in (r for r in records if projectable(r)):
        wanted += [
            ("cls", "CLs against the branching fraction", partial(cls_figure, record, confidence_level)),
            ("exposure", "expected limit against kaon decays", partial(_projection, booked, record, confidence_level)),
        ]
    for what, text, draw in wanted:
        path = directory / f"{search.name}_{search.dataset}_{what}.png"
        save_figure(draw(), path, path.with_suffix(".pdf"))
        pictures.append(Picture(path, f"{search.name} {search.dataset}: {text}"))
    return pictures


def _projection(booked: SearchHistograms, record: LimitRecord, confidence_level: float) -> Figure:
    now, prior = float(record.kaon_decays or 0), booked.search.background_prior
    decays = decays_range(now / 2, now * EXPOSURES, POINTS)
    made = project(record, decays, background_prior=prior, confidence_level=confidence_level)
    return projection_figure(made, confidence_level)


def write_run_figures(directory: Path) -> list[Picture]:
    """Draw the detector with a decay, and the identification curves that selections use."""
    curves = identification_figure(IdentificationMaps.read())
    wanted = (
        ("detector", "the detector from above, with a decay", detector_figure()),
        ("identification", "identification and misidentification against momentum", curves),
    )
    pictures = []
    for name, text, figure in wanted:
        path = directory / f"{name}.png"
        save_figure(figure, path, path.with_suffix(".pdf"))
        pictures.append(Picture(path, text))
    return pictures
