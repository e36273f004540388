"""Identification maps on disk: correctionlib's JSON, one correction a probability, evaluated per track."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import correctionlib
import correctionlib.schemav2 as schema
import hist
import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.corrections.control_samples import MAPS, Measured
from rarekaon.analysis.corrections.measurement import probabilities
from rarekaon.analysis.facts.paths import datasets_path
from rarekaon.analysis.results.records import write_text

Float = NDArray[np.float64]
Shift = Literal["nominal", "up", "down"]
SHIFTS: tuple[Shift, ...] = ("nominal", "up", "down")


class UnknownMapError(KeyError):
    """A map that the file does not hold."""


@dataclass(frozen=True)
class IdentificationMaps:
    """Probabilities of identification read from a file."""

    corrections: correctionlib.CorrectionSet

    @classmethod
    def read(cls, path: Path | None = None) -> IdentificationMaps:
        """The maps of a file, by default those that come with the package (`datasets/corrections`)."""
        chosen = path or datasets_path() / "corrections" / "identification.json"
        return cls(correctionlib.CorrectionSet.from_file(str(chosen)))

    def probability(self, name: str, momentum: Float, shift: Shift = "nominal") -> Float:
        """Probability for tracks of `momentum` (MeV), any shape; the outermost bins go on outside.

        Raises UnknownMapError, which lists the maps, for a name that is not there.
        """
        if name not in set(self.corrections):
            raise UnknownMapError(f"no identification map {name!r}; there are {', '.join(self.corrections)}")
        flat = np.asarray(momentum, dtype=np.float64).ravel() / GeV
        return np.asarray(self.corrections[name].evaluate(flat, shift)).reshape(np.shape(momentum))

    def weight(self, names: tuple[str, ...], momentum: Float) -> Float:
        """Probability (n,) that each track i of `momentum` (n, slots) does what `names[i]` says."""
        slots = [self.probability(name, momentum[:, i]) for i, name in enumerate(names)]
        return np.asarray(np.prod(slots, axis=0))


def _correction(measured: Measured, booked: hist.Hist[Any], origin: str) -> schema.Correction:
    value, error = probabilities(booked)
    shifted = {"nominal": value, "up": np.minimum(value + error, 1.0), "down": np.maximum(value - error, 0.0)}
    content = [
        schema.CategoryItem(
            key=shift,
            value=schema.Binning(
                nodetype="binning",
                input="momentum",
                edges=list(measured.edges),
                content=[float(f"{x:.6g}") for x in shifted[shift]],
                flow="clamp",
            ),
        )
        for shift in SHIFTS
    ]
    return schema.Correction(
        name=measured.name,
        description=f"{measured.meaning}; {origin}",
        version=1,
        inputs=[
            schema.Variable(name="momentum", type="real", description="track momentum in GeV/c"),
            schema.Variable(name="shift", type="string", description="nominal, up or down by the statistical error"),
        ],
        output=schema.Variable(name="probability", type="real"),
        data=schema.Category(nodetype="category", input="shift", content=content),
    )


def write_maps(path: Path, booked: Mapping[str, hist.Hist[Any]], origin: str) -> None:
    """Write the maps of the booked counts; `origin` says what they were measured with."""
    corrections = [_correction(m, booked[m.name], origin) for m in MAPS]
    whole = schema.CorrectionSet(schema_version=2, description="particle identification", corrections=corrections)
    write_text(path, whole.model_dump_json(exclude_unset=True, indent=1) + "\n")
