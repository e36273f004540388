"""How often kaons decay: `datasets/branching_fractions.yaml`, each with its source."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from pydantic import Field, model_validator

from rarekaon.analysis.contract.particles import Decay
from rarekaon.analysis.facts.models import Facts, Sourced, read_facts
from rarekaon.analysis.facts.paths import datasets_path


class BranchingFraction(Sourced):
    """A branching fraction with its error and where it is from; `sure` says how well it was checked."""

    value: Annotated[float, Field(gt=0, lt=1)]
    error: Annotated[float, Field(ge=0)]


class BranchingFractions(Facts):
    """`datasets/branching_fractions.yaml`, by decay descriptor (a chain is written with commas)."""

    fractions: dict[str, BranchingFraction]

    @model_validator(mode="after")
    def _parse(self) -> BranchingFractions:
        for chain in self.fractions:
            for step in chain.split(","):
                if not Decay(step.strip()).charge_conserved:
                    raise ValueError(f"{step.strip()!r} does not conserve charge")
        return self

    def __getitem__(self, decay: str) -> BranchingFraction:
        if decay not in self.fractions:
            raise KeyError(f"no branching fraction of {decay!r} in datasets/branching_fractions.yaml")
        return self.fractions[decay]


@cache
def branching_fractions() -> BranchingFractions:
    return read_facts(BranchingFractions, datasets_path() / "branching_fractions.yaml")
