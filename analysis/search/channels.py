"""The installed channel files, and what they declare.

Channels are found through the entry-point group `rarekaon.searches`, so that another package can add its own, and in
the user's catalogue, whose data take the place of pseudo-data.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from rarekaon.analysis.facts.models import PseudoData, SimulatedSample, shipped_catalogue, user_catalogue
from rarekaon.analysis.facts.paths import user_catalogue_file
from rarekaon.analysis.search.declaration import Search

ENTRY_POINTS = "rarekaon.searches"


@cache
def channel_files() -> tuple[ModuleType, ...]:
    """The modules of all installed channel packages, by name within each package, and those of the user's catalogue."""
    installed = (
        import_module(f"{package.__name__}.{info.name}")
        for package in (import_module(entry.value) for entry in entry_points(group=ENTRY_POINTS))
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name)
    )
    return *installed, *(_of_file(Path(name)) for name in user_catalogue().channels)


def _of_file(path: Path) -> ModuleType:
    """A channel file that is part of no package; FileNotFoundError, or ValueError for one that declares nothing."""
    if not path.is_file():
        raise FileNotFoundError(f"no channel file {path} ({user_catalogue_file()})")
    name = f"rarekaon_channel_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file: a channel file ends in .py")
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "SEARCHES"):
        raise ValueError(f"{path} declares no SEARCHES: `kaon new channel NAME` writes an example")
    return module


def declared_samples() -> dict[str, tuple[object, Path]]:
    """Samples that channel files bind to `SAMPLES`, by name, each with the file it stands in.

    Raises ValueError for a name that two files use.
    """
    found: dict[str, tuple[object, Path]] = {}
    for module in channel_files():
        for name, sample in getattr(module, "SAMPLES", {}).items():
            if name in found:
                raise ValueError(f"sample {name} is declared in {found[name][1]} and in {module.__file__}")
            found[name] = sample, Path(str(module.__file__)).resolve()
    return found


@cache
def searches() -> dict[str, tuple[Search, ...]]:
    """All declared searches by name, one `Search` per data set, from every installed channel file.

    Raises ValueError where two channel files declare the same search and data set, and RuntimeError where no channel
    is installed: without declarations nothing would be blind.
    """
    found: dict[str, dict[str, Search]] = {}
    for module in channel_files():
        for search in module.SEARCHES:
            datasets = found.setdefault(search.name, {})
            if search.dataset in datasets:
                raise ValueError(f"{search.key} is declared twice, the second time in {module.__name__}")
            datasets[search.dataset] = search
    if not found:
        raise RuntimeError("no channels are installed; run `pip install -e .` in the repository (`make` does)")
    return {name: tuple(with_user_data(tuple(datasets.values()))) for name, datasets in found.items()}


def check_names(names: Iterable[str]) -> None:
    """Whether all of these searches are declared; KeyError names those that are not."""
    unknown = set(names) - set(searches())
    if unknown:
        raise KeyError(f"unknown searches {sorted(unknown)}; known: {', '.join(searches())}")


def samples_of(names: Iterable[str]) -> tuple[str, ...]:
    """The samples that these searches read, each once."""
    return tuple(dict.fromkeys(sample for name in names for s in searches()[name] for sample in s.sample_names))


def with_user_data(declared: tuple[Search, ...]) -> Iterator[Search]:
    """Searches with the user's data in place of pseudo-data, and those in the user's data sets."""
    for search in declared:
        yield _with_data(search, search)
        for name, dataset in user_catalogue().datasets.items():
            if dataset.like == search.dataset:
                elsewhere = _with_data(replace(search, dataset=name), search)
                if elsewhere.samples.data != search.samples.data:
                    yield elsewhere


def _simulation_of_user(search: Search) -> dict[str, str]:
    """The user's simulation that takes the place of a search's samples, by the name of each; ValueError for two."""
    known = shipped_catalogue().simulation | {
        name: sample for name, (sample, _) in declared_samples().items() if isinstance(sample, SimulatedSample)
    }
    found: dict[str, str] = {}
    for name, own in user_catalogue().simulation.items():
        for taken in (n for n in search.samples.all if n in known and own.replaces(known[n])):
            if own.dataset == search.dataset and found.setdefault(taken, name) != name:
                raise ValueError(
                    f"{user_catalogue_file()}: {found[taken]} and {name} are both in place of {taken} in {search.key}: "
                    f"name all files in one sample"
                )
    return found


def _with_data(search: Search, declared: Search) -> Search:
    """The search with the user's data of its data set, in the streams that the declared data are of, and simulation."""
    pseudo_data = shipped_catalogue().pseudo_data | {
        name: sample for name, (sample, _) in declared_samples().items() if isinstance(sample, PseudoData)
    }
    streams = {pseudo_data[name].stream for name in declared.samples.data if name in pseudo_data}
    own = tuple(
        name
        for name, sample in user_catalogue().data.items()
        if sample.dataset == search.dataset and (sample.stream is None or sample.stream in streams)
    )
    if own:
        search = replace(search, samples=replace(search.samples, data=own))
    return search.with_samples(_simulation_of_user(search))


def search(name: str, dataset: str) -> Search:
    """One search in one data set; KeyError lists what there is."""
    for candidate in searches().get(name, ()):
        if candidate.dataset == dataset:
            return candidate
    known = [s.key for group in searches().values() for s in group]
    raise KeyError(f"no search {name!r} in data set {dataset!r}; there are {', '.join(known)}")
