"""The catalogue: which samples exist, under which conditions the data were taken, and how often kaons decay.

`datasets/*.yaml` hold facts only; they are read here through strict models, so that a misspelt key, a missing unit
or a negative number is an error that names the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from rarekaon.analysis.contract.documents import read_yaml
from rarekaon.analysis.contract.particles import Decay
from rarekaon.analysis.contract.ranges import range_of
from rarekaon.analysis.contract.schema import TRIGGER_LINES, TriggerLine, branches
from rarekaon.analysis.contract.triggers import kept_fraction
from rarekaon.analysis.facts.paths import datasets_path, user_catalogue_file
from rarekaon.analysis.facts.rare_responses import RareResponses

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
PositiveInt = Annotated[int, Field(gt=0)]
T = TypeVar("T", bound=BaseModel)
Files = TypeVar("Files", "DataFiles", "SimulationFiles")
MEND = "correct it (datasets/README.md says what the files hold)"


class Facts(BaseModel):
    """Base of every model of a file in `datasets/`: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Sourced(Facts):
    """Facts that share their source."""

    source: str
    note: str = ""


class Period(Facts):
    """A stretch of running with constant conditions.

    `kaon_decays` are those in the fiducial volume, before any downscaling: what pseudo-data of the period is
    drawn from.  `event_efficiency` is the common factor between simulated acceptances and those that are published for
    the period: losses that are not simulated event by event (trigger).  It is above 1 where the published acceptance
    leaves out losses that are simulated.
    `beam_momentum` in MeV, slopes in rad, offsets at GTK3 in mm.
    """

    runs: tuple[int, int]
    kaon_decays: Annotated[float, Field(gt=0)]
    event_efficiency: Annotated[float, Field(gt=0, le=1.25)]
    downscaling: dict[TriggerLine, PositiveInt]
    beam_momentum: float
    beam_slope_x: float
    beam_slope_y: float
    beam_x: float
    beam_y: float
    bursts_per_run: PositiveInt
    note: str

    @model_validator(mode="after")
    def _runs_ascend(self) -> Period:
        if self.runs[0] > self.runs[1]:
            raise ValueError(f"runs {self.runs} do not ascend")
        missing = [line for line in TRIGGER_LINES if line not in self.downscaling]
        if missing:
            raise ValueError(f"downscaling has no factor of {', '.join(missing)}: give every trigger line one")
        return self

    @model_validator(mode="after")
    def _plausible(self) -> Period:
        for name in ("beam_momentum", "beam_slope_x", "beam_slope_y", "beam_x", "beam_y"):
            value, allowed = getattr(self, name), range_of(name)
            if not allowed.low <= value <= allowed.high:
                unit = branches(truth=False)[name].unit
                guess = allowed.guess(np.array([value]), unit)
                raise ValueError(
                    f"{name} {value:g} is not between {allowed.low:g} and {allowed.high:g} {unit}"
                    + f" ({guess})" * bool(guess)
                )
        return self


class DataSet(Facts):
    """A data set, the periods whose events it is made of, and which of their bursts are left out.

    The searches of data set `like` are made in it, too.  `bad_quality` are the bits of `Bursts.quality` that exclude a
    burst, "any" of them or some.  `good_runs` lists bursts (first, last) by run; what is not on it is left out, nothing
    where there is no list.
    """

    periods: tuple[str, ...]
    like: str = ""
    bad_quality: Literal["any"] | tuple[Annotated[int, Field(ge=0, lt=32)], ...] = "any"
    good_runs: dict[int, tuple[tuple[int, int], ...]] | None = None
    note: str = ""

    @property
    def quality_mask(self) -> int:
        """The bits of a quality mask that exclude a burst."""
        return 2**32 - 1 if self.bad_quality == "any" else sum(2**bit for bit in set(self.bad_quality))


class Conditions(Facts):
    """`datasets/conditions.yaml`: periods and the data sets made of them."""

    periods: dict[str, Period]
    datasets: dict[str, DataSet]

    @model_validator(mode="after")
    def _consistent(self) -> Conditions:
        for name, dataset in self.datasets.items():
            unknown = set(dataset.periods) - set(self.periods)
            if unknown:
                raise ValueError(f"data set {name} names unknown periods {sorted(unknown)}")
            if dataset.like and dataset.like not in self.datasets:
                raise ValueError(f"data set {name} is like {dataset.like}, which is none of {', '.join(self.datasets)}")
        spans = sorted(p.runs for p in self.periods.values())
        for before, after in pairwise(spans):
            if after[0] <= before[1]:
                raise ValueError(f"periods overlap in runs {after[0]}-{before[1]}")
        return self

    def of(self, dataset: str) -> tuple[Period, ...]:
        """The periods of a data set, a period's name standing for it alone; KeyError lists the known data sets."""
        if dataset in self.periods and dataset not in self.datasets:
            return (self.periods[dataset],)
        if dataset not in self.datasets:
            raise KeyError(f"unknown data set {dataset!r}; known: {', '.join(self.datasets)}")
        return tuple(self.periods[name] for name in self.datasets[dataset].periods)

    def dataset(self, name: str) -> DataSet:
        """A data set, or a period as one; KeyError lists the known data sets."""
        self.of(name)
        return self.datasets.get(name, DataSet(periods=(name,)))

    def event_efficiency(self, dataset: str) -> float:
        """The common efficiency of a data set: the mean over its periods, weighted with their kaon decays."""
        periods = self.of(dataset)
        total = sum(p.kaon_decays for p in periods)
        return sum(p.kaon_decays * p.event_efficiency for p in periods) / total

    def kaon_decays(self, dataset: str, lines: tuple[TriggerLine, ...]) -> float:
        """Kaon decays in the fiducial volume seen through the logical OR of downscaled trigger lines."""
        return sum(
            p.kaon_decays * float(kept_fraction([p.downscaling[line] for line in lines])) for p in self.of(dataset)
        )


