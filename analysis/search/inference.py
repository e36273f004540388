"""How the limit of a search is made: from one count, or by a scan of masses."""

from __future__ import annotations

from dataclasses import dataclass

from rarekaon.analysis.contract.interval import Interval


@dataclass(frozen=True)
class Counting:
    """The limit is that of the count in the signal region."""


COUNTING = Counting()


@dataclass(frozen=True)
class PeakScan:
    """A narrow peak in the selection's response quantity, with the background from its sidebands."""

    masses: tuple[float, ...]
    """Hypotheses, in MeV."""
    shown: tuple[float, ...]
    """Those that get a row in the table of limits."""
    window: float
    """Half width of the signal window, in units of the resolution."""
    sideband: float
    """End of the sidebands, in units of the resolution."""
    bin_width: float
    """In units of the resolution."""
    within: Interval
    """Range of the spectrum."""
    order: int
    """Of the polynomial."""
    lepton: str = "mu"
    """That a heavy neutral lepton of this mass mixes with."""
    lifetimes: tuple[float, ...] = ()
    """Lifetimes (ns) that limits are given for besides an infinite one."""

    @property
    def quantity(self) -> str:
        """The mixing that limits are on."""
        return f"|U_{self.lepton}4|^2"


@dataclass(frozen=True)
class WindowScan:
    """A narrow peak among few events: counts of the squared missing mass in windows inside the signal region."""

    masses: tuple[float, ...]
    """Hypotheses, in MeV."""
    shown: tuple[float, ...]
    """Those that get a row in the table of limits."""
    window: float
    """Half width of the window, in units of the resolution."""
    coupling: str
    """Squared coupling that limits are given in besides, a key of `limits.windows.COUPLINGS`."""
    pooled: float
    """Decays of squared masses within half of this (MeV2) of a hypothesis are its response."""
    lightest: tuple[float, float]
    """Masses (MeV) whose response stands for all lower ones, as decays of low masses are few."""
    even_background: bool
    """Whether the background is even over the signal region; otherwise simulated events are counted in each window."""
    lifetimes: tuple[float, ...] = ()
    """Lifetimes (ns) that limits are given for besides an infinite one."""


@dataclass(frozen=True)
class CutScan:
    """A count of the observable above a bound that is chosen for each mass by the smallest expected limit."""

    decay: str
    """The simulated family whose true mass spectrum reweights the response."""
    masses: tuple[float, ...]
    """Hypotheses, in MeV."""
    shown: tuple[float, ...]
    """Those that get a row in the table of limits."""
    bounds: tuple[float, ...]
    """Bounds to choose from, in the observable's unit (MeV2)."""


Inference = Counting | PeakScan | WindowScan | CutScan
