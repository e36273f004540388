"""This package, and those that bring channels, sent to a scheduler and workers that lack them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rarekaon.analysis.search.channels import ENTRY_POINTS

LEFT_OUT = {"__pycache__"}
METADATA = ("METADATA", "entry_points.txt", "PKG-INFO")


def ship(client: Any) -> None:
    """Send the packages to the scheduler, to all workers and to those that will come."""
    from distributed import WorkerPlugin

    install, content = _install(), wheel()

    class Packages(WorkerPlugin):
        """Local to this function, so that it travels whole."""

        name = "rarekaon packages"

        def setup(self, worker: Any) -> None:
            install(content)

    client.run_on_scheduler(install, content)
    client.register_plugin(Packages())


def wheel() -> bytes:
    """The packages as a wheel: their files, and what says which channels they bring."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _files() -> Iterator[tuple[str, bytes]]:
    for top, distribution in sorted(_distributions().items()):
        for folder in map(Path, (find_spec(top) or _none(top)).submodule_search_locations or ()):
            for path in sorted(_below(folder)):
                yield f"{top}/{path.relative_to(folder).as_posix()}", path.read_bytes()
        for name in METADATA:
            text = distribution.read_text(name)
            if text is not None:
                place = f"{distribution.name}-{distribution.version}.dist-info"
                yield f"{place}/{name.replace('PKG-INFO', 'METADATA')}", text.encode()


def _distributions() -> dict[str, Distribution]:
    """Distributions that bring channels, by the package at their top: this one among them."""
    found = ((entry.value.partition(".")[0], entry.dist) for entry in entry_points(group=ENTRY_POINTS))
    return {top: distribution for top, distribution in found if distribution is not None}


def _none(top: str) -> Any:
    raise ModuleNotFoundError(f"package {top}, which an entry point names, cannot be found")


def _below(folder: Path) -> Iterator[Path]:
    """Files of a package, also behind links."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in LEFT_OUT:
            yield from _below(path)
        elif path.is_file():
            yield path


def _install() -> Callable[[bytes], None]:
    """What unpacks the wheel and has it found; local, so that it travels whole."""

    def install(content: bytes) -> None:
        import importlib
        import io
        import sys
        import tempfile
        import zipfile

        place = tempfile.mkdtemp(prefix="rarekaon-")
        zipfile.ZipFile(io.BytesIO(content)).extractall(place)
        sys.path.insert(0, place)
        importlib.invalidate_caches()

    return install
