"""`run.json`: what the histograms beside it were made of, and whether they still fit.

Of every file of histograms it holds the digest of its bytes, of the code and the facts that make histograms, of the
samples, and the runs for which boxes were open.  Whoever reads histograms reads them through `Histograms`, which
refuses what does not fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rarekaon.analysis.contract.documents import DocumentError, read_json
from rarekaon.analysis.results.provenance import AGAIN, RUN_RECORD, Input, code_parts, fact_parts

CODE = ("analysis/contract", "analysis/corrections", "analysis/events", "analysis/execution", "analysis/facts",
        "analysis/kernels", "analysis/processing", "analysis/search", "analysis/selection", "processors")  # fmt: skip
"""Parts of the code that make histograms."""
FACTS = ("branch_maps", "catalogue.yaml", "conditions.yaml", "corrections", "detector.yaml")
"""Parts of the facts that make histograms; the records of opened boxes count by what they open."""


class StaleError(ValueError):
    """Histograms that are not those the run record speaks of, or were made of something else than what is here now."""


Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MadeOf:
    """What one file of histograms was made of: digests by part, the files read, and the opened runs by search."""

    sha256: str
    code: dict[str, str]
    facts: dict[str, str]
    inputs: tuple[Input, ...]
    opened: dict[str, Spans]

    @property
    def samples(self) -> str:
        """Digest of what identifies the files that were read."""
        return _digest_of_text(str([asdict(i) for i in self.inputs]))


def made_now(path: Path, inputs: tuple[Input, ...], opened: Mapping[str, Spans]) -> MadeOf:
    """What the histograms in the file `path`, written just now, were made of."""
    return MadeOf(digest_of(path), _chosen(code_parts(), CODE), _chosen(fact_parts(), FACTS), inputs, dict(opened))


def made_of(directory: Path) -> dict[str, MadeOf]:
    """What each file of histograms in a directory was made of, by search."""
    document = read_json(directory / RUN_RECORD, AGAIN)
    return document.part("histograms", AGAIN).as_model(dict[str, MadeOf], AGAIN)


def made_before(directory: Path) -> dict[str, MadeOf]:
    """The same of files that are still there, where there is a record that can be read."""
    try:
        return {name: made for name, made in made_of(directory).items() if (directory / f"{name}.zip").is_file()}
    except DocumentError:
        return {}


def check_fits(path: Path, made: MadeOf | None, opened: Mapping[str, Spans], *, opened_since: bool = False) -> None:
    """Compare a file of histograms with its record and with what is here now.  Raises StaleError.

    With `opened_since` boxes may have been opened since then: what was looked at is what the record of the next one
    rests on.
    """
    if made is None:
        raise StaleError(f"{path} is not in {path.with_name(RUN_RECORD)}, so nobody knows what it was made of: {AGAIN}")
    if digest_of(path) != made.sha256:
        raise StaleError(f"{path} was changed after it was written (its digest is not that of {RUN_RECORD}): {AGAIN}")
    for what, then, now in (
        ("code", made.code, _chosen(code_parts(), CODE)),
        ("facts", made.facts, _chosen(fact_parts(), FACTS)),
    ):
        other = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
        if other:
            raise StaleError(f"{path} was made with other {what} than are here now ({', '.join(other)}): {AGAIN}")
    pairs = {n: (made.opened.get(n, ()), opened.get(n, ())) for n in made.opened.keys() | opened.keys()}
    boxes = sorted(
        n for n, (then, now) in pairs.items() if not (set(then) <= set(now) if opened_since else then == now)
    )
    if boxes:
        raise StaleError(f"{path} was made with other boxes open than are open now ({', '.join(boxes)}): {AGAIN}")


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _chosen(parts: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    others = [name for name in parts if name.startswith(("channels ", "own "))]
    return {name: parts.get(name, "absent") for name in (*names, *others)}
