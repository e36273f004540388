"""The records in `datasets/unblinding/`: who opened which box, when, why and on what.

A record is written by `kaon unblind` and carries a digest of its content, so that one that was written or changed by
hand is noticed.  It is no signature: whoever has the source can compute it, and his record then stands by name in
every result (docs/blinding.md).
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rarekaon.analysis.contract.documents import Document, DocumentError, read_yaml
from rarekaon.analysis.facts.models import Facts
from rarekaon.analysis.facts.paths import datasets_path

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Events = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[str, Field(pattern=r"\w[\s\S]*\w")]
"""Text with something in it: at least two letters or digits."""

FORGED = "it was not written by `kaon unblind`, or was changed since: take it away and open the box with `kaon unblind`"

FIRST_RECORDS = frozenset(
    {
        "33a80330e07419772ed5f331bef67b8e17454919fe17d007a7af6bb0f33cff97",  # mu_n_2016-2018
        "15f79d7349f4f175766b460044ddfb28e423eb377de48c7df6bb0d92eabd3a16",  # mu_nu_ee_2016-2018
        "baa176cd19f39d157150486ef4f0429f7e7fa0dd5ebde1cca00575546454b40e",  # mu_nu_nu_nu_2016-2018
        "691aa775bb4cd461cdf288cf42baae139e7c9f5b0f9ac0804ca7ec763309aadb",  # mu_nu_x_scalar_2016-2018
        "7582aa42059a53d0b4c0a367f78ff511e84c131727f9fa7b29d8a01cbe6c9946",  # mu_nu_x_vector_2016-2018
        "5abb316a0db7d6b9690ce93985c9acab874973f1d2968d0bf7273d7bb4917012",  # pi_ee_2016-2018
        "f4828360ad2e7d24590efcb58769735daeb722844623e331aee2cc916e4befee",  # pi_ee_2017
        "3ac5c346f754779573a835b2112c07f8284a627dfa0f90b15e7088e220379029",  # pi_mumu_2017
        "b8577e1bb7b64c315314b42ceb731d24cbccb564bbd4afa1bb59582236e6db01",  # pi_pi0_ee_2016-2018
    }
)
"""Digests of the nine records that were written before a record stated what its box was opened on."""


class ControlCount(Facts):
    """A control region as it was when the box was opened; every recorded event stands for `weight` of the observed."""

    region: str
    observed: Events
    expected: Events
    error: Events
    weight: Annotated[float, Field(gt=0)] = 1.0


class Controls(Facts):
    """What was compared before the box was opened: `p_value` is that of the regions together.

    `expected_in_selections` are the events expected in control selections.  With fewer than a minimum of expected
    events in all a record needs a reason, `despite`.
    """

    prior: Literal["fixed", "gamma_posterior", "truncated_gaussian", "lognormal"]
    regions: Annotated[tuple[ControlCount, ...], Field(min_length=1)]
    expected_in_selections: Events
    p_value: Probability
    despite: Words | None = None

    @property
    def expected(self) -> float:
        """Events expected in control regions and selections together: the power of the comparison."""
        return sum(c.expected for c in self.regions) + self.expected_in_selections


class OpenedOn(Facts):
    """Digests of what a box was opened on: the search's histograms and background table, samples, code and facts."""

    histograms: Digest
    backgrounds: Digest
    samples: Digest
    code: Digest
    facts: Digest


class Record(Facts):
    """What all records say."""

    search: str
    dataset: str
    who: Words
    when: date
    why: Words


class FirstRecord(Record):
    """A record of the nine that do not say what their boxes were opened on."""

    control_p_value: Probability

    @property
    def p_value(self) -> float:
        return self.control_p_value


class UnblindingRecord(Record):
    """A record as `kaon unblind` writes it; `stated` are data set, cuts and regions (`search.statement`)."""

    version: Literal[2] = 2
    controls: Controls
    opened_on: OpenedOn
    stated: dict[str, Any]

    @property
    def p_value(self) -> float:
        return self.controls.p_value

    def as_yaml(self) -> dict[str, Any]:
        """Content of the file, digest included."""
        content = self.model_dump(mode="json")
        return {**content, "digest": digest(content)}


AnyRecord = FirstRecord | UnblindingRecord
Stamp = tuple[int, int, int]


def digest(content: Any) -> str:
    """SHA-256 of plain data, whatever the order of keys and the layout of the file."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def unblinding_directory() -> Path:
    return datasets_path() / "unblinding"


def records() -> dict[Path, AnyRecord]:
    """All records by their files, in the order of the names.

    Raises DocumentError, which names the file, for one that is damaged, forged, or of a box that another one opens.
    """
    found: dict[tuple[str, str], Path] = {}
    every: dict[Path, AnyRecord] = {}
    for path in sorted(unblinding_directory().glob("*.y*ml")):
        record = _unchanged(path, stamp(path))
        box = record.search, record.dataset
        if box in found:
            raise DocumentError(f"{path} opens {' '.join(box)}, which {found[box]} opens already: take one away")
        found[box] = path
        every[path] = record
    return every


@cache
def _unchanged(path: Path, stamp: Stamp) -> AnyRecord:
    """A file that was not touched since it was read is not read again."""
    return read_record(path)


def stamp(path: Path) -> Stamp:
    """What tells that a file was touched: its inode, time and size."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_record(path: Path) -> AnyRecord:
    """One record; DocumentError for what is none, or whose digest is not that of its content."""
    document = read_yaml(path, FORGED)
    content = document.content
    if not isinstance(content, dict):
        raise DocumentError(f"{path} is no unblinding record: {FORGED}")
    if "version" not in content:
        first = document.as_model(FirstRecord, FORGED)
        if digest(content) not in FIRST_RECORDS:
            raise DocumentError(f"{path} does not say what the box was opened on: {FORGED}")
        return first
    stated = content.pop("digest", None)
    record = Document(path, content, document.lines).as_model(UnblindingRecord, FORGED)
    if stated != digest(record.model_dump(mode="json")):
        raise DocumentError(f"{path} has a digest that is not that of its content: {FORGED}")
    return record
