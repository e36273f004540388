"""A few of the damaged files of facts and results that `make fuzz` reads."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fuzzing.documents import READERS, documents, fuzz, outcome
from tests.fuzzing.text import MUTATIONS, mutated


def test_damaged_documents_are_read_or_refused_by_name() -> None:
    with documents() as place:
        found = fuzz(150, 2026, place)
    assert found["wrong"] == []
    assert found["counts"]["refused"] > 75


@pytest.mark.parametrize("start", READERS)
def test_what_is_not_damaged_is_read(start: str) -> None:
    with documents() as place:
        names = [p.relative_to(place).as_posix() for p in place.rglob("*.*") if p.suffix in {".yaml", ".json"}]
        mine = [name for name in names if name.startswith(start)]
        assert mine
        assert {outcome(name, place / name) for name in mine} == {"read"}


def test_a_foreign_error_would_be_noticed() -> None:
    with documents() as place:
        path = place / "datasets/conditions.yaml"
        assert outcome("datasets/conditions.yaml", path) == "read"
        path.chmod(0o644)
        path.unlink()
        path.symlink_to("nowhere")
        assert outcome("datasets/conditions.yaml", path) == "refused"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_every_mutation_changes_a_text(mutation) -> None:  # type: ignore[no-untyped-def]
    text = b"search: pi_ee\nwhen: 2026-12-01\ncounts: [1, 2.5, 3]\nwho: me\n"
    rng = np.random.default_rng(1)
    assert any(mutation(text, rng) != text for _ in range(20))
    assert any(mutated(text, rng) != text for _ in range(5))
