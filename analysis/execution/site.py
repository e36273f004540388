"""What is special about a site, in Dask's own YAML files beside the sections of distributed and dask-jobqueue:

rarekaon:
  retries: 3                 # of a read that fails for a passing reason
  pause: 1 s                 # before the first of them; twice as long each time
  replicas:                  # where files are looked for when they are not to be had where they should be
    root://redirector.example//data: [root://one.example//data, root://two.example//data]
  pieces: /shared/pieces     # where finished pieces are kept, a folder or URL that all workers see
  pieces-limit: 10 GB
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dask
from dask.utils import parse_bytes, parse_timedelta

from rarekaon.analysis.events.remote import Access
from rarekaon.analysis.execution.errors import BackendError
from rarekaon.analysis.execution.pieces import LIMIT, Pieces

SECTION = "rarekaon"


@dataclass(frozen=True)
class Site:
    """How files are reached, and where pieces are kept, if a site says so."""

    access: Access = field(default_factory=Access)
    pieces: Pieces | None = None
    limit: int = LIMIT


def site() -> Site:
    """The settings in force; BackendError names one that cannot be understood."""
    given: Mapping[str, Any] = dask.config.get(SECTION, None) or {}
    unknown = given.keys() - {"retries", "pause", "replicas", "pieces", "pieces-limit"}
    if unknown:
        raise BackendError(f"{SECTION}.{min(unknown)} in the Dask configuration is no setting of this package")
    usual = Access()
    try:
        replicas = {str(p): tuple(map(str, o)) for p, o in (given.get("replicas") or {}).items()}
        return Site(
            Access(
                int(given.get("retries", usual.retries)), parse_timedelta(given.get("pause", usual.pause)), replicas
            ),
            Pieces(str(given["pieces"])) if given.get("pieces") else None,
            parse_bytes(given.get("pieces-limit", LIMIT)),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackendError(f"section {SECTION} of the Dask configuration cannot be understood ({error})") from error
