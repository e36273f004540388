"""Identification maps from disk: correctionlib's JSON, one correction a probability, evaluated per track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import correctionlib
import numpy as np
from numpy.typing import NDArray

from rarekaon.analysis.contract.units import GeV
from rarekaon.analysis.facts.paths import datasets_path

Float = NDArray[np.float64]


Shift = Literal["nominal", "up", "down"]


SHIFTS: tuple[Shift, ...] = ("nominal", "up", "down")


class UnknownMapError(KeyError):
    """A map that the file does not hold."""


@dataclass(frozen=True)
class IdentificationMaps:
    """Probabilities of identification read from a file."""

    corrections: correctionlib.CorrectionSet
    """The file as correctionlib has it."""

    @classmethod
    def read(cls, path: Path | None = None) -> IdentificationMaps:
        """The maps of a file, by default those that come with the package (`datasets/corrections`)."""
        chosen = path or datasets_path() / "corrections" / "identification.json"
        return cls(correctionlib.CorrectionSet.from_file(str(chosen)))

    def probability(self, name: str, momentum: Float, shift: Shift = "nominal") -> Float:
        """Probability for tracks of `momentum` (MeV), any shape; the outermost bins go on outside.

        Raises UnknownMapError, which lists the maps, for a name that is not there, ValueError for a momentum that is
        no number: correctionlib would give it the last bin.
        """
        if name not in set(self.corrections):
            raise UnknownMapError(f"no identification map {name!r}; there are {', '.join(self.corrections)}")
        flat = np.asarray(momentum, dtype=np.float64).ravel() / GeV
        if bad := int(np.isnan(flat).sum()):
            raise ValueError(f"momentum is NaN for {bad} of {flat.size} tracks; check the input files")
        return np.asarray(self.corrections[name].evaluate(flat, shift)).reshape(np.shape(momentum))

    def weight(self, names: tuple[str, ...], momentum: Float) -> Float:
        """Probability (n,) that each track i of `momentum` (n, slots) does what `names[i]` says."""
        slots = [self.probability(name, momentum[:, i]) for i, name in enumerate(names)]
        return np.asarray(np.prod(slots, axis=0))
