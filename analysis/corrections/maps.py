"""Identification maps on disk: correctionlib's JSON, one correction a probability, evaluated per track."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import correctionlib.schemav2 as schema
import hist
import numpy as np

from rarekaon.analysis.corrections.control_samples import MAPS, TagAndProbe
from rarekaon.analysis.corrections.measurement import probabilities
from rarekaon.analysis.facts.identification_maps import SHIFTS
from rarekaon.analysis.results.records import write_text


def _correction(measured: TagAndProbe, booked: hist.Hist[Any], origin: str) -> schema.Correction:
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
