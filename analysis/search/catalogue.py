"""All samples: those of `datasets/catalogue.yaml`, those that channel files declare, and a user's own data."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rarekaon.analysis.facts.models import Catalogue, conditions, shipped_catalogue, user_catalogue
from rarekaon.analysis.facts.paths import datasets_path, user_catalogue_file
from rarekaon.analysis.search.channels import declared_samples


@cache
def catalogue() -> Catalogue:
    """All samples: of the file, of the channel files and of the user's catalogue.

    Raises ValueError for a name that is used twice, and for data of a data set that is not known.
    """
    known = shipped_catalogue().joined({n: s for n, (s, _) in declared_samples().items()})
    own, running = user_catalogue(), conditions()
    for name, sample in own.from_files.items():
        if name in known.names or (name in own.data and name in own.simulation):
            raise ValueError(f"{user_catalogue_file()}: sample {name} is in the catalogue already: choose another name")
        try:
            running.of(sample.dataset)
        except KeyError as error:
            raise ValueError(f"{user_catalogue_file()}: sample {name}: {error.args[0]}") from error
    return known.model_copy(update={"data": {**known.data, **own.data}, "simulation_files": own.simulation})


def catalogue_file() -> Path:
    return datasets_path() / "catalogue.yaml"


def sample_sources() -> dict[str, Path]:
    """The file each sample that can be simulated is declared in."""
    declared, known = declared_samples(), catalogue()
    return {
        name: declared[name][1] if name in declared else catalogue_file()
        for name in (*known.simulation, *known.pseudo_data)
    }
