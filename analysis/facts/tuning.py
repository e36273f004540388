"""Which constants were tuned, and which published quantities were looked at (`datasets/tuning.yaml`)."""

from __future__ import annotations

from functools import cache

from rarekaon.analysis.facts.models import Facts, read_facts
from rarekaon.analysis.facts.paths import datasets_path


class LookedAt(Facts):
    """A published quantity that was looked at while a constant was chosen, as `kaon simulate --validate` names it."""

    search: str
    dataset: str
    quantity: str


class Tuning(Facts):
    """One choice: `constants` are "<file>: <entry>", `how` says what was varied."""

    constants: tuple[str, ...]
    looked_at: tuple[LookedAt, ...]
    how: str


class TuningRecord(Facts):
    """`datasets/tuning.yaml`."""

    choices: tuple[Tuning, ...]


@cache
def tuning() -> tuple[Tuning, ...]:
    return read_facts(TuningRecord, datasets_path() / "tuning.yaml").choices


@cache
def looked_at() -> frozenset[tuple[str, str, str]]:
    """(search, data set, quantity) of everything that a constant was tuned on."""
    return frozenset((q.search, q.dataset, q.quantity) for choice in tuning() for q in choice.looked_at)
