"""From a model to numbers of events and to contours of its coupling.

N(c) = N_p c^p sum_i w_i B_vis integral dz exp(-(z - z_0)/L_i)/L_i A_i(z), with L_i = p hbar c/(m Gamma c^p).
Decays are placed once for each mass, whatever the coupling, and counted for all couplings afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rarekaon.analysis.contract.units import m
from rarekaon.analysis.dump.acceptance import accepted
from rarekaon.analysis.dump.facts import facts
from rarekaon.analysis.dump.flux import Floats, Flux
from rarekaon.analysis.dump.model import Model, Production, VisibleDecay

HBAR_C = 1.973269804e-10
"""MeV mm."""
EVENTS = 2.3
"""-ln 0.1: excluded at 90% CL when nothing is seen and nothing expected."""
POINTS = 161
PARTICLES = 100_000
SEED = 400
NEAR = 10 * m
"""Decays are placed evenly in the logarithm of their distance from the start of the volume plus this."""


@dataclass(frozen=True)
class AcceptedDecays:
    """Accepted decays of one mode at one mass.

    `weight` (n,): particles a proton at coupling 1 times the length (mm) a decay stands for; `distance` (n,) from
    the dump along the path and `beta_gamma` (n,); `error` (n,) the relative model error of each one's production.
    """

    weight: Floats
    distance: Floats
    beta_gamma: Floats
    error: Floats


@dataclass(frozen=True)
class Contour:
    """Lowest and highest coupling where `events` are expected, by mass (MeV); NaN where none is.

    The errors are those of the edges, relative: from the size of the simulated sample and from the model.
    """

    model: str
    protons: float
    mode: str
    coupling: str
    masses: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    low_statistical_error: tuple[float, ...]
    high_statistical_error: tuple[float, ...]
    low_model_error: tuple[float, ...]
    high_model_error: tuple[float, ...]
    most_events: tuple[float, ...]
    events: float = EVENTS


def produced(
    model: Model, mass: float, *, particles: int = PARTICLES, seed: int = SEED
) -> list[tuple[Flux, Production]]:
    """`particles` of each way of production that fly forward."""
    rng = np.random.default_rng(seed)
    made = []
    for channel in model.production:
        flux = channel.particles(mass, particles, rng)
        seen = (flux.momentum[:, 3] > 0) & (flux.weight > 0)
        made.append((Flux(flux.weight[seen], flux.momentum[seen]), channel))
    return made


def decays(mode: VisibleDecay, mass: float, made: list[tuple[Flux, Production]], *, seed: int = SEED) -> AcceptedDecays:
    """What is `made`, each decaying once into `mode` between the ends of its volume."""
    rng = np.random.default_rng(seed)
    low, high = mode.volume
    span = np.log((high - low + NEAR) / NEAR)
    parts = []
    for flux, channel in made:
        # Even in ln(z - low + NEAR): short-lived particles decay where the volume starts
        from_start = NEAR * np.exp(span * rng.uniform(size=len(flux.weight)))
        z = low + from_start - NEAR
        keep = accepted(mode, mass, flux.momentum, z, rng)
        p = np.sqrt((flux.momentum[keep, 1:] ** 2).sum(axis=1))
        along = p / flux.momentum[keep, 3]
        parts.append(
            AcceptedDecays(
                flux.weight[keep] * span * from_start[keep] * along * mode.efficiency,
                (z[keep] - facts().setup.z) * along,
                p / mass,
                np.full(int(keep.sum()), channel.relative_error),
            )
        )
    fields = ("weight", "distance", "beta_gamma", "error")
    return AcceptedDecays(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))


def events(
    model: Model, mode: VisibleDecay, mass: float, couplings: Floats, *, protons: float, found: AcceptedDecays
) -> tuple[Floats, Floats, Floats]:
    """Expected events with their statistical and model errors, each of shape (couplings,).

    `couplings` in the model's unit, `found` the accepted decays.
    """
    strength = (np.asarray(couplings, dtype=float) * model.unit) ** model.power
    partial, total = mode.width(mass), model.width(mass)
    counts, squares, shifted = np.zeros((3, len(strength)))
    if total <= 0 or len(found.weight) == 0:
        return counts, squares, shifted
    for i, c in enumerate(strength):
        inverse = total * c / HBAR_C / found.beta_gamma
        each = protons * c * found.weight * partial / total * inverse * np.exp(-found.distance * inverse)
        counts[i], squares[i], shifted[i] = each.sum(), (each**2).sum(), (each * found.error).sum()
    return counts, np.sqrt(squares), shifted


def contours(
    model: Model,
    protons: Sequence[float],
    *,
    masses: Sequence[float] | None = None,
    particles: int = PARTICLES,
    seed: int = SEED,
) -> list[Contour]:
    """The contours of a model for each number of protons and each signature; ValueError for protons not above zero."""
    if not all(n > 0 for n in protons):
        raise ValueError(f"protons on target must be above zero, not {list(protons)}")
    grid = np.geomspace(*model.couplings, POINTS)
    hypotheses = tuple(float(x) for x in (model.masses if masses is None else masses))
    expected: dict[tuple[str, float], tuple[Floats, Floats, Floats]] = {}
    for mass in hypotheses:
        made = produced(model, mass, particles=particles, seed=seed)
        for mode in model.modes:
            if mode.width(mass) > 0:
                found = decays(mode, mass, made, seed=seed)
                expected[mode.name, mass] = events(model, mode, mass, grid, protons=1.0, found=found)
    result = []
    for n in protons:
        for name, modes in model.signatures.items():
            edges = []
            for mass in hypotheses:
                parts = [expected[key] for mode in modes if (key := (mode.name, mass)) in expected]
                edges.append(_edges(grid, n, parts))
            columns: dict[str, Any] = {edge: tuple(float(row[edge]) for row in edges) for edge in edges[0]}
            result.append(
                Contour(model=model.name, protons=n, mode=name, coupling=model.coupling, masses=hypotheses, **columns)
            )
    return result


def _edges(grid: Floats, protons: float, parts: list[tuple[Floats, Floats, Floats]]) -> dict[str, float]:
    """The fields of `Contour` at one mass, from counts, statistical and model errors a proton of each mode."""
    nothing = np.zeros((3, len(grid)))
    counts = protons * np.sum([nothing[0], *(part[0] for part in parts)], axis=0)
    statistical = protons * np.sqrt(np.sum([nothing[1], *(part[1] ** 2 for part in parts)], axis=0))
    model = protons * np.sum([nothing[2], *(part[2] for part in parts)], axis=0)
    low, high = crossings(grid, counts)
    values = {"low": low, "high": high, "most_events": float(counts.max())}
    for kind, error in (("statistical", statistical), ("model", model)):
        up, down = crossings(grid, counts + error), crossings(grid, np.maximum(counts - error, 0.0))
        # Half the distance of the shifted edges; the one that exists where the other does not
        for i, edge in enumerate(("low", "high")):
            moved = [abs(np.log(shifted[i] / values[edge])) for shifted in (up, down) if np.isfinite(shifted[i])]
            values[f"{edge}_{kind}_error"] = float(np.mean(moved)) if moved and np.isfinite(values[edge]) else np.nan
    return values


def crossings(grid: Floats, counts: Floats, level: float = EVENTS) -> tuple[float, float]:
    """The lowest and highest coupling of the ascending `grid` where `counts` reach `level`; NaN if nowhere.

    Interpolated linearly in the logarithms.

    >>> grid = np.geomspace(1, 100, 5)
    >>> [round(edge, 2) for edge in crossings(grid, np.array([0.1, 10.0, 100.0, 10.0, 0.1]), level=1.0)]
    [1.78, 56.23]
    """
    above = np.flatnonzero(counts >= level)
    if len(above) == 0:
        return np.nan, np.nan
    x, y = np.log(grid), np.log(np.maximum(counts, 1e-300)) - np.log(level)

    def between(i: int, j: int) -> float:
        return float(np.exp(x[i] - y[i] * (x[j] - x[i]) / (y[j] - y[i])))

    first, last = int(above[0]), int(above[-1])
    low = float(grid[0]) if first == 0 else between(first - 1, first)
    high = float(grid[-1]) if last == len(grid) - 1 else between(last, last + 1)
    return low, high
