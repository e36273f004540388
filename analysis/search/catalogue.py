"""All samples: those of `datasets/catalogue.yaml` and those that channel files declare."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rarekaon.analysis.facts.models import Catalogue, read_facts
from rarekaon.analysis.facts.paths import datasets_path
from rarekaon.analysis.search.channels import declared_samples


@cache
def catalogue() -> Catalogue:
    """All samples: of the file and of the channel files."""
    return read_facts(Catalogue, catalogue_file()).joined({n: s for n, (s, _) in declared_samples().items()})


def catalogue_file() -> Path:
    return datasets_path() / "catalogue.yaml"


def sample_sources() -> dict[str, Path]:
    """The file each sample that can be simulated is declared in."""
    declared, known = declared_samples(), catalogue()
    return {
        name: declared[name][1] if name in declared else catalogue_file()
        for name in (*known.simulation, *known.pseudo_data)
    }
