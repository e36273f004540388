"""What a value depends on, as a hash: the declarations of a channel by what they say, code by what it does.

A function of a channel file counts with its instructions and with whatever it names: other functions, constants, what
it has enclosed.  A comment or another search in the same file therefore changes nothing.  A function of this package
counts with the sources of its module, of all modules these import, and with the files of `datasets/` they name.
Anything from elsewhere counts with its version.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path, PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from pydantic import BaseModel

from rarekaon.analysis.facts.paths import datasets_path
from rarekaon.analysis.kernels.compiled import PACKAGE, closure, source
from rarekaon.analysis.search.channels import ENTRY_POINTS, channel_files

NAMED = re.compile(r'datasets_path\(\)\s*/\s*"([^"]+)"')
"""How the package names a file or folder of `datasets/`."""
APART = {"unblinding"}
"""Records of unblinding: what they change is what is blind, which counts by itself."""
NOT_OF_A_CLASS = {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__dataclass_fields__"}
"""What every class has, or what describes it without changing what it does."""


class UnknownDependencyError(TypeError):
    """A value of which it is not known what it depends on."""


def fingerprint(*values: Any) -> str:
    """Hash of values and of all code and facts that they reach, the same in every process.

    Raises UnknownDependencyError for a value that cannot be told from another of its kind.
    """
    return _Walk().digest(values).hex()


@cache
def sources(module: str) -> str:
    """Hash of the source of a module of this package, of all it imports, and of the facts these name."""
    hashed = hashlib.sha256()
    files = [path for path in map(source, closure(module)) if path]
    for path in (*files, *_facts(files)):
        hashed.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def _facts(files: Iterable[Path]) -> list[Path]:
    """Files of `datasets/` that source files name, or that stand in a folder they name."""
    named = {name for path in files for name in NAMED.findall(path.read_text())} - APART
    places = [datasets_path() / name for name in sorted(named)]
    return [file for p in places for file in (sorted(p.rglob("*.*")) if p.is_dir() else [p]) if file.is_file()]


@cache
def _channel_packages() -> tuple[str, ...]:
    return tuple(entry.value for entry in entry_points(group=ENTRY_POINTS))


@cache
def _channel_files() -> frozenset[str]:
    """All modules of channels: a user's own are in no package."""
    return frozenset(module.__name__ for module in channel_files())


def _of_a_channel(module: str) -> bool:
    packages = _channel_packages()
    return module in _channel_files() or any(module == p or module.startswith(f"{p}.") for p in packages)


class _Walk:
    """One walk over values: what was met before is named by its number, so that circles end."""

    def __init__(self) -> None:
        self._met: dict[int, int] = {}
        self._alive: list[Any] = []  # an identity is not used again while its object lives

    def digest(self, value: Any) -> bytes:
        kind, parts = self._parts(value)
        hashed = hashlib.sha256(kind.encode() + b"\0")
        for part in parts:
            hashed.update(part if isinstance(part, bytes) else self.digest(part))
        return hashed.digest()

    def _parts(self, value: Any) -> tuple[str, Iterable[Any]]:  # noqa: PLR0911 (a table of kinds)
        """The kind of a value and what it consists of: digests, and values that have one."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes | PurePath):
            return type(value).__name__, [hashlib.sha256(repr(value).encode()).digest()]
        if isinstance(value, np.generic | np.ndarray) and not value.dtype.hasobject:
            return f"array {value.dtype.str} {value.shape}", [hashlib.sha256(value.tobytes()).digest()]
        if id(value) in self._met:
            return "met", [self._met[id(value)].to_bytes(8)]
        self._met[id(value)] = len(self._met)
        self._alive.append(value)
        if isinstance(value, Enum):
            return "member", [type(value), value.name]
        if isinstance(value, tuple | list):
            return f"sequence {len(value)}", value
        if isinstance(value, set | frozenset):
            return f"set {len(value)}", sorted(_Walk().digest(member) for member in value)
        if isinstance(value, Mapping):
            return f"mapping {len(value)}", [part for item in value.items() for part in item]
        if isinstance(value, CodeType):
            return "code", _code(value)
        if isinstance(value, ModuleType):
            return "module", [_module(value.__name__)]
        return _callable(value) or _instance(value)


def _callable(value: Any) -> tuple[str, Iterable[Any]] | None:  # noqa: PLR0911 (a table of kinds)
    inner = getattr(value, "py_func", None) or getattr(value, "__wrapped__", None)
    if inner is not None and not isinstance(value, type):  # compiled, or remembering
        return "wrapped", [type(value).__qualname__, inner]
    if isinstance(value, functools.partial):
        return "partial", [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return "method", [value.__func__, value.__self__]
    if isinstance(value, property | functools.cached_property | staticmethod | classmethod):
        return "descriptor", [getattr(value, name, None) for name in ("fget", "fset", "func", "__func__")]
    if isinstance(value, FunctionType):
        inside = list(_function(value)) if _of_a_channel(value.__module__) else [_module(value.__module__)]
        return "function", [value.__qualname__, _cells(value), value.__defaults__, value.__kwdefaults__, *inside]
    if isinstance(value, type):
        own = _class(value) if _of_a_channel(value.__module__) else []
        return "class", [value.__qualname__, _module(value.__module__), *own]
    if isinstance(value, np.ufunc) or inspect.isbuiltin(value):
        return "builtin", [value.__name__, _module(getattr(value, "__module__", None) or "numpy")]
    return None


def _instance(value: Any) -> tuple[str, Iterable[Any]]:
    if is_dataclass(value):
        return "instance", [type(value), {f.name: getattr(value, f.name) for f in fields(value)}]
    if isinstance(value, BaseModel):
        return "instance", [type(value), value.model_dump(mode="json")]
    state = getattr(value, "__dict__", None)
    if state is None or type(value).__module__ == "builtins":
        raise UnknownDependencyError(f"it is not known what a {type(value).__qualname__} depends on: {value!r}")
    return "instance", [type(value), state]


def _function(function: FunctionType) -> Iterator[Any]:
    """Instructions, and whatever they look up by name."""
    yield function.__code__
    for name in sorted(_names(function.__code__) & function.__globals__.keys()):
        yield name
        yield function.__globals__[name]


def _code(code: CodeType) -> Iterator[Any]:
    loaded = {i.arg for i in dis.get_instructions(code) if i.opname == "LOAD_CONST"}
    constants = code.co_consts if 0 in loaded else code.co_consts[1:]  # the documentation of a function is not loaded
    yield from (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_argcount)


def _names(code: CodeType) -> set[str]:
    """Names that a function and those inside it look up."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _cells(function: FunctionType) -> list[Any]:
    return [cell.cell_contents for cell in function.__closure__ or ()]


def _class(cls: type) -> list[Any]:
    own = {name: value for name, value in sorted(vars(cls).items()) if name not in NOT_OF_A_CLASS}
    return [{name: value for name, value in own.items() if not name.startswith("_abc_")}, cls.__bases__]


def _module(name: str) -> str:
    """What stands for a module: in a channel its name, in this package the hash of its sources, else its version."""
    top = name.partition(".")[0]
    if _of_a_channel(name):
        return name
    if top == PACKAGE:
        return sources(name)
    return f"{name} {getattr(sys.modules.get(top), '__version__', '')}"
