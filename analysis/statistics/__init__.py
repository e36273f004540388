"""From counts to limits: exact where counts are few, fast enough to scan, checkable with other tools."""

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.background import Background, correlated_sum
from rarekaon.analysis.statistics.limit import Limit, expected_upper_limits, upper_limit
from rarekaon.analysis.statistics.significance import Significance, significance

__all__ = [
    "ArgumentError",
    "Background",
    "Limit",
    "Significance",
    "correlated_sum",
    "expected_upper_limits",
    "significance",
    "upper_limit",
]
