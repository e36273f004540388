"""What a channel declares, as frozen data that everything else is derived from; `search.channels` finds the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.particles import Decay
from rarekaon.analysis.contract.schema import TRIGGER_LINES
from rarekaon.analysis.search.inference import COUNTING, Inference

if TYPE_CHECKING:
    from rarekaon.analysis.events.candidates import Candidates

Array = NDArray[Any]


ZERO = Interval(-0.5, 0.5)


def exactly(value: int) -> Interval:
    """The interval that holds one integer.

    >>> exactly(2).text()
    '1.5 to 2.5'
    """
    return Interval(value - 0.5, value + 0.5)


@dataclass(frozen=True)
class Truth:
    """The true value of a quantity in simulated events, which gives its resolution."""

    of: Callable[[Candidates], Array]
    """Gives the value, shape (n,), in the quantity's own unit."""
    reach: float
    """Differences up to this (display unit) are booked."""
    bin_width: float = 0.05
    """Of the difference (display unit), where it is booked for each true value."""


@dataclass(frozen=True)
class Quantity:
    """Something computed for each candidate."""

    name: str
    """Key in the output."""
    title: str
    """What tables and axes call it."""
    of: Callable[[Candidates], Array]
    """Gives the values, shape (n,), or (n, k) for tracks or pairs of tracks."""
    bins: tuple[int, float, float]
    """(number, low, high) of its histogram, in the display unit."""
    unit: float = 1.0
    """Divides values for display."""
    unit_name: str = ""
    """Name of that unit."""
    truth: Truth | None = None
    """Its true value, where the resolution is wanted."""

    @property
    def label(self) -> str:
        return f"{self.title} [{self.unit_name}]" if self.unit_name else self.title


@dataclass(frozen=True)
class Cut:
    """A requirement, and one row of the cutflow."""

    quantity: Quantity
    """What is cut on."""
    within: Interval
    """The interval that every value must lie in."""

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
    """An interval of a selection's observable: signal, masked or control."""

    name: str
    """Key in the output."""
    within: Interval
    """The interval."""
    masked: bool = False
    """Whether data in it are masked until a record is in `datasets/unblinding/`."""
    signal: bool = False
    """Whether the limit is computed in it."""
    excluding: Interval | None = None
    """An interval that is cut out of `within`."""

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
    """One event selection of a search."""

    name: str
    """Key in the output."""
    decay: str
    """The final state looked for."""
    candidates: Callable[[Any], Candidates]
    """Finds the candidates of a chunk."""
    identify: Callable[[Candidates], Candidates]
    """Keeps those that are identified as the final state."""
    identified_as: str
    """Row of these in the cutflow."""
    triggers: tuple[str, ...]
    """Trigger lines, any of which must fire."""
    cuts: tuple[Cut, ...]
    """Applied in this order."""
    observable: Quantity
    """What the regions are intervals of."""
    regions: tuple[Region, ...]
    """Signal, masked and control regions."""
    histograms: tuple[Quantity, ...] = ()
    """Further quantities, booked after all cuts."""
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
    """Names of the catalogue samples that a search uses, by their role."""

    signal: str
    """The signal decay."""
    normalisation: str
    """The normalisation decay."""
    backgrounds: tuple[str, ...]
    """Simulated backgrounds."""
    data: tuple[str, ...]
    """Data or pseudo-data."""
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
    """A relative systematic error, fully correlated between the samples it is of."""

    name: str
    """Its source; several of one name are one source with different sizes."""
    relative: float
    """Its size."""
    samples: tuple[str, ...]
    """The background samples it is of."""


@dataclass(frozen=True)
class ShapeSystematic:
    """A source of systematic error that is simulated: the same events, one standard deviation up and down.

    Up and down are booked in the same pass as the events themselves, after the selections of signal and normalisation.
    Each of its samples moves with it; what moves the acceptances of signal and normalisation alike cancels.
    """

    name: str
    """Its source."""
    up: Callable[[Any], Any]
    """Gives the columns of events as they are one standard deviation up."""
    down: Callable[[Any], Any]
    """The same, down."""
    samples: tuple[str, ...]
    """The simulated samples it is of: backgrounds, the signal, the normalisation."""

    def ends(self) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
        """Both ends with the names of their histograms: "<histogram> <name> up"."""
        return ((f"{self.name} up", self.up), (f"{self.name} down", self.down))


@dataclass(frozen=True)
class DataDriven:
    """A background taken from data: weighted candidates of control selections times factors."""

    mode: str
    """Its row in background tables."""
    controls: tuple[tuple[str, float], ...]
    """(name of a control selection, factor)."""
    over: Interval | None = None
    """Interval in which candidates are counted and spread evenly; None: they are counted region by region."""


