"""Search for a narrow peak of unknown position in a missing-mass spectrum, background from sidebands.

The method of Phys. Lett. B 816 (2021) 136259, Section 5: for every mass hypothesis a window of +-1.5 sigma, sidebands
from 1.5 to 11.25 sigma inside 188-386 MeV in bins of 0.75 sigma, a polynomial of second order for the expected
background, the difference to the third order as its systematic error, CLs limits on the number of signal events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, xlogy
from scipy.stats import chi2

from rarekaon.analysis.contract.units import MeV
from rarekaon.analysis.statistics.gaussian_counts import GaussianCounts
from rarekaon.analysis.statistics.polynomial import PolynomialFits, bin_integrals, fit_polynomials

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScanSettings:
    """Geometry of the scan; half widths in units of the mass resolution, the range in MeV."""

    window: float = 1.5
    sideband: float = 11.25
    bin_width: float = 0.75
    low: float = 188 * MeV
    high: float = 386 * MeV
    order: int = 2


def mass_hypotheses() -> Floats:
    """The 269 masses of the paper in MeV: 200 to 300 in steps of 1, then to 384 in steps of 0.5."""
    return np.asarray(np.concatenate([np.arange(200.0, 300.0), np.arange(300.0, 384.25, 0.5)]) * MeV)


@dataclass(frozen=True)
class PeakSearch:
    """Result of a scan; arrays of shape (hypotheses,), `expected_limits` of shape (5, hypotheses)."""

    masses: Floats
    """Mass hypotheses in MeV."""
    observed: NDArray[np.int64]
    """Events in each window."""
    expected: Floats
    """Background expected in each window, from the sidebands."""
    fit_error: Floats
    """Error of `expected` from the fit parameters."""
    order_error: Floats
    """Difference of `expected` between the two polynomial orders."""
    significances: Floats
    """Local significance in standard deviations."""
    upper_limits: Floats
    """Limit on the number of signal events in the window."""
    expected_limits: Floats
    """Limits at the -2 .. 2 sigma quantiles of the background-only count."""
    leakage: Floats
    """Background the fit invents per signal event in the window, because the peak leaks into the sidebands."""
    fit_probability: Floats
    """Probability of sidebands that fit worse: small where a peak of another mass sits in them, so that `expected` and
    the limit of this mass are not to be trusted."""
    corrected: bool
    """Whether the limits are corrected for the leakage."""
    confidence_level: float

    @property
    def errors(self) -> Floats:
        """Total error of `expected`."""
        return np.hypot(self.fit_error, self.order_error)

    @property
    def largest(self) -> int:
        """Index of the hypothesis of the largest local significance."""
        return int(np.argmax(self.significances))


@dataclass(frozen=True)
class SidebandFit:
    """Counts in the window and what the sidebands expect there, for every hypothesis of one spectrum."""

    observed: NDArray[np.int64]
    expected: Floats
    fit_error: Floats
    order_error: Floats
    leakage: Floats
    probability: Floats

    @property
    def counts(self) -> GaussianCounts:
        """The counting problem of every hypothesis."""
        return GaussianCounts(self.expected, np.hypot(self.fit_error, self.order_error))


def peak_search(
    spectrum: ArrayLike,
    resolution: Callable[[Floats], Floats],
    *,
    masses: ArrayLike | None = None,
    confidence_level: float = 0.9,
    correct_leakage: bool = False,
    settings: ScanSettings | None = None,
) -> PeakSearch:
    """Scan the masses of events for a peak.

    spectrum: missing mass of each event in MeV (see `events_of_histogram` for a histogram).
    resolution: mass resolution in MeV as a function of the mass hypothesis.
    correct_leakage: divide the limits by 1 - kappa, with kappa the background that one signal event in the window
    adds to the fit by its tails in the sidebands.  The paper does not (its check: negligible at its sensitivity).
    Raises ValueError for masses or resolutions that are not finite and positive.
    """
    settings = settings or ScanSettings()
    hypotheses = mass_hypotheses() if masses is None else np.asarray(masses, dtype=float)
    widths = np.asarray(resolution(hypotheses), dtype=float)
    _check(hypotheses, widths)
    fit = sideband_fit(np.sort(np.asarray(spectrum, dtype=float)), hypotheses, widths, settings)
    counts = fit.counts
    scale = 1 / (1 - fit.leakage) if correct_leakage else np.ones(hypotheses.size)
    return PeakSearch(
        masses=hypotheses,
        observed=fit.observed,
        expected=fit.expected,
        fit_error=fit.fit_error,
        order_error=fit.order_error,
        significances=counts.significances(fit.observed),
        upper_limits=scale * counts.upper_limits(fit.observed, confidence_level),
        expected_limits=scale * counts.expected_limits(confidence_level),
        leakage=fit.leakage,
        fit_probability=fit.probability,
        corrected=correct_leakage,
        confidence_level=confidence_level,
    )


def sideband_fit(
    sorted_spectrum: Floats, masses: Floats, widths: Floats, settings: ScanSettings | None = None
) -> SidebandFit:
    """Window counts and sideband expectations; `sorted_spectrum` must be sorted."""
    settings = settings or ScanSettings()
    edges = sideband_edges(settings)
    window = np.argmin(np.abs(edges[:-1] + settings.window))
    # Bins that reach over an end of the range are cut there, not dropped: at 384 MeV little else is left above.
    limits = np.clip(masses[:, None] + widths[:, None] * edges, settings.low, settings.high)
    counts = np.diff(np.searchsorted(sorted_spectrum, limits), axis=1)
    used = np.diff(limits, axis=1) > 1e-3 * widths[:, None]
    used[:, window] = False
    # In units of the sideband width the polynomial's terms are all of one size.
    scaled = (limits - masses[:, None]) / (settings.sideband * widths[:, None])
    designs = [bin_integrals(scaled, order) for order in (settings.order, settings.order + 1)]
    fits = [fit_polynomials(counts.astype(float), used, design) for design in designs]
    half = settings.window / settings.sideband
    expected, error = fits[0].integral(-half, half)
    alternative, _ = fits[1].integral(-half, half)
    return SidebandFit(
        observed=counts[:, window],
        expected=np.maximum(expected, 0.0),
        fit_error=error,
        order_error=np.abs(expected - alternative),
        leakage=_leakage(fits[0], used, scaled, settings),
        probability=_probability(counts, used, fits[0], designs[0]),
    )


def sideband_edges(settings: ScanSettings) -> Floats:
    """Edges of the sideband bins around the window, which is one bin itself, in units of the resolution."""
    steps = round((settings.sideband - settings.window) / settings.bin_width)
    right = settings.window + settings.bin_width * np.arange(steps + 1)
    return np.concatenate([-right[::-1], right])


def events_of_histogram(edges: ArrayLike, counts: ArrayLike) -> Floats:
    """One mass per event, at the bin centres, for a spectrum kept as a histogram of integer counts.

    Bins should be well below the resolution (a tenth of it or less), or events cross the edges of the windows.
    """
    bins = np.asarray(edges, dtype=float)
    numbers = np.asarray(counts)
    whole = np.rint(numbers).astype(np.int64)
    if bins.size != numbers.size + 1 or (whole < 0).any() or np.abs(whole - numbers).max(initial=0) > 1e-6:
        raise ValueError("counts must be whole numbers, not negative, one per bin of edges")
    return np.repeat((bins[:-1] + bins[1:]) / 2, whole)


def _probability(counts: NDArray[np.int64], used: NDArray[np.bool_], fit: PolynomialFits, design: Floats) -> Floats:
    """Probability of a worse fit: twice the log-likelihood that the fit lacks is distributed as chi2."""
    means = np.maximum(np.einsum("hbp,hp->hb", design, fit.coefficients), 1e-3)
    lacking = 2 * (means - counts + xlogy(counts, np.maximum(counts, 1) / means))
    freedom = used.sum(axis=1) - fit.coefficients.shape[1]
    return np.asarray(chi2.sf(np.where(used, lacking, 0.0).sum(axis=1), np.maximum(freedom, 1)))


def _leakage(fit: PolynomialFits, used: NDArray[np.bool_], scaled: Floats, settings: ScanSettings) -> Floats:
    """Response of the fitted background to a Gaussian peak, per signal event in the window."""
    design = bin_integrals(scaled, settings.order)
    means = np.maximum(np.einsum("hbp,hp->hb", design, fit.coefficients), 1e-3)
    inside_window = float(ndtr(settings.window) - ndtr(-settings.window))
    tails = np.diff(ndtr(settings.sideband * scaled), axis=1) / inside_window
    gradient = np.einsum("hbp,hb->hp", design, used / means * tails)
    shift = np.einsum("hpq,hq->hp", fit.covariance, gradient)
    half = settings.window / settings.sideband
    return np.asarray(shift @ bin_integrals(np.array([-half, half]), settings.order)[0])


def _check(masses: Floats, widths: Floats) -> None:
    for name, values in (("masses", masses), ("resolution", widths)):
        if values.shape != masses.shape or not (np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(f"{name} must be finite and above zero, one per mass hypothesis")
