"""The detector's constants, `datasets/detector.yaml`."""

from __future__ import annotations

from functools import cache

from rarekaon.analysis.facts.detector_model import Detector
from rarekaon.analysis.facts.models import read_facts
from rarekaon.analysis.facts.paths import datasets_path


@cache
def detector() -> Detector:
    """The constants in force, read once; ValueError names the file and what is wrong in it."""
    return read_facts(Detector, datasets_path() / "detector.yaml")
