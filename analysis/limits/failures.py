"""What does not come out, by search, so that the others do."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rarekaon.analysis.search.channels import searches
from rarekaon.analysis.search.declaration import Search

Stores = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Failure:
    """A search, or one of its data sets, and why it has no result; `details` is the traceback."""

    search: str
    reason: str
    details: str = ""

    @classmethod
    def of(cls, search: Search, error: Exception) -> Failure:
        """The failure that an error of a search is."""
        said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        expected = isinstance(error, ValueError | KeyError)
        reason = said if expected else f"{type(error).__name__}: {said}"
        return cls(search.key, reason.removeprefix(f"{search.key}: "), "".join(traceback.format_exception(error)))

    def __str__(self) -> str:
        return f"{self.search}: {self.reason}"


class IncompleteError(ValueError):
    """Some searches have no result; `details` are the tracebacks."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        self.details = "\n".join(f.details for f in failures if f.details)
        super().__init__("\n  ".join(["no result of", *map(str, failures)]))


def tell(failures: Iterable[Failure]) -> None:
    """Raise IncompleteError if there are failures, after everything else is done: the exit status says so."""
    if several := list({f.search + f.reason: f for f in failures}.values()):
        raise IncompleteError(several)


def every_search(stores: Stores) -> Iterator[tuple[Search, Mapping[str, Any]]]:
    """Every search in `stores` (search name -> booked samples), one data set after the other, with its samples."""
    for name, samples in stores.items():
        for search in searches()[name]:
            yield search, samples
