"""Tiles of the muon detector and the hodoscope."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.detector.scratch import MUON_SIGNAL, MUON_X, MUON_Y
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]


@kernel
def tile_centre(x: float, size: float) -> float:
    """Centre of the tile of that size that contains x; tiles are counted from 0."""
    return (np.floor(x / size) + 0.5) * size


@kernel
def outer_tile(c: Constants, x: float, y: float) -> bool:
    """Whether the tile of that centre is one of the 140 around the inner eight."""
    return max(abs(x), abs(y)) > c.muv3_tile


@kernel
def tile_taken(muons: Floats, k: int) -> bool:
    """Whether an earlier track gave a signal in the same tile: two muons make one signal there."""
    taken = False
    for j in range(k):
        taken |= (
            muons[j, MUON_SIGNAL] > 0 and muons[j, MUON_X] == muons[k, MUON_X] and muons[j, MUON_Y] == muons[k, MUON_Y]
        )
    return taken
