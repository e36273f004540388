"""What a channel declares: searches, selections, cuts and regions, as frozen data.

A channel file in `processors/` builds one or more `Search` objects from these and binds them to the module-level name
`SEARCHES`, and samples that nobody else uses to `SAMPLES`.  Everything else (reading, blinding, cutflows, histograms,
normalisation, limits, documentation) is derived from the declaration; `search.channels` finds the files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.particles import Decay
from rarekaon.analysis.contract.schema import TRIGGER_LINES

if TYPE_CHECKING:
    from rarekaon.analysis.events.candidates import Candidates

Array = NDArray[Any]


@dataclass(frozen=True)
class Interval:
    """The open interval (low, high); either end may be infinite.

    >>> 5.0 in Interval(2, 8)
    True
    >>> Interval(low=140)
    > 140
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"interval ({self.low}, {self.high}) is empty; low must be below high")

    def __contains__(self, value: float) -> bool:
        return self.low < value < self.high

    def mask(self, values: Array) -> NDArray[np.bool_]:
        """Elementwise membership; NaN is outside."""
        return np.asarray((values > self.low) & (values < self.high))

    def text(self, unit: float = 1.0) -> str:
        low, high = self.low / unit, self.high / unit
        if self.low == -math.inf:
            return f"< {high:g}"
        if self.high == math.inf:
            return f"> {low:g}"
        return f"{low:g} to {high:g}"

    def __repr__(self) -> str:
        return self.text()


ZERO = Interval(-0.5, 0.5)


def exactly(value: int) -> Interval:
    """The interval that holds one integer.

    >>> exactly(2).text()
    '1.5 to 2.5'
    """
    return Interval(value - 0.5, value + 0.5)


@dataclass(frozen=True)
class Truth:
    """The true value of a quantity in simulated events, shape (n,), in the quantity's own unit: gives its resolution.

    Differences to it are booked within `reach` (display unit) of zero.
    """

    of: Callable[[Candidates], Array]
    reach: float


@dataclass(frozen=True)
class Quantity:
    """Something computed per candidate: shape (n,), or (n, k) for tracks or pairs of tracks.

    `unit` divides values for display and histograms; `bins` is (number, low, high) in that display unit.  `truth`
    is given where its resolution is wanted.
    """

    name: str
    title: str
    of: Callable[[Candidates], Array]
    bins: tuple[int, float, float]
    unit: float = 1.0
    unit_name: str = ""
    truth: Truth | None = None

    @property
    def label(self) -> str:
        return f"{self.title} [{self.unit_name}]" if self.unit_name else self.title


@dataclass(frozen=True)
class Cut:
    """A requirement: every value of the quantity lies within the interval.  One row of the cutflow."""

    quantity: Quantity
    within: Interval

    @property
    def name(self) -> str:
        q = self.quantity
        if self.within.high - self.within.low == 1:
            return f"{q.title} = {self.within.low + 0.5:g}"
        return f"{q.title} {self.within.text(q.unit)} {q.unit_name}".rstrip()

    def passes(self, values: Array) -> NDArray[np.bool_]:
        inside = self.within.mask(values)
        return inside if inside.ndim == 1 else np.asarray(inside.all(axis=1))


@dataclass(frozen=True)
class Region:
    """An interval of a selection's observable.

    `masked` regions stay masked for data until the search's record is in `datasets/unblinding/`; `signal` marks the
    one that the limit is computed in; the others are control regions.  `excluding` is cut out of `within`.
    """

    name: str
    within: Interval
    masked: bool = False
    signal: bool = False
    excluding: Interval | None = None

    def mask(self, values: Array) -> NDArray[np.bool_]:
        """Elementwise membership; NaN is outside."""
        inside = self.within.mask(values)
        if self.excluding is None:
            return inside
        return np.asarray(inside & ((values <= self.excluding.low) | (values >= self.excluding.high)))

    @property
    def width(self) -> float:
        """Length of what is inside."""
        cut_out = 0.0 if self.excluding is None else self.excluding.high - self.excluding.low
        return self.within.high - self.within.low - cut_out

    def text(self, unit: float = 1.0) -> str:
        without = "" if self.excluding is None else f" without {self.excluding.text(unit)}"
        return self.within.text(unit) + without

    @property
    def control(self) -> bool:
        return not (self.masked or self.signal)


@dataclass(frozen=True)
class Selection:
    """One event selection of a search.

    `decay` is the final state looked for, `identify` turns the candidates of a chunk into those identified as
    that final state (`identified_as` is its row in the cutflow), `cuts` are applied in order, `observable` is what
    the regions are intervals of.
    """

    name: str
    decay: str
    candidates: Callable[[Any], Candidates]
    identify: Callable[[Candidates], Candidates]
    identified_as: str
    triggers: tuple[str, ...]
    cuts: tuple[Cut, ...]
    observable: Quantity
    regions: tuple[Region, ...]
    histograms: tuple[Quantity, ...] = ()
    box: tuple[Cut, ...] = ()
    """Cuts that, with the masked intervals, define what stays masked: a subset of `cuts`; the fewer, the more."""
    response: Quantity | None = None
    """A quantity with a true value: what becomes of each true value is booked for simulated samples."""
    weight: Callable[[Candidates], Array] | None = None
    """Extra weight per data candidate, e.g. that of an additional trigger line; shape (n,)."""

    def __post_init__(self) -> None:
        Decay(self.decay)
        unknown = set(self.triggers) - set(TRIGGER_LINES)
        if unknown:
            raise ValueError(f"selection {self.name}: unknown trigger lines {sorted(unknown)}")
        names = [c.name for c in self.cuts]
        if len(set(names)) != len(names):
            raise ValueError(f"selection {self.name}: two cuts share a name: {names}")

    def region(self, name: str) -> Region:
        known = {r.name: r for r in self.regions}
        if name not in known:
            raise KeyError(f"selection {self.name} has no region {name!r}; it has {', '.join(known)}")
        return known[name]

    @property
    def masked(self) -> tuple[Region, ...]:
        return tuple(r for r in self.regions if r.masked or r.signal)

    @property
    def cutflow(self) -> tuple[str, ...]:
        """Names of the cutflow's rows, in order."""
        return ("read", "candidate", "trigger", self.identified_as, *(c.name for c in self.cuts))


