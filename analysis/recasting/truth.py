"""True momenta of the kaon's products, from the columns of simulated events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import MASS_K, particle
from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.recasting.density import Floats, RecastError


def laboratory_momenta(columns: Columns, mode: Mode) -> Floats:
    """Momenta (products, 4, n_events) in the laboratory as generated, before electrons radiated, MeV.

    Energies follow from momenta and masses: stored in single precision they would smear invariant masses.
    RecastError where the events are of another decay.
    """
    offsets = columns.offsets("Generated")
    count = len(mode.products)
    if (np.diff(offsets) < count).any():
        raise RecastError(f"the signal sample holds events with fewer products than {mode.descriptor} has")
    rows = offsets[:-1] + np.arange(count)[:, None]
    if not (columns.flat("Generated", "pdg")[rows] == mode.pdg[:, None]).all():
        raise RecastError(f"the signal sample holds other decays than {mode.descriptor}")
    components = [columns.flat("Generated", name).astype(np.float64) for name in ("px", "py", "pz")]
    momenta = np.stack([component[rows] for component in components], axis=1)
    if mode.radiative:
        _restore_radiation(columns, rows, components, momenta)
    masses = np.array([particle(name).mass for name in mode.products])
    energy = np.sqrt((momenta**2).sum(axis=1) + masses[:, None] ** 2)
    return np.concatenate([momenta, energy[:, None, :]], axis=1)


def _restore_radiation(
    columns: Columns, rows: npt.NDArray[np.int64], components: list[Floats], momenta: Floats
) -> None:
    """Add the photons that electrons radiated at the kaon's vertex, each to the product it is collinear with."""
    offsets = columns.offsets("Generated")
    event = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    place = np.arange(len(event)) - offsets[:-1][event]
    emitted = (columns.flat("Generated", "parent") == -1) & (place >= len(rows))
    photon = np.stack([component[emitted] for component in components])
    at = event[emitted]
    products = momenta[:, :, at]
    separation = ((_direction(products, 1) - _direction(photon, 0)) ** 2).sum(axis=1)
    emitter = separation.argmin(axis=0)
    for axis in range(3):
        np.add.at(momenta, (emitter, axis, at), photon[axis])


def _direction(p: Floats, axis: int) -> Floats:
    return np.asarray(p / np.linalg.norm(p, axis=axis, keepdims=True))


def kaon_frame(laboratory: Floats, columns: Columns) -> Floats:
    """The same momenta (products, 4, n) in the rest frame of each event's kaon."""
    kaon = np.stack([columns.event(f"truth_kaon_p{axis}").astype(np.float64) for axis in "xyz"])
    energy = np.sqrt((kaon**2).sum(axis=0) + MASS_K**2)
    along = (laboratory[:, :3] * kaon).sum(axis=1)
    rest_energy = (laboratory[:, 3] * energy - along) / MASS_K
    factor = (laboratory[:, 3] + rest_energy) / (energy + MASS_K)
    space = laboratory[:, :3] - factor[:, None, :] * kaon
    return np.concatenate([space, rest_energy[:, None, :]], axis=1)
