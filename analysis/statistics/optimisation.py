"""Choose a cut value without looking: the one whose expected limit, from simulation alone, is the smallest.

As the lower bound m0^2 on the squared missing mass of K+ -> mu+ nu X and K+ -> mu+ nu nu nu (Phys. Lett. B 816 (2021)
136259, Section 6): a higher bound loses signal and background both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rarekaon.analysis.statistics.arguments import ArgumentError, positive
from rarekaon.analysis.statistics.background import Background, as_components
from rarekaon.analysis.statistics.limit import Band, expected_upper_limits

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CutOptimisation:
    """Expected limits (branching fraction) of every cut value, and the best one."""

    cuts: tuple[float, ...]
    acceptances: tuple[float, ...]
    expected: tuple[Band, ...]
    """-2 .. 2 sigma for each cut."""

    @property
    def best(self) -> int:
        """Index of the smallest median expected limit; the loosest such cut if several are equal."""
        return int(np.argmin([band[2] for band in self.expected]))

    @property
    def best_cut(self) -> float:
        """The chosen cut value, in the unit of `cuts`."""
        return self.cuts[self.best]


def optimise_cut(
    cuts: Sequence[float],
    acceptances: Sequence[float],
    backgrounds: Sequence[Background | Sequence[Background]],
    *,
    kaon_decays: float,
    relative_error: float = 0.0,
    confidence_level: float = 0.9,
) -> CutOptimisation:
    """Expected limits of every cut from the simulated acceptance and background; no observed count enters.

    cuts, acceptances, backgrounds: one entry each per cut value; a cut without signal acceptance is refused.
    relative_error: of N_K times the acceptance.
    """
    positive("kaon_decays", kaon_decays)
    if not len(cuts) == len(acceptances) == len(backgrounds) > 0:
        raise ArgumentError("cuts, acceptances and backgrounds must have one entry per cut value")
    bands = []
    for acceptance, background in zip(acceptances, backgrounds, strict=True):
        ses = 1 / (kaon_decays * positive("acceptances", acceptance))
        bands.append(
            expected_upper_limits(
                as_components(background), ses=ses, ses_error=relative_error * ses, confidence_level=confidence_level
            )
        )
    return CutOptimisation(tuple(float(cut) for cut in cuts), tuple(acceptances), tuple(bands))


def accepted_above(values: ArrayLike, cuts: ArrayLike, generated: float, weights: ArrayLike | None = None) -> Floats:
    """Acceptance of "value above cut" for each cut, from simulated events: shape (cuts,)."""
    sample = np.asarray(values, dtype=float)
    w = np.ones(sample.size) if weights is None else np.asarray(weights, dtype=float)
    order = np.argsort(sample)
    remaining = np.concatenate([np.cumsum(w[order][::-1])[::-1], [0.0]])
    return remaining[np.searchsorted(sample[order], np.asarray(cuts, dtype=float), side="right")] / positive(
        "generated", generated
    )