class SimulatedSample(Facts):
    """Decays of one mode from the fast simulation, for acceptances and backgrounds.

    `decays` are generated (fewer with `--quick`) and the events of `stream` stored; (seed, block) fix every random
    number.  `mass` (MeV) is that of the particle whose mass the search sets.  `part` names what the stream keeps
    of the decay, where a paper's background table has rows for parts.  With `upstream` these are the decays upstream of
    GTK3, which no other sample of a stream of an analysis has.
    """

    decay: str
    part: str = ""
    stream: Name
    upstream: bool = False
    decays: PositiveInt
    quick: PositiveInt
    seed: PositiveInt
    mass: Annotated[float, Field(ge=0)] | None = None
    rare_responses: RareResponses = RareResponses()
    note: str = ""

    @property
    def mode(self) -> str:
        """The sample's row in background tables."""
        return f"{self.decay}, {self.part}" if self.part else self.decay


class PrescaledClass(Facts):
    """Single-track events of which the experiment keeps one in `factor`: those that have no squared missing mass
    outside the interval (MeV2), computed with the mass of `particle`.

    The downscaling of `line` is multiplied.

    `modes` are so frequent that they are drawn inside the class only; `outside_only` are parts of them that are drawn
    outside only.
    """

    squared_missing_mass: tuple[float, float]
    factor: PositiveInt
    modes: tuple[str, ...] = ()
    outside_only: tuple[str, ...] = ()
    particle: Literal["mu+", "pi+"] = "mu+"
    line: TriggerLine = "minimum_bias"


class PseudoData(Facts):
    """A data sample drawn from simulated Standard Model modes: unweighted, triggered, without truth.

    Only the events of `stream` that one of `lines` fired for are stored; `inject` adds modes with an assumed branching
    fraction, e.g. a signal, and `stand_ins` are decays in place of what none of the modes makes.  `exposure` is the
    part of the periods' kaon decays the sample stands for.  Of a stream of frequent events one in `prescale` is kept,
    of a `prescaled_class` in any stream one in its own factor: both multiply the downscalings that the events carry.
    The responses of the modes `drawn_in_full` are drawn without Russian roulette before, where it tells little of the
    weight of an event.
    """

    periods: tuple[str, ...]
    modes: tuple[str, ...]
    stream: Name
    lines: tuple[TriggerLine, ...] = ("minimum_bias", "MT", "eMT", "muMT", "dimuon")
    seed: PositiveInt
    prescale: PositiveInt = 1
    exposure: Annotated[float, Field(gt=0, le=1)] = 1.0
    prescaled_class: PrescaledClass | None = None
    drawn_in_full: tuple[str, ...] = ()
    inject: dict[str, Annotated[float, Field(gt=0, lt=1)]] = {}
    stand_ins: dict[str, Annotated[float, Field(gt=0, lt=1)]] = {}
    note: str = ""


class DataFiles(Facts):
    """A data sample taken from files: paths or glob patterns.

    Every search of `dataset` that reads `stream` takes it, in place of pseudo-data; without a stream, every search of
    the data set.  Events are in the tree `tree`, in the contract's branches or those of a branch `map`: one that is
    shipped, or a file.
    """

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    dataset: str
    stream: Name | None = None
    tree: str = ""
    map: str = ""
    note: str = ""


class SimulationFiles(Facts):
    """A simulated sample taken from files, which any program wrote: paths or glob patterns.

    Every search of `dataset` takes it in place of its own sample of the same `decay`, `part` and, if that is given,
    `stream`.  `generated` are the decays that were generated, kept or not; `weight` is the sum of their weights, by
    default as many, and `weight_in_fv` the part of it inside the fiducial volume, by default all.
    Files that have a tree `Generation` need none of them.  `tree` and `map` are as in data.
    """

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    decay: str
    dataset: str
    part: str = ""
    stream: Name | None = None
    generated: PositiveInt | None = None
    weight: Annotated[float, Field(gt=0)] | None = None
    weight_in_fv: Annotated[float, Field(gt=0)] | None = None
    tree: str = ""
    map: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _stands_for_something(self) -> SimulationFiles:
        Decay(self.decay.partition(",")[0])
        if self.generated is None and (self.weight is not None or self.weight_in_fv is not None):
            raise ValueError("a weight needs the number of decays that it is of: `generated`")
        return self

    @property
    def mode(self) -> str:
        """The sample's row in background tables."""
        return f"{self.decay}, {self.part}" if self.part else self.decay

    def replaces(self, sample: SimulatedSample) -> bool:
        """Whether it is of the same decay as a sample that could be simulated here."""
        return self.mode == sample.mode and not sample.upstream and self.stream in (None, sample.stream)


