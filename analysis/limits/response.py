"""Acceptance and resolution as functions of the invisible mass, from one sample that is uniform in it.

What the selection does to K+ -> mu+, e+ or pi+ and anything invisible depends on the true invisible mass alone (see
`decays.modes.invisible`): a peak at one mass, and a spectrum of masses by reweighting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from rarekaon.analysis.contract.units import GeV, c_light, m
from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import KAON, mass2
from rarekaon.analysis.decays.modes.invisible import highest
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.facts.detector import detector
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.search.inference import Counting

Floats = NDArray[np.float64]

HALF_SHARE = 0.6827
"""Share of a Gaussian within one standard deviation: the resolution is half the width of the central part."""
MASSES_PER_ORDER = 45.0
"""Range of masses (MeV) for each order of the polynomials that smooth resolution and acceptance."""
FITTED_BELOW = 30.0
"""How far below the lowest hypothesis (MeV) the polynomials are fitted."""
FEWEST = 10
"""Effective events of a bin below which it is left out of the fits: at the kinematic limit nothing is accepted."""
SPECTRUM_POINTS = 2**15
BEAM_MOMENTUM = 75 * GeV


@dataclass(frozen=True)
class Response:
    """Accepted share of the decays in each of n bins of the true mass, by reconstructed minus true mass."""

    masses: Floats
    """Centres (MeV) of the bins, (n,)."""
    differences: Floats
    """Edges (MeV) of k bins of the difference, (k + 1,)."""
    accepted: Floats
    """Shares, (n, k + 2); the first and the last are beyond the edges."""
    squares: Floats
    """Sums of squared weights in the same normalisation, (n, k + 2)."""
    lowest: float = 0.0
    """Mass (MeV) from which on the polynomials are fitted."""

    @classmethod
    def of(cls, booked: SearchHistograms) -> Response:
        """The response that the signal sample of a search gives to its signal selection."""
        search = booked.search
        assert search.signal.response is not None
        histogram = booked.histogram(search.samples.signal, search.signal, f"response {search.signal.response.name}")
        view: Any = histogram.view(flow=True)[1:-1]
        edges = histogram.axes[0].edges
        most = highest(mode(booked.decay(search.samples.signal)).products)
        full = edges[1:] <= most
        decays = booked.exposure(search.samples.signal).weight_in_fv * np.diff(edges)[full] / most
        hypotheses = [] if isinstance(search.inference, Counting) else search.inference.masses
        scale = booked.efficiency / decays[:, None]
        return cls(
            masses=(edges[:-1] + edges[1:])[full] / 2,
            differences=histogram.axes[1].edges,
            accepted=view["value"][full] * scale,
            squares=view["variance"][full] * scale**2,
            lowest=min(hypotheses, default=0.0) - FITTED_BELOW,
        )

    def resolution(self, masses: Floats) -> Floats:
        """Mass resolution in MeV: half the width of the central 68% of the differences, smoothed in the mass."""
        rows, counts = self._fitted()
        widths = np.array([self._half_width(row) for row in rows])
        # the squared mass has a slowly varying resolution: s = s(m2) / 2 m
        fit = np.polynomial.Polynomial.fit(
            self.masses[rows], widths * self.masses[rows], self.order, w=np.sqrt(counts) / widths
        )
        return np.asarray(fit(masses) / masses)

    @property
    def order(self) -> int:
        """Of the polynomials."""
        return round((float(self.masses[-1]) - max(self.lowest, 0.0)) / MASSES_PER_ORDER)

    def _fitted(self) -> tuple[NDArray[np.int64], Floats]:
        """Bins that the polynomials are fitted to, and their effective numbers of events."""
        total, squares = self.accepted.sum(axis=1), self.squares.sum(axis=1)
        counts = np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)
        rows = np.flatnonzero((self.masses > self.lowest) & (counts > FEWEST))
        return rows, counts[rows]

    def _half_width(self, row: int) -> float:
        cumulative = np.cumsum(self.accepted[row])[:-1] / self.accepted[row].sum()
        low, high = np.interp([(1 - HALF_SHARE) / 2, (1 + HALF_SHARE) / 2], cumulative, self.differences)
        return float(high - low) / 2

    def in_window(self, masses: Floats, half_widths: Floats) -> tuple[Floats, Floats]:
        """Acceptance of |m - mass| < half width for each mass, smoothed in the mass, and its relative error."""
        rows, _ = self._fitted()
        inside, squares = (
            np.array([self._between(table, row, np.interp(self.masses[row], masses, half_widths)) for row in rows])
            for table in (self.accepted, self.squares)
        )
        errors = np.sqrt(squares)
        fit = np.polynomial.Polynomial.fit(self.masses[rows], inside, self.order, w=1 / errors)
        pulls = (fit(self.masses[rows]) - inside) / errors
        spread = max(1.0, float(np.sqrt((pulls**2).sum() / (len(rows) - self.order - 1))))
        relative = (
            np.interp(masses, self.masses[rows], errors / inside) * spread * np.sqrt((self.order + 1) / len(rows))
        )
        return np.asarray(fit(masses)), relative

    def _between(self, table: Floats, row: int, half_width: float) -> float:
        cumulative = np.concatenate(([0.0], np.cumsum(table[row, 1:-1])))
        low, high = np.interp([-half_width, half_width], self.differences, cumulative)
        return float(high - low)

    def above(self, bound: float) -> Floats:
        """Accepted share (n,) of each true mass with a reconstructed mass above `bound` (MeV)."""
        shares = []
        for row, mass in enumerate(self.masses):
            cumulative = np.cumsum(self.accepted[row])
            below = float(np.interp(bound - mass, self.differences, cumulative[:-1]))
            shares.append(0.0 if bound - mass > self.differences[-1] else cumulative[-1] - below)
        return np.array(shares)

    def spectrum_above(self, decay: str, mass: float | None, bounds: Floats) -> Floats:
        """Acceptances of a simulated decay K+ -> mu+ and invisible particles above bounds (MeV), by its mass
        spectrum."""
        masses, weights = invisible_masses(decay, mass)
        shares = [np.interp(masses, self.masses, self.above(bound)) for bound in bounds]
        return np.asarray(np.average(shares, axis=1, weights=weights))


def survival(booked: SearchHistograms, masses: Floats, lifetime: float) -> Floats:
    """Share (n,) of invisible particles of masses (MeV) and a lifetime (ns) that fly beyond the calorimeter.

    Momenta and vertices are those of the signal sample, whatever the mass.
    """
    sample, selection = booked.search.samples.signal, booked.search.signal
    momentum = booked.histogram(sample, selection, "track_momentum")
    vertex = booked.histogram(sample, selection, "vertex_z")
    weight = np.maximum(np.outer(momentum.values(), vertex.values()), 0.0)
    p = np.maximum(BEAM_MOMENTUM - momentum.axes[0].centers[:, None] * GeV, 1.0)
    length = detector().lkr.z - vertex.axes[0].centers[None] * m
    return np.array([np.average(np.exp(-length * mass / (p * c_light * lifetime)), weights=weight) for mass in masses])


def invisible_masses(decay: str, mass: float | None) -> tuple[Floats, Floats]:
    """Invisible masses (MeV) of a simulated mode with their weights, from a low-discrepancy sequence.

    ValueError for a mode that the simulation does not know, or that has not one muon.
    """
    wanted = mode(decay, mass)
    if list(wanted.products).count("mu+") != 1:
        raise ValueError(f"{decay!r} is no decay to one muon")
    u = qmc.Sobol(wanted.flat.dimensions, seed=1).random(SPECTRUM_POINTS)
    p, weight = generate(wanted.flat, u)
    muon = p[wanted.products.index("mu+")]
    return np.sqrt(np.maximum(mass2(KAON - muon), 0.0)), weight * wanted.density(p)
