"""The detector's constants (`datasets/detector.yaml`) and the acceptance functions shared by simulation and
selections.

The constants are read through strict models: a misspelt key or a negative length is an error that names the file.
The acceptance functions work on arrays of any shape (they broadcast); compiled kernels call the scalar ones, whose
names begin with `inside_`, with the constants passed in, so that no compiled code holds a stale constant.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.kernels.compiled import compiled, elementwise

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def _views(x: float, y: float, hole_x: float, half_side: float) -> int:
    """Views of a chamber (x, y and the two at 45 degrees) whose wires a track at (x, y) crosses."""
    dx = x - hole_x
    diagonal = half_side * np.sqrt(2.0)
    return (
        int(abs(dx) > half_side)
        + int(abs(y) > half_side)
        + int(abs(dx + y) > diagonal)
        + int(abs(dx - y) > diagonal)
    )  # fmt: skip


straw_views = compiled(_views)


def _straw(x: float, y: float, hole_x: float, half_side: float, r_max: float) -> bool:
    return straw_views(x, y, hole_x, half_side) > 1 and x * x + y * y < r_max * r_max


def _ring(x: float, y: float, r_min: float, r_max: float) -> bool:
    r2 = x * x + y * y
    return r_min * r_min < r2 < r_max * r_max


def _octagon(x: float, y: float, r_min: float, apothem: float) -> bool:
    ax, ay = abs(x), abs(y)
    return max(ax, ay) < apothem and ax + ay < apothem * np.sqrt(2.0) and x * x + y * y > r_min * r_min


def _square(x: float, y: float, r_min: float, half_side: float) -> bool:
    return max(abs(x), abs(y)) < half_side and x * x + y * y > r_min * r_min


inside_ring = compiled(_ring)
inside_octagon = compiled(_octagon)
inside_square = compiled(_square)

_straw_array = elementwise(_straw)
_ring_array = elementwise(_ring)
_octagon_array = elementwise(_octagon)
_square_array = elementwise(_square)


def _points(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def in_straw_acceptance(chamber: int, x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the plane of spectrometer chamber 1-4 where at least two of the four views have straws.

    One view alone measures no point.  Raises ValueError for any other chamber.
    """
    if chamber not in (1, 2, 3, 4):
        raise ValueError(f"chamber must be 1, 2, 3 or 4, not {chamber!r}")
    straw = detector().straw
    mask: Mask = _straw_array(_points(x), _points(y), straw.hole_x[chamber - 1], straw.hole_half_side, straw.r_max)
    return mask


def in_rich_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the RICH's front plane between its beam pipe and its outer radius."""
    rich = detector().rich
    mask: Mask = _ring_array(_points(x) - rich.front_x, _points(y), rich.r_min, rich.r_max)
    return mask


def in_chod_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the hodoscope's plane that its slabs cover."""
    chod = detector().chod
    mask: Mask = _ring_array(_points(x), _points(y), chod.r_min, chod.r_max)
    return mask


def in_lkr_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the calorimeter's front plane inside its octagon and outside its hole."""
    lkr = detector().lkr
    mask: Mask = _octagon_array(_points(x), _points(y), lkr.r_min, lkr.apothem)
    return mask


def in_muv3_acceptance(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the muon detector's plane that its tiles cover."""
    muv3 = detector().muv3
    mask: Mask = _square_array(_points(x), _points(y), muv3.r_min, muv3.half_side)
    return mask


def on_outer_muv3_tile(x: npt.ArrayLike, y: npt.ArrayLike) -> Mask:
    """Points (mm) in the muon detector's plane on one of the 140 tiles around the inner eight."""
    muv3, away = detector().muv3, np.maximum(np.abs(_points(x)), np.abs(_points(y)))
    mask: Mask = (away > muv3.tile) & (away < muv3.half_side)
    return mask


def in_fiducial_volume(z: npt.ArrayLike) -> Mask:
    """Decay positions z (mm) inside the fiducial volume."""
    volume = detector().fiducial_volume
    position = np.asarray(z, dtype=np.float64)
    mask: Mask = (position > volume.z_min) & (position < volume.z_max)
    return mask
