"""Objects of a user's Python file, named on the command line as FILE.py:NAME."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import click


def named(text: str, what: str, example: str) -> tuple[Any, str]:
    """The object of "FILE.py:NAME" and how to call it in messages; the file is executed.

    Raises click.BadParameter, with `what` it should be and an `example`, where there is no such file or name.
    """
    place, colon, name = text.rpartition(":")
    path = Path(place)
    if not colon or not path.is_file():
        raise click.BadParameter(f"{text!r}; write it like {example}, with a file that exists")
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise click.BadParameter(f"{path} is no Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise click.BadParameter(f"{path} has no {what} {name!r}")
    return getattr(module, name), f"{path.name}:{name}"
