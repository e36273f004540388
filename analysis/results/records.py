"""The result contract: what `results/limits.json` holds, and how result files are written.

Anything that computes a limit returns a `LimitRecord`; anything that shows one reads it back from the file.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rarekaon.analysis.contract.documents import read_json
from rarekaon.analysis.results.outputs import OutputError

Origin = Literal["events", "published"]


LIMITS_AGAIN = "run `kaon limits` (or `make limits`) again"
Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class LimitRecord:
    """One row of `results/limits.json`. Every number is a plain float."""

    search: str
    """Name of the search."""
    dataset: str
    """Its data set."""
    origin: Origin
    """"events", or "published" for published inputs."""
    kaon_decays: float | None
    """N_K: kaon decays in the fiducial volume."""
    kaon_decays_error: float | None
    """Its error."""
    acceptance_signal: float | None
    """Acceptance of the signal region."""
    acceptance_normalisation: float | None
    """Acceptance of the normalisation mode."""
    single_event_sensitivity: float | None
    """Signal at which one event is expected."""
    single_event_sensitivity_error: float | None
    """Its error."""
    background: float
    """Expected events in the signal region."""
    background_error: float
    """Its error."""
    observed: int | None
    """Observed count; None while the signal region is blind."""
    upper_limit: float | None
    """Limit at the observed count; None while blind."""
    upper_limit_at_published_count: float | None
    """With the published count in place of the observed one."""
    expected_upper_limit: tuple[float, float, float, float, float]
    """Limits at the -2, -1, 0, 1, 2 sigma quantiles of the background-only count."""
    published_upper_limit: float | None
    """The limit of the paper."""
    quantity: str = "branching fraction"
    """What is limited."""
    unit: str = "1"
    """Unit of the limits and of the sensitivity."""
    parameter: dict[str, float] = field(default_factory=dict)
    """Hypothesis of a scan, e.g. {"mass": 300.0}; empty for a single result."""
    details: dict[str, Any] = field(default_factory=dict)
    """Error budget and notes: shown by the report, not part of the contract."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The content of `results/limits.json`."""

    confidence_level: float
    """Of all limits in it."""
    limits: tuple[LimitRecord, ...]
    """One record a search, data set, origin and hypothesis."""
    failures: tuple[str, ...] = ()
    """Searches that have no limit, each with the reason."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """What they were computed from."""

    @classmethod
    def read(cls, path: Path) -> Limits:
        """Read a file written by `write_json`; DocumentError, which names the place, if it is no limits file."""
        return read_json(path, LIMITS_AGAIN).as_model(cls, LIMITS_AGAIN)


def write_bytes(path: Path, content: bytes) -> None:
    """Write atomically: readers see the old file or the new one, never a part.  Raises OutputError."""
    path = Path(path)
    logging.getLogger(__name__).info("writing %s", path)
    try:
        _write_bytes(path, content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror or error}): name another output") from error


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write a dataclass or plain structure as JSON, atomically; NaN and infinities are refused (ValueError)."""
    plain = asdict(content) if hasattr(content, "__dataclass_fields__") else content
    write_text(path, json.dumps(plain, indent=1, allow_nan=False) + "\n")
