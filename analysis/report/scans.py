"""Limits against a mass, with their expected bands, as the papers draw them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from rarekaon.analysis.limits.scans import Scan
from rarekaon.analysis.report.figures import decay_label, save_figure, style
from rarekaon.analysis.report.page import Picture
from rarekaon.analysis.search.channels import search

UNITS = {"acceptance": "acceptance", "resolution": "resolution [MeV/c$^2$]"}
LABELS = {"|U_mu4|^2": r"$|U_{\mu4}|^2$", "branching fraction": "branching fraction"}


def scan_figure(scan: Scan, confidence_level: float) -> Figure:
    """Observed limit, median and one- and two-sigma bands against the mass, of a scan that has them."""
    low2, low1, median, high1, high2 = (scan.columns[f"expected_{k:+d}_sigma"] for k in (-2, -1, 0, 1, 2))
    with style():
        figure = Figure()
        axes = figure.subplots()
        axes.fill_between(scan.masses, low2, high2, color="#f0e442", linewidth=0, label="expected, 95%")
        axes.fill_between(scan.masses, low1, high1, color="#56b4e9", linewidth=0, label="expected, 68%")
        axes.plot(scan.masses, median, color="black", linestyle="--", label="expected, median")
        if "upper_limit" in scan.columns:
            axes.plot(scan.masses, scan.columns["upper_limit"], color="black", linewidth=1, label="observed")
        what = LABELS.get(scan.quantity, scan.quantity)
        axes.set(yscale="log", xlabel="mass [MeV/c$^2$]", ylabel=f"upper limit on {what} at {confidence_level:.0%} CL")
        axes.margins(x=0)
        title = decay_label(search(scan.search, scan.dataset).title)
        axes.set_title(f"{title}, {scan.dataset}", fontsize="medium", loc="left")
        axes.legend(loc="best")
    return figure


def response_figure(scan: Scan) -> Figure:
    """Acceptance and mass resolution against the mass, of a scan that has them."""
    columns = [(name, scan.columns[name]) for name in ("acceptance", "resolution") if name in scan.columns]
    with style():
        figure = Figure(figsize=(7.0, 2.0 + 2.0 * len(columns)))
        panels = figure.subplots(len(columns), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, values) in zip(panels, columns, strict=True):
            axes.plot(scan.masses, values, color="black")
            axes.set(ylabel=UNITS[name], ylim=(0, None))
        panels[-1].set(xlabel="mass [MeV/c$^2$]")
        panels[-1].margins(x=0)
        title = decay_label(search(scan.search, scan.dataset).title)
        panels[0].set_title(f"{title}, {scan.dataset}", fontsize="medium", loc="left")
        figure.align_ylabels()
    return figure


def write_scans(scans: Sequence[Scan], confidence_level: float, directory: Path) -> list[Picture]:
    """Draw every scan into `directory`, as PNG and PDF; returns the PNG files with what they show.

    Before its box is open a scan may have a resolution and an acceptance alone.
    """
    pictures = []
    for scan in (s for s in scans if "acceptance" in s.columns):
        path = directory / f"{scan.search}_{scan.dataset}_response.png"
        save_figure(response_figure(scan), path, path.with_suffix(".pdf"))
        what = " and ".join(name for name in UNITS if name in scan.columns)
        pictures.append(Picture(path, f"{scan.search} {scan.dataset}: {what} against the mass"))
    for scan in (s for s in scans if "expected_+0_sigma" in s.columns):
        path = directory / f"{scan.search}_{scan.dataset}_limits.png"
        save_figure(scan_figure(scan, confidence_level), path, path.with_suffix(".pdf"))
        text = f"{scan.search} {scan.dataset}: limits on {scan.quantity} against the mass, with the expected bands"
        pictures.append(Picture(path, text))
    return pictures