@dataclass(frozen=True)
class Tail:
    """A simulated background estimated by its kinematic tail, where few events of large weights are left beside a peak.

    The signal selection says how many events are left in the peak. The normalisation selection, which needs the same
    regions, says how many are in another region for each one in the peak.
    """

    background: str
    """The sample whose peak is counted after the signal selection."""
    shape: str
    """A sample of the same decay, for the shape after the normalisation selection."""
    peak: str
    """The region of the peak."""


@dataclass(frozen=True)
class PublishedBackground:
    """A background that is not simulated and that no data can tell: its published expectation is used."""

    mode: str
    """Its row in background tables."""
    region: str
    """The region it counts in."""
    published_region: str
    """The region of the published file that has it."""
    scale: float = 1.0
    """Factor on the published number."""


@dataclass(frozen=True)
class KnownAcceptance:
    """A decay whose acceptance is published for a selection that no limit uses, and that tells how well tracks are
    simulated.

    The first region of the selection counts; no common efficiency is applied, as nothing but the simulation decides.
    """

    sample: str
    """The simulated sample, which no other selection of the search looks at."""
    selection: Selection
    """The selection; its name is that of the published number."""


@dataclass(frozen=True)
class Search:
    """A search in one data set."""

    name: str
    """Key in the output and on the command line."""
    title: str
    """What tables call it."""
    dataset: str
    """The data set, one of `datasets/conditions.yaml`."""
    paper: str
    """Where it is published."""
    signal: Selection
    """Selection of the signal."""
    normalisation: Selection
    """Selection of the normalisation mode."""
    samples: SearchSamples
    """The samples it uses."""
    background_prior: str
    """What the error of the background means, see `Background`."""
    controls: tuple[Selection, ...] = ()
    """Control selections."""
    systematics: tuple[Systematic, ...] = ()
    """Systematic errors of the background."""
    shape_systematics: tuple[ShapeSystematic, ...] = ()
    """Systematic errors of the background and of the signal's acceptance that are simulated."""
    data_driven: tuple[DataDriven, ...] = ()
    """Backgrounds taken from data."""
    published_backgrounds: tuple[PublishedBackground, ...] = ()
    """Backgrounds taken from the publication."""
    tails: tuple[Tail, ...] = ()
    """Backgrounds estimated by their tail."""
    mirrored_tail: str | None = None
    """Row of the resolution's tail that the simulation misses: what data have in excess below zero, mirrored."""
    inference: Inference = COUNTING
    """How the limit is made."""
    random_veto: float | None = None
    """Published loss by accidental activity, where neither N_K nor acceptances are corrected for it."""
    signal_branching_fraction: float = 1.0
    """Branching fraction of the signal's daughters, where the acceptance does not contain it."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What a reader should know, by subject."""
    box_of: str | None = None
    """The search whose box this one shares: it has no record of its own and opens with that one's."""
    references: tuple[KnownAcceptance, ...] = ()
    """Decays that the simulation is compared with the publication on."""

    @property
    def key(self) -> str:
        return f"{self.name}/{self.dataset}"

    @property
    def selections(self) -> tuple[Selection, ...]:
        return (self.normalisation, self.signal, *self.controls)

    @property
    def sample_names(self) -> tuple[str, ...]:
        """The samples of the search and those of its references."""
        return tuple(dict.fromkeys((*self.samples.all, *(r.sample for r in self.references))))

    def selections_of(self, sample: str) -> tuple[Selection, ...]:
        """The selections that look at a sample."""
        compared = tuple(r.selection for r in self.references if r.sample == sample)
        return compared if compared and sample not in self.samples.all else (*self.selections, *compared)

    def with_samples(self, others: Mapping[str, str]) -> Search:
        """The same search with other samples of simulation, by the names of those whose place they take."""
        if not others:
            return self

        def name(sample: str) -> str:
            return others.get(sample, sample)

        def names(samples: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(map(name, samples)))

        samples = replace(
            self.samples,
            signal=name(self.samples.signal),
            normalisation=name(self.samples.normalisation),
            backgrounds=names(self.samples.backgrounds),
            normalisation_backgrounds=names(self.samples.normalisation_backgrounds),
        )
        return replace(
            self,
            samples=samples,
            systematics=tuple(replace(s, samples=names(s.samples)) for s in self.systematics),
            shape_systematics=tuple(replace(s, samples=names(s.samples)) for s in self.shape_systematics),
            tails=tuple(replace(t, background=name(t.background), shape=name(t.shape)) for t in self.tails),
        )

    def control(self, name: str) -> Selection:
        """The control selection of that name; KeyError lists what there is."""
        known = {s.name: s for s in self.controls}
        if name not in known:
            raise KeyError(f"{self.key} has no control selection {name!r}; it has {', '.join(known)}")
        return known[name]

    @property
    def masked_selections(self) -> tuple[Selection, ...]:
        return tuple(s for s in self.selections if s.masked)
