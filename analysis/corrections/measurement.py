"""Tag and probe: counts of tracks against momentum by a processor, and the probabilities that they give."""

from __future__ import annotations

from typing import Any

import hist
import numpy as np
from coffea.processor import ProcessorABC
from numpy.typing import NDArray

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.corrections.control_samples import MAPS, Probe, TagAndProbe
from rarekaon.analysis.events.columns import Columns

Float = NDArray[np.float64]


class IdentificationProcessor(ProcessorABC):
    """Books every map of `MAPS` for the sample that holds its control decay; `controls` maps decay to sample name."""

    def __init__(self, pions: str, positrons: str) -> None:
        self.samples = {"pions": pions, "positrons": positrons}

    def process(self, events: Any) -> dict[str, Any]:
        columns = Columns(events)
        weight = columns.event("truth_weight") if columns.simulated else np.ones(len(columns))
        output: dict[str, Any] = {}
        probes: dict[str, Probe] = {}
        for measured in MAPS:
            control = measured.control.__name__
            if self.samples[control] == events.metadata["dataset"]:
                if control not in probes:
                    probes[control] = measured.control(columns, weight)
                output[measured.name] = count(measured, probes[control])
        return output

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


def count(measured: TagAndProbe, probe: Probe) -> hist.Hist[Any]:
    """Tagged tracks, and those of them that pass, against momentum (GeV)."""
    axes = (hist.axis.Variable(measured.edges, name="momentum"), hist.axis.StrCategory(("all", "passed"), name="which"))
    booked = hist.Hist(*axes, storage=hist.storage.Weight())
    tagged = probe.take(np.asarray(measured.tagged(probe)))
    passed = tagged.take(np.asarray(measured.passed(tagged)))
    for name, tracks in (("all", tagged), ("passed", passed)):
        booked.fill(momentum=tracks.momentum / GeV, which=name, weight=tracks.weight)
    return booked


class TooFewTracksError(ValueError):
    """A momentum bin without tracks."""


def probabilities(booked: hist.Hist[Any]) -> tuple[Float, Float]:
    """Share of tracks that pass, and its error, by momentum bin; TooFewTracksError for an empty bin.

    The tracks that pass and those that do not are two independent sums of weights, which give the error. A bin in
    which none or all pass has the error of one track.
    """
    view: Any = booked.view()
    (every, passed), (variance, passed_variance) = view["value"].T, view["variance"].T
    if (every <= 0).any():
        raise TooFewTracksError(
            f"no tracks in momentum bins {np.flatnonzero(every <= 0).tolist()}; simulate more decays"
        )
    share = passed / every
    failed, failed_variance = every - passed, variance - passed_variance
    error = np.sqrt(passed_variance * failed**2 + failed_variance * passed**2) / every**2
    return share, np.maximum(error, variance / every**2)
