"""Stability checks: how N_K, acceptance, sensitivity and limit of a search depend on its cuts and on the data."""

from rarekaon.analysis.stability.check import Stability, StabilityPoint, check_stability
from rarekaon.analysis.stability.variation import CutVariation, PeriodVariation, Variation, VariationError

__all__ = [
    "CutVariation",
    "PeriodVariation",
    "Stability",
    "StabilityPoint",
    "Variation",
    "VariationError",
    "check_stability",
]
