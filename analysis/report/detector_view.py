"""The detector from above, with a decay in it: where things are, and what a track sees of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rarekaon.analysis.contract.units import GeV, m
from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import KAON
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.report.figures import COLOURS, decay_label, style, symbol

Floats = NDArray[np.float64]

MOMENTUM = 75 * GeV
SOFTEST = 10 * GeV
"""Products of the decay that is drawn have more momentum."""
TRIED = 1000
"""Decays among which the first is drawn of which all products cross all chambers."""


def detector_figure(descriptor: str = "K+ -> pi+ e+ e-", z: float = 120 * m) -> Figure:
    """Horizontal positions against z: stations as `datasets/detector.yaml` has them, and one decay of a kaon at `z`.

    Tracks are straight lines that bend in the middle of the magnet.
    """
    d = detector()
    with style():
        figure = Figure(figsize=(10.5, 4.2))
        figure.subplots_adjust(left=0.07, right=0.99, bottom=0.13, top=0.91)
        axes = figure.subplots()
        volume = d.fiducial_volume
        axes.axvspan(volume.z_min / m, volume.z_max / m, color=COLOURS[0], alpha=0.12, linewidth=0)
        axes.text((volume.z_min + 3 * m) / m, 1.55, "fiducial volume", fontsize="x-small")
        _stations(axes)
        x_kaon = _kaon(z)
        axes.plot([x / m for x, _ in x_kaon], [y / m for _, y in x_kaon], color="black", linewidth=1)
        axes.text(86, 0.08, f"${symbol('K+')}$", fontsize="small")
        for number, (name, track) in enumerate(tracks(descriptor, z).items()):
            axes.plot(track[:, 0] / m, track[:, 1] / m, color=COLOURS[2 + number], linewidth=1.2, label=f"${name}$")
        axes.set(xlim=(75, 265), ylim=(-1.75, 1.75), xlabel="z [m]", ylabel="x [m]")
        axes.set_title(f"{decay_label(descriptor)} in the detector, from above", fontsize="medium", loc="left")
        axes.legend(loc="lower left", ncols=3)
    return figure


def _stations(axes: Any) -> None:
    """Each station at its place, with its radii."""
    d = detector()
    style_of: dict[str, Any] = {"color": "0.4", "linewidth": 1.5}

    def ring(at: float, inner: float, outer: float, name: str, centre: float = 0.0) -> None:
        for low, high in ((inner, outer), (-outer, -inner)):
            axes.plot([at / m] * 2, [(centre + low) / m, (centre + high) / m], **style_of)
        axes.text(at / m, (outer + 60) / m, name, fontsize="xx-small", ha="center", rotation=90, va="bottom")

    for number, at in enumerate(d.gtk.z, 1):
        axes.plot([at / m] * 2, [-0.03, 0.03], **style_of)
        axes.text(at / m, 0.1, f"GTK{number}", fontsize="xx-small", ha="center", rotation=90, va="bottom")
    for number, (at, hole) in enumerate(zip(d.straw.z, d.straw.hole_x, strict=True), 1):
        edges = (hole - d.straw.hole_half_side, hole + d.straw.hole_half_side)
        axes.plot([at / m] * 2, [-d.straw.r_max / m, edges[0] / m], **style_of)
        axes.plot([at / m] * 2, [edges[1] / m, d.straw.r_max / m], **style_of)
        axes.text(at / m, 1.06, f"STRAW{number}", fontsize="xx-small", ha="center", rotation=90, va="bottom")
    for front, back, inner, outer in zip(d.lav.z_front, d.lav.z_back, d.lav.r_min, d.lav.r_max, strict=True):
        for low in (inner, -outer):
            axes.add_patch(_box(front, back, low, low + outer - inner))
    half = d.magnet.length / 2
    for low in (-1600.0, 1200.0):
        axes.add_patch(_box(d.magnet.z - half, d.magnet.z + half, low, low + 400, colour=COLOURS[1]))
    axes.text(d.magnet.z / m, -1.15, "magnet", fontsize="xx-small", ha="center", va="bottom", rotation=90)
    rich = d.rich
    for low in (rich.r_min, -rich.r_max):
        axes.add_patch(_box(rich.z_front, rich.z_mirror, low, low + rich.r_max - rich.r_min, colour=COLOURS[6]))
    axes.text((rich.z_front + rich.z_mirror) / 2 / m, -1.3, "RICH", fontsize="xx-small", ha="center")
    ring(d.chod.z, d.chod.r_min, d.chod.r_max, "CHOD")
    ring(d.lkr.z, d.lkr.pipe, d.lkr.apothem, "  LKr")
    ring(d.muv3.z, d.muv3.r_min, d.muv3.half_side, "MUV3")
    axes.plot([d.sac.z / m] * 2, [-d.sac.half_side / m, d.sac.half_side / m], **style_of)
    axes.text(d.sac.z / m, 0.16, "SAC", fontsize="xx-small", ha="center", rotation=90, va="bottom")


def _box(front: float, back: float, low: float, high: float, colour: str = "0.6") -> Any:
    from matplotlib.patches import Rectangle

    width, height = (back - front) / m, (high - low) / m
    return Rectangle((front / m, low / m), width, height, facecolor=colour, alpha=0.35, edgecolor="0.4", lw=0.5)


def _kaon(z: float) -> list[tuple[float, float]]:
    """Points (z, x) of the kaon from GTK1 to its decay: along z up to TRIM5, then with the beam's slope."""
    d = detector()
    return [(d.gtk.z[0], 0.0), (d.beam.trim5_z, 0.0), (z, _slope() * (z - d.beam.trim5_z))]


