"""What a channel declares, and where declarations are found.

Channel files import from here, from `contract.units`, `contract.particles`, `events` and `selection`; these places stay
from release to release (docs/adding-a-channel.md).
"""

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.facts.models import PseudoData, SimulatedSample
from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.search.declaration import (
    ZERO,
    Array,
    Cut,
    DataDriven,
    KnownAcceptance,
    PublishedBackground,
    Quantity,
    Region,
    Search,
    SearchSamples,
    Selection,
    ShapeSystematic,
    Systematic,
    Tail,
    Truth,
    exactly,
)
from rarekaon.analysis.search.inference import Counting, CutScan, Inference, PeakScan, WindowScan

__all__ = [
    "ZERO",
    "Array",
    "Counting",
    "Cut",
    "CutScan",
    "DataDriven",
    "Inference",
    "Interval",
    "KnownAcceptance",
    "PeakScan",
    "PseudoData",
    "PublishedBackground",
    "Quantity",
    "RareResponses",
    "Region",
    "Search",
    "SearchSamples",
    "Selection",
    "ShapeSystematic",
    "SimulatedSample",
    "Systematic",
    "Tail",
    "Truth",
    "WindowScan",
    "exactly",
]  # fmt: skip