class Catalogue(Facts):
    """The samples by name: those of `datasets/catalogue.yaml`, and what channel files add to them."""

    simulation: dict[Name, SimulatedSample]
    pseudo_data: dict[Name, PseudoData]
    data: dict[Name, DataFiles] = {}
    simulation_files: dict[Name, SimulationFiles] = {}

    @model_validator(mode="after")
    def _names_differ(self) -> Catalogue:
        names = [*self.simulation, *self.pseudo_data, *self.data, *self.simulation_files]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"sample names used twice: {twice}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.simulation, *self.pseudo_data, *self.data, *self.simulation_files)

    def simulated(self, name: str) -> SimulatedSample | SimulationFiles:
        """A sample of simulation, of this program or of another; KeyError if it is none."""
        return self.simulation_files[name] if name in self.simulation_files else self.simulation[name]

    def from_files(self, name: str) -> DataFiles | SimulationFiles | None:
        """A sample that is taken from files; None if it is none."""
        return self.data.get(name) or self.simulation_files.get(name)

    def joined(self, added: Mapping[str, object]) -> Catalogue:
        """This catalogue with more samples; ValueError for a name it has already and for what is no sample."""
        simulation = {n: s for n, s in added.items() if isinstance(s, SimulatedSample)}
        pseudo_data = {n: s for n, s in added.items() if isinstance(s, PseudoData)}
        wrong = sorted({*added} & {*self.names} | {*added} - {*simulation} - {*pseudo_data})
        if wrong:
            raise ValueError(f"{', '.join(wrong)} of a channel file: a SimulatedSample or PseudoData with a new name")
        return Catalogue(
            simulation=self.simulation | simulation, pseudo_data=self.pseudo_data | pseudo_data, data=self.data
        )


class UserCatalogue(Facts):
    """What a user adds to what is shipped: `channels` are channel files, the rest is as in `datasets/`.

    Relative paths count from the folder of its file.
    """

    channels: tuple[str, ...] = ()
    periods: dict[Name, Period] = {}
    datasets: dict[Name, DataSet] = {}
    data: dict[Name, DataFiles] = {}
    simulation: dict[Name, SimulationFiles] = {}

    @property
    def from_files(self) -> dict[str, DataFiles | SimulationFiles]:
        """Its samples by name."""
        return {**self.data, **self.simulation}

    def placed(self, folder: Path) -> UserCatalogue:
        """The same with absolute paths."""

        def absolute(name: str) -> str:
            return name if "://" in name else str(folder / name)

        def there(sample: Files) -> Files:
            files = tuple(absolute(place) for place in sample.files)
            return sample.model_copy(
                update={"files": files, "map": absolute(sample.map) if "." in sample.map else sample.map}
            )

        return self.model_copy(
            update={
                "channels": tuple(absolute(name) for name in self.channels),
                "data": {name: there(sample) for name, sample in self.data.items()},
                "simulation": {name: there(sample) for name, sample in self.simulation.items()},
            }
        )


def read_facts(model: type[T], path: Path) -> T:
    """Read a YAML file through a strict model; DocumentError names the file, the line and what is wrong there."""
    return read_yaml(path, MEND).as_model(model, MEND)


@cache
def user_catalogue() -> UserCatalogue:
    """What a user adds (`facts.paths.user_catalogue_file`), if anything; ValueError says what is wrong in its file."""
    path = user_catalogue_file()
    return UserCatalogue() if path is None else read_facts(UserCatalogue, path).placed(path.parent)


@cache
def conditions() -> Conditions:
    """Those of `datasets/conditions.yaml` and of the user's catalogue; ValueError where the two do not go together."""
    shipped, own = read_facts(Conditions, datasets_path() / "conditions.yaml"), user_catalogue()
    try:
        twice = sorted({*shipped.periods} & {*own.periods} | {*shipped.datasets} & {*own.datasets})
        if twice:
            raise ValueError(f"{', '.join(twice)} is shipped: choose another name")
        return Conditions(periods=shipped.periods | own.periods, datasets=shipped.datasets | own.datasets)
    except ValueError as error:
        raise ValueError(f"{user_catalogue_file()}: {error}") from error


@cache
def shipped_catalogue() -> Catalogue:
    """The samples of `datasets/catalogue.yaml`."""
    return read_facts(Catalogue, datasets_path() / "catalogue.yaml")
