"""YAML and JSON files that anybody may have written: read strictly, with the place of what is wrong.

A repeated key, a NaN, a tag that would make an object, a bomb of aliases, a directory in place of a file: each is a
`DocumentError` that names the file, the line where there is one, and what to do.  Nothing that is read is executed.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")
Place = tuple[str | int, ...]

LARGEST = 200_000_000
"""Bytes of the largest file that is read."""
DEEPEST, MOST_NODES = 40, 100_000
"""Levels and, with aliases written out, values of the largest YAML document."""
SHOWN = 3
"""Faults that a message lists before it counts the rest."""


class DocumentError(ValueError):
    """A file that cannot be read, or does not say what it should; the message names it, the place and what to do."""


@dataclass(frozen=True)
class Document:
    """What a file says (`content`), and the lines of its parts where the format knows them."""

    path: Path
    content: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int | None:
        """The line of a part, or of what surrounds it; None where no line is known."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return None

    def part(self, key: str, mend: str) -> Document:
        """The part under a key of the outermost mapping; DocumentError if there is none."""
        if not isinstance(self.content, dict) or key not in self.content:
            raise DocumentError(f"{self.path} has no {key!r}; {mend}")
        lines = {place[1:]: line for place, line in self.lines.items() if place[:1] == (key,)}
        return Document(self.path, self.content[key], lines)

    def as_model(self, model: type[T], mend: str) -> T:
        """The content as a pydantic model or dataclass; DocumentError lists what does not fit."""
        try:
            found: T = _adapter(model).validate_python(self.content)
            return found
        except ValidationError as error:
            faults = [self._fault(e["loc"], e["msg"]) for e in error.errors(include_url=False)]
        except RecursionError:
            faults = ["is nested too deeply"]
        more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
        raise DocumentError(f"{self.path}: {'; '.join(faults[:SHOWN])}{more}; {mend}")

    def _fault(self, loc: tuple[int | str, ...], message: str) -> str:
        line = self.line(loc) if self.lines else None
        where = " / ".join(map(str, loc))
        said = message.removeprefix("Value error, ")
        return ": ".join(part for part in (f"line {line}" if line else "", where, said) if part)


def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def read_yaml(path: Path, mend: str) -> Document:
    """Read one YAML document; `mend` says what to do about a file that is none.  Raises DocumentError."""
    path = Path(path)
    text = read_text(path, mend)
    try:
        loader = yaml.CSafeLoader(text)  # which knows data and no objects
        node = loader.get_single_node()
        if node is None:
            raise DocumentError(f"{path} is empty; {mend}")
        lines = _lines_of(node, path, mend)
        return Document(path, loader.construct_document(node), lines)
    except DocumentError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise DocumentError(f"{where}: {_one_line(error.problem or error)}; {mend}") from error
    except Exception as error:  # text of unknown origin can fail in any way
        raise DocumentError(f"{path} is no YAML file ({_one_line(error)}); {mend}") from error


def read_json(path: Path, mend: str) -> Document:
    """Read a JSON file without repeated keys, NaN and infinities.  Raises DocumentError as `read_yaml` does."""
    path = Path(path)
    text = read_text(path, mend)
    try:
        return Document(path, json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"{path}, line {error.lineno}: {error.msg}: the file is damaged or was not written to its end; {mend}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path}: {_one_line(error)}; {mend}") from error


def read_text(path: Path, mend: str) -> str:
    """The text of a regular file in UTF-8.  Raises DocumentError; waits for no pipe and follows no circle of links."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            kind = "a directory" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise DocumentError(f"{path} is {kind}; {mend}")
        if found.st_size > LARGEST:
            raise DocumentError(f"{path} has {found.st_size} bytes, more than such a file can have; {mend}")
        return Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path} is no text: byte {error.start} is not UTF-8; {mend}") from error
    except FileNotFoundError:
        raise DocumentError(f"{path} does not exist; {mend}") from None
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror or error}); {mend}") from error


def _lines_of(root: yaml.Node, path: Path, mend: str) -> dict[Place, int]:
    """Lines of all parts by their place, after a look at what PyYAML lets pass: repeated keys, circles, bombs."""
    lines: dict[Place, int] = {}
    for visited, (place, node) in enumerate(_walk(root, ())):
        if visited > MOST_NODES or len(place) > DEEPEST:
            line = node.start_mark.line + 1
            raise DocumentError(f"{path}, line {line}: more or deeper parts than such a file can have; {mend}")
        lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, _ in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise DocumentError(f"{path}, line {line}: a key is no plain text; {mend}")
                if key.value in seen:
                    raise DocumentError(
                        f"{path}, line {line}: the key {key.value!r} stands there already in line {seen[key.value]}; "
                        f"leave one of them"
                    )
                seen[key.value] = line
    return lines


def _walk(node: yaml.Node, place: Place) -> Iterator[tuple[Place, yaml.Node]]:
    yield place, node
    if len(place) > DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(value, (*place, key.value if isinstance(key, yaml.ScalarNode) else "?"))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield from _walk(value, (*place, i))


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number that a result can have")


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