def _slope() -> float:
    period: Any = next(iter(conditions().periods.values()))
    return float(period.beam_slope_x)


def tracks(descriptor: str, z: float) -> dict[str, Floats]:
    """Points (z, x) in mm of each product of the first decay of which all are seen, by their LaTeX names.

    The points are the decay, the middle of the magnet and the end of the line: the calorimeter, or MUV3 of a muon.
    """
    d, decay = detector(), mode(descriptor)
    points = np.random.default_rng(7).random((TRIED, decay.flat.dimensions))
    momenta, _ = generate(decay.flat, points)
    energy, slope = float(np.hypot(MOMENTUM, KAON[3, 0])), _slope()
    gamma, along = energy / KAON[3, 0], MOMENTUM / KAON[3, 0]
    p_z = gamma * momenta[:, 2] + along * momenta[:, 3]
    slopes = momenta[:, :2] / p_z[:, None] + np.array([slope, 0.0])[None, :, None]
    start = _kaon(z)[-1][1]
    bent = slopes[:, 0] + d.magnet.kick * decay.charges[:, None] / p_z
    seen = (p_z > SOFTEST).all(axis=0)
    for at, hole in zip(d.straw.z, d.straw.hole_x, strict=True):
        x = start + slopes[:, 0] * (min(at, d.magnet.z) - z) + bent * max(at - d.magnet.z, 0.0)
        y = slopes[:, 1] * (at - z)
        outside = (abs(x - hole) > d.straw.hole_half_side) | (abs(y) > d.straw.hole_half_side)
        seen &= ((np.hypot(x, y) < d.straw.r_max) & outside).all(axis=0)
    number = int(np.flatnonzero(seen)[0])
    found: dict[str, Floats] = {}
    for i, name in enumerate(decay.products):
        end = d.muv3.z if name.startswith("mu") else d.lkr.z
        middle = start + slopes[i, 0, number] * (d.magnet.z - z)
        last = middle + bent[i, number] * (end - d.magnet.z)
        key = symbol(name) + ("\\," * sum(label.startswith(symbol(name)) for label in found))
        found[key] = np.array([(z, start), (d.magnet.z, middle), (end, last)])
    return found
