"""What the five papers publish: inputs and results of every search, from `datasets/published/*.yaml`.

    >>> paper = published("pi_ee", "2016-2018")
    >>> paper.kaon_decays.value, paper.acceptance_signal.value
    (1015000000000.0, 0.0432)
    >>> paper.regions["lower"].total.expected
    8.6

Masses are in MeV, squared masses in MeV^2, lengths in mm, times in ns; everything else is a pure number.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rarekaon.analysis.facts.models import read_facts
from rarekaon.analysis.facts.paths import datasets_path

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Error = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Strict(BaseModel):
    """A frozen record; unknown fields and NaN are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(Strict):
    """A published number.  `error` is one total error, or its parts stat, syst and ext in quadrature."""

    value: Finite
    total_error: Error | None = Field(default=None, alias="error")
    stat: Error | None = None
    syst: Error | None = None
    ext: Error | None = None
    digits: int | None = Field(default=None, ge=1, description="significant digits published")
    where: str = ""

    @property
    def error(self) -> float:
        """Total error as published, or the quadrature of the published parts (0 if none is published)."""
        if self.total_error is not None:
            return self.total_error
        return math.sqrt(sum(part**2 for part in (self.stat, self.syst, self.ext) if part is not None))

    def agrees(self, number: float) -> bool:
        """Whether `number`, rounded to the digits published, is the published number."""
        return self.digits is not None and rounded(number, self.digits) == rounded(self.value, self.digits)


class UpperLimit(Value):
    """A published upper limit; `confidence_level` is 0.9 in all five papers."""

    confidence_level: Annotated[float, Field(gt=0, lt=1)] = 0.9


class Estimate(Strict):
    """Expected events of one background mode in one region: a value with its error, or an upper limit."""

    expected: Error = 0.0
    total_error: Error | None = Field(default=None, alias="error")
    stat: Error | None = None
    syst: Error | None = None
    systematics: dict[str, Positive] = Field(
        default={}, description="parts of `syst` by name; parts of one name are fully correlated between modes"
    )
    below: Positive | None = Field(default=None, description="90% CL limit where no simulated event is left")
    note: str = ""

    @property
    def error(self) -> float:
        """Total error as published, or the quadrature of the published parts (0 if none is published)."""
        if self.total_error is not None:
            return self.total_error
        return math.hypot(self.stat or 0.0, self.syst or 0.0)


Bound = Finite | None


class PublishedRegion(Strict):
    """A region of one variable, its background by mode, and what was observed."""

    low: Bound = None
    high: Bound = None
    excludes: str = Field(default="", description="name of a region cut out of this one")
    modes: dict[str, Estimate] = {}
    total: Estimate | None = None
    observed: int | None = Field(default=None, ge=0)
    where: str = ""
    note: str = ""


class Normalisation(Strict):
    """Normalisation decay: candidates (raw and weighted), contamination, branching fraction, acceptance."""

    decay: str
    candidates: Positive
    weighted_candidates: Positive | None = None
    contamination: Annotated[float, Field(ge=0, lt=1)] = 0.0
    branching_fraction: Value
    acceptance: Value
    where: str = ""


class Reference(Strict):
    """Where the numbers are published."""

    title: str
    arxiv: str = ""
    doi: str = ""
    reference: str


class SignalRegionCount(Strict):
    """Background and count the limit is made of.  `prior` is the shape that repeats the published limit."""

    expected: Error
    error: Error
    prior: Literal["fixed", "gamma_posterior", "truncated_gaussian", "lognormal"]
    observed: int = Field(ge=0)
    why_prior: str
    where: str


class Published(Strict):
    """One search on one data set as its paper publishes it."""

    search: str
    dataset: str
    decay: str
    source: Reference
    normalisation: Normalisation | None = None
    kaon_decays: Value | None = None
    acceptance_signal: Value | None = None
    daughter_branching_fraction: Value | None = None
    single_event_sensitivity: Value | None = None
    count: SignalRegionCount | None = None
    variable: str = ""
    regions: dict[str, PublishedRegion] = {}
    controls: dict[str, Value] = {}
    upper_limit: UpperLimit | None = None
    derived_limits: dict[str, UpperLimit] = {}
    signal_events: UpperLimit | None = None
    expected_signal_events: UpperLimit | None = None
    resolutions: dict[str, Value] = {}
    cut_losses: dict[str, Value] = {}
    facts: dict[str, Value] = {}
    references: dict[str, Value] = Field(
        default={}, description="acceptances of selections that no limit uses, in the fiducial volume, without trigger"
    )
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _excluded_regions_exist(self) -> Published:
        unknown = {region.excludes for region in self.regions.values()} - {"", *self.regions}
        if unknown:
            raise ValueError(f"regions excludes unknown regions {sorted(unknown)}")
        return self


def rounded(number: float, digits: int) -> Decimal:
    """`number` rounded to `digits` significant digits, half away from zero, as a published number is."""
    exact = Decimal(repr(number))
    quantum = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return exact.quantize(quantum, rounding=ROUND_HALF_UP)


@cache
def all_published() -> dict[tuple[str, str], Published]:
    """Every file of `datasets/published`, by (search, data set), in the order of the file names.

    Raises pydantic.ValidationError for a file that does not follow the models, ValueError for a repeated search.
    """
    found: dict[tuple[str, str], Published] = {}
    for path in sorted((datasets_path() / "published").glob("*.yaml")):
        paper = read_facts(Published, path)
        if (paper.search, paper.dataset) in found:
            raise ValueError(f"{path}: {paper.search} {paper.dataset} is described twice")
        found[paper.search, paper.dataset] = paper
    return found


def published(search: str, dataset: str) -> Published:
    """The published numbers of one search on one data set; KeyError lists what there is."""
    try:
        return all_published()[search, dataset]
    except KeyError:
        known = ", ".join(" ".join(key) for key in all_published())
        raise KeyError(f"no published numbers of {search} {dataset}; there are: {known}") from None