@dataclass(frozen=True)
class SearchSamples:
    """Names of the catalogue samples a search uses, by their role."""

    signal: str
    normalisation: str
    backgrounds: tuple[str, ...]
    data: tuple[str, ...]
    normalisation_backgrounds: tuple[str, ...] = ()
    """Backgrounds of the normalisation mode, where they are not those of the signal."""

    @property
    def contaminating(self) -> tuple[str, ...]:
        return self.normalisation_backgrounds or self.backgrounds

    @property
    def all(self) -> tuple[str, ...]:
        names = (self.signal, self.normalisation, *self.backgrounds, *self.contaminating, *self.data)
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Systematic:
    """A relative systematic error shared by the named background samples, fully correlated between them.

    Several of one name are one source with different sizes.
    """

    name: str
    relative: float
    samples: tuple[str, ...]


@dataclass(frozen=True)
class DataDriven:
    """A background taken from data: weighted candidates of control selections times factors.

    `controls` are (name of a control selection, factor).  They are counted region by region; or, where there is an
    interval `over`, in all of it and spread over it evenly.
    """

    mode: str
    controls: tuple[tuple[str, float], ...]
    over: Interval | None = None


@dataclass(frozen=True)
class Tail:
    """A simulated background estimated by its kinematic tail, where few events of large weights are left beside a peak.

    Outside the region `peak` it is what the signal selection leaves of the sample `background` in `peak`, times the
    events of `shape`, a sample of the same decay, in the region for each one in `peak` after the cuts of the
    normalisation, which has these regions, too.
    """

    background: str
    shape: str
    peak: str


@dataclass(frozen=True)
class Counting:
    """The limit is that of the count in the signal region."""


@dataclass(frozen=True)
class PeakScan:
    """A narrow peak in the selection's response quantity, the background from its sidebands.

    `masses` are the hypotheses (MeV), those in `shown` get a row in the table of limits; the half width of the signal
    `window`, the end of the `sideband` and its `bin_width` are in units of the resolution, `within` is the range of
    the spectrum, `order` that of the polynomial.
    """

    masses: tuple[float, ...]
    shown: tuple[float, ...]
    window: float
    sideband: float
    bin_width: float
    within: Interval
    order: int


@dataclass(frozen=True)
class CutScan:
    """A count of the observable above a bound, chosen for each mass by the smallest expected limit.

    `decay` is the simulated family whose true mass spectrum reweights the response, `masses` (MeV) and `shown` as for
    `PeakScan`, `bounds` the candidates in the observable's unit (MeV2).
    """

    decay: str
    masses: tuple[float, ...]
    shown: tuple[float, ...]
    bounds: tuple[float, ...]


Inference = Counting | PeakScan | CutScan


@dataclass(frozen=True)
class PublishedBackground:
    """A background that is not simulated and no data can tell: its published expectation stands in the table.

    `published_region` is the region of the published file that has `mode`; it counts in `region`, times `scale`.
    """

    mode: str
    region: str
    published_region: str
    scale: float = 1.0


@dataclass(frozen=True)
class Search:
    """A search in one data set: selections with the values of that data set."""

    name: str
    title: str
    dataset: str
    paper: str
    signal: Selection
    normalisation: Selection
    samples: SearchSamples
    background_prior: str
    controls: tuple[Selection, ...] = ()
    systematics: tuple[Systematic, ...] = ()
    data_driven: tuple[DataDriven, ...] = ()
    published_backgrounds: tuple[PublishedBackground, ...] = ()
    tails: tuple[Tail, ...] = ()
    mirrored_tail: str | None = None
    """Mode of the part of the resolution's tail that the simulation misses, taken as symmetric about zero: above zero,
    what data have more than the simulation where the observable is its negative."""
    inference: Inference = Counting()
    random_veto: float | None = None
    """Printed loss by accidental activity, where acceptances contain neither it nor the trigger's and N_K is left
    uncorrected for both."""
    signal_branching_fraction: float = 1.0
    """Branching fraction of the signal's daughters, where the acceptance does not contain it."""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.name}/{self.dataset}"

    @property
    def selections(self) -> tuple[Selection, ...]:
        return (self.normalisation, self.signal, *self.controls)

    def control(self, name: str) -> Selection:
        """The control selection of that name; KeyError lists what there is."""
        known = {s.name: s for s in self.controls}
        if name not in known:
            raise KeyError(f"{self.key} has no control selection {name!r}; it has {', '.join(known)}")
        return known[name]

    @property
    def masked_selections(self) -> tuple[Selection, ...]:
        return tuple(s for s in self.selections if s.masked)
