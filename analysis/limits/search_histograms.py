"""What the processor booked for one search in one data set, read as numbers with their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import hist

from rarekaon.analysis.events.exposure import Exposure
from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.declaration import Search, Selection


class MissingHistogramsError(ValueError):
    """The histogram store lacks a sample of the search."""


class EmptySampleError(ValueError):
    """A sample that cannot be divided by: it stands for no decays, or none of its events is selected."""


@dataclass(frozen=True)
class Count:
    """A sum of weights with its variance."""

    value: float = 0.0
    """Sum of the weights."""
    variance: float = 0.0
    """Sum of their squares."""

    def __add__(self, other: Count) -> Count:
        return Count(self.value + other.value, self.variance + other.variance)

    def scaled(self, factor: float) -> Count:
        return Count(self.value * factor, self.variance * factor**2)

    def times(self, other: Count) -> Count:
        """Product of two independent counts, to first order in their errors."""
        variance = self.variance * other.value**2 + other.variance * self.value**2
        return Count(self.value * other.value, variance)

    @property
    def error(self) -> float:
        return math.sqrt(self.variance)

    @property
    def mean_weight(self) -> float:
        """What one event stands for, sum w^2 / sum w; 1 of none."""
        return self.variance / self.value if self.value > 0 else 1.0


@dataclass(frozen=True)
class SearchHistograms:
    """Histograms of one search in one data set."""

    search: Search
    """The search."""
    samples: Mapping[str, Any]
    """`samples[sample][data set][selection][histogram]`."""

    def __post_init__(self) -> None:
        missing = [name for name in self.search.samples.all if name not in self.samples]
        if missing:
            names = ", ".join(missing)
            raise MissingHistogramsError(f"{self.search.key}: no histograms of {names}; run `make histograms`")

    def histogram(self, sample: str, selection: Selection, name: str) -> hist.Hist[Any]:
        histogram: hist.Hist[Any] = self.samples[sample][self.search.dataset][selection.name][name]
        return histogram

    def exposure(self, sample: str) -> Exposure:
        return Exposure.from_numbers(self.samples[sample]["exposure"])

    def weight_in_fv(self, sample: str) -> float:
        """Sum of the weights of a sample's decays in the fiducial volume; EmptySampleError for a sample without any."""
        weight = self.exposure(sample).weight_in_fv
        if not weight > 0:
            raise EmptySampleError(
                f"the sample {sample} stands for {weight:g} decays in the fiducial volume: make it again with more"
            )
        return weight

    def count(self, sample: str, selection: Selection, region: str, *, varied: str = "") -> Count:
        """Sum of weights in a region after all cuts, as booked; `varied`: the end of a variation, "<name> up"."""
        regions = self.histogram(sample, selection, f"regions {varied}" if varied else "regions")
        row = regions.axes[0].index(region)
        view: Any = regions.view()
        return Count(float(view["value"][row]), float(view["variance"][row]))

    def mean_weight(self, sample: str, selection: Selection) -> float:
        """Mean weight, sum w^2 / sum w, of the events after the last cut of a selection that leaves any; of a sample
        without stored events that of its decays."""
        rows: Any = self.histogram(sample, selection, "cutflow").view()
        left = rows[rows["value"] > 0]
        if len(left):
            return Count(float(left["value"][-1]), float(left["variance"][-1])).mean_weight
        exposure = self.exposure(sample)
        return exposure.weight / exposure.generated if exposure.generated else 1.0

    def accepted(self, sample: str, selection: Selection, region: str) -> Count:
        """Sum of weights in a region, the common efficiency of the data set applied."""
        return self.efficient(self.count(sample, selection, region))

    def efficient(self, count: Count) -> Count:
        """A simulated count with the common efficiency of the data set applied."""
        return count.scaled(self.efficiency)

    @property
    def efficiency(self) -> float:
        """Factor on simulated acceptances: the common efficiency of the data set, or what takes the random veto out.

        Accidental activity is simulated event by event: where it belongs to N_K, acceptances are divided by what it
        leaves.
        """
        loss = self.search.random_veto
        return conditions().event_efficiency(self.search.dataset) if loss is None else 1 / (1 - loss)

    def acceptance(self, sample: str, selection: Selection, region: str) -> Count:
        """Accepted fraction of the decays in the fiducial volume."""
        return self.accepted(sample, selection, region).scaled(1 / self.weight_in_fv(sample))

    def rate_per_weight(self, sample: str) -> float:
        """Events per kaon decay that a simulated event of weight 1 stands for, the common efficiency included."""
        return branching_fractions()[self.decay(sample)].value * self.efficiency / self.weight_in_fv(sample)

    def rate(self, sample: str, selection: Selection, region: str) -> Count:
        """Selected events per kaon decay: branching fraction times acceptance."""
        return self.count(sample, selection, region).scaled(self.rate_per_weight(sample))

    def data(self, selection: Selection, region: str) -> Count:
        """Weighted data candidates in a region."""
        counts = (self.count(sample, selection, region) for sample in self.search.samples.data)
        return sum(counts, Count())

    @property
    def exposure_share(self) -> float:
        """Part of the bursts of its periods that the data are of: a tenth of quick ones; 1 where they are not known."""
        return min(self._share(sample) for sample in self.search.samples.data)

    def _share(self, sample: str) -> float:
        known, bursts = catalogue().pseudo_data.get(sample), self.exposure(sample).bursts
        periods = [conditions().periods[p] for p in known.periods] if known else conditions().of(self.search.dataset)
        whole = sum(p.bursts_per_run * (p.runs[1] - p.runs[0] + 1) for p in periods)
        read = min(1.0, bursts / whole) if bursts else 1.0
        return read * float(self._left_out(sample).get("share", 1.0))

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is left out of the data, in sentences: files, bursts with bad detectors, bursts that no list has."""
        said = [
            text for sample in self.search.samples.data for text in self._left_out(sample).get("said", "").splitlines()
        ]
        for sample in self.search.samples.data:
            if missing := self.samples[sample].get("missing_files"):
                said.append(f"{sample}: {missing} file{'s are' if missing > 1 else ' is'} missing, with the exposure")
        return tuple(said)

    def _left_out(self, sample: str) -> Mapping[str, Any]:
        parts: Mapping[str, Mapping[str, Any]] = self.samples[sample].get("left_out", {})
        return parts.get(self.search.dataset, {})

    def decay(self, sample: str) -> str:
        """The decay a simulated sample is of."""
        return catalogue().simulated(sample).decay

    def mode(self, sample: str) -> str:
        """Its row in background tables: the decay, or the part of it that the sample has."""
        return catalogue().simulated(sample).mode
