"""Processors that are small enough to check by hand; importable, so that workers find them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import awkward as ak
import hist
import numpy as np
from coffea.processor import ProcessorABC

from rarekaon.analysis.contract.units import GeV


class ToyProcessor(ProcessorABC):
    """Books a weighted histogram of momenta (10 GeV), whose float sums show any change of order, and event numbers."""

    def process(self, events: Any) -> dict[str, Any]:
        momentum = ak.to_numpy(ak.flatten(events.Track.momentum)).astype(float) / (10 * GeV) - 1
        weight = np.exp(3 * momentum)
        spectrum = hist.new.Reg(20, -3, 3, name="momentum", label="p").Weight()
        spectrum.fill(momentum=momentum, weight=weight)
        chunk = {"events": len(events), "sum": float(weight.sum()), "spectrum": spectrum}
        return {"toy": {events.metadata["dataset"]: chunk}}

    def postprocess(self, accumulator: dict[str, Any]) -> dict[str, Any]:
        return accumulator


class FailingProcessor(ToyProcessor):
    """Fails on the chunk that holds event number `at`, and notes every attempt in the file `log`."""

    def __init__(self, at: int, log: Path) -> None:
        self.at = at
        self.log = log

    def process(self, events: Any) -> dict[str, Any]:
        if self.at in ak.to_numpy(events.event):
            with self.log.open("a") as stream:
                stream.write("attempt\n")
            raise ZeroDivisionError("the toy fell down")
        return super().process(events)


class DyingProcessor(FailingProcessor):
    """Kills the process it runs in on the chunk with event `at`: always, or only the first time."""

    def __init__(self, at: int, log: Path, *, once: bool) -> None:
        super().__init__(at, log)
        self.once = once

    def process(self, events: Any) -> dict[str, Any]:
        if self.at in ak.to_numpy(events.event) and not (self.once and self.log.exists()):
            self.log.touch()
            os._exit(1)
        return ToyProcessor.process(self, events)
