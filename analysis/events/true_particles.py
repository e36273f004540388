"""Which generated particle made a track: simulated events do not say it, but the particle's line leads there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import PARTICLES
from rarekaon.analysis.contract.schema import Z_BEFORE_MAGNET
from rarekaon.analysis.contract.units import mm
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.kernels.compiled import compiled

Float = NDArray[np.float64]
Index = NDArray[np.int64]

NEAREST = 10 * mm
"""Scattering and resolution keep 99% of the tracks within 1 mm of their particle's line; others are accidental."""
CHARGED = {p.pdg: p.charge for p in PARTICLES.values() if p.charge and abs(p.pdg) in (11, 13, 211)}


@compiled
def _nearest(  # type: ignore[no-untyped-def]
    tracks: Index, at: tuple[Float, Float], charge: NDArray[Any], particles: Index, lines: Float, furthest: float
):
    """Row of the nearest line (x, y, charge), of the same charge, for every track; -1 for none."""
    found = np.full(len(charge), -1)
    for event in range(len(tracks) - 1):
        for track in range(tracks[event], tracks[event + 1]):
            least = furthest * furthest
            for row in range(particles[event], particles[event + 1]):
                if lines[row, 2] == charge[track]:
                    dx, dy = lines[row, 0] - at[0][track], lines[row, 1] - at[1][track]
                    if dx * dx + dy * dy < least:
                        least = dx * dx + dy * dy
                        found[track] = row
    return found


def generated_of_tracks(columns: Columns) -> Index:
    """Row of `Generated` for each track of a simulated chunk, shape (tracks,); -1 where no particle leads there."""

    def generated(field: str) -> Float:
        return columns.flat("Generated", field).astype(np.float64)

    pdg, pz = columns.flat("Generated", "pdg"), generated("pz")
    charge = np.zeros(len(pdg))
    for code, value in CHARGED.items():
        charge[pdg == code] = value
    charge[(generated("z") > Z_BEFORE_MAGNET) | (pz <= 0)] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        way = (Z_BEFORE_MAGNET - generated("z")) / pz
        lines = [generated(x) + way * generated(f"p{x}") for x in ("x", "y")]
    at = tuple(columns.flat("Track", x).astype(np.float64) for x in ("x", "y"))
    found: Index = _nearest(
        columns.offsets("Track"), at, columns.flat("Track", "charge"), columns.offsets("Generated"),
        np.stack([*lines, charge], axis=-1), NEAREST,
    )  # fmt: skip
    return found


def true_momenta(columns: Columns) -> Float:
    """Momenta (MeV) of the particles of the tracks where they were produced, shape (tracks,); NaN without one."""
    rows = columns.shared(generated_of_tracks)
    square = sum(columns.flat("Generated", f"p{x}").astype(np.float64) ** 2 for x in "xyz")
    return np.where(rows < 0, np.nan, np.sqrt(np.append(square, np.nan))[rows])


def true_species(columns: Columns) -> NDArray[np.int64]:
    """PDG numbers of the particles of the tracks, shape (tracks,); 0 without one."""
    rows = columns.shared(generated_of_tracks)
    return np.where(rows < 0, 0, np.append(columns.flat("Generated", "pdg").astype(np.int64), 0)[rows])
