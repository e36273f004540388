"""The installed channel files, and what they declare.

Channels are found through the entry-point group `rarekaon.searches`, so that another package can add its own.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from rarekaon.analysis.search.declaration import Search

ENTRY_POINTS = "rarekaon.searches"


@cache
def channel_files() -> tuple[ModuleType, ...]:
    """The modules of all installed channel packages, by name within each package."""
    return tuple(
        import_module(f"{package.__name__}.{info.name}")
        for package in (import_module(entry.value) for entry in entry_points(group=ENTRY_POINTS))
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name)
    )


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
    return {name: tuple(datasets.values()) for name, datasets in found.items()}


def search(name: str, dataset: str) -> Search:
    """One search in one data set; KeyError lists what there is."""
    for candidate in searches().get(name, ()):
        if candidate.dataset == dataset:
            return candidate
    known = [s.key for group in searches().values() for s in group]
    raise KeyError(f"no search {name!r} in data set {dataset!r}; there are {', '.join(known)}")
