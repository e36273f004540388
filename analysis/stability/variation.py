"""Variations of a search: another value of a cut, or a part of its data.  Only declarations; no events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.search.declaration import Cut, Quantity, Search, Selection

End = Literal["low", "high"]
ENDS: tuple[End, ...] = ("low", "high")
STEPS = (-2, -1, 1, 2)


class VariationError(ValueError):
    """A variation that the search has no place for; the message names what there is."""


@dataclass(frozen=True)
class CutVariation:
    """Another value for one end of a cut, in every selection of the search where that end has the same value."""

    quantity: str
    """Name of the cut's quantity."""
    end: End
    """"low" or "high"."""
    value: float
    """The new value."""

    def of(self, search: Search) -> Search:
        """The varied search; VariationError if no selection cuts there, or if nothing would be left."""
        nominal = edge(search, self.quantity, self.end)

        def cut(c: Cut) -> Cut:
            if c.quantity.name != self.quantity or getattr(c.within, self.end) != nominal:
                return c
            try:
                return replace(c, within=replace(c.within, **{self.end: self.value}))
            except ValueError as error:
                raise VariationError(f"{self.quantity} {self.end} = {self.value:g}: {error}") from error

        def selection(s: Selection) -> Selection:
            return replace(s, cuts=tuple(cut(c) for c in s.cuts))

        return replace(
            search,
            signal=selection(search.signal),
            normalisation=selection(search.normalisation),
            controls=tuple(selection(s) for s in search.controls),
        )


@dataclass(frozen=True)
class PeriodVariation:
    """One period of the data set alone."""

    period: str
    """Its name."""

    def of(self, search: Search) -> Search:
        """The search in that period: its runs of the data, its common efficiency; masked whatever the data set is."""
        if self.period not in conditions().datasets[search.dataset].periods:
            known = ", ".join(conditions().datasets[search.dataset].periods)
            raise VariationError(f"{search.key} has no period {self.period!r}; it has {known}")
        return replace(search, dataset=self.period)


Variation = CutVariation | PeriodVariation


def quantities(search: Search) -> dict[str, Quantity]:
    """Quantities that the signal or the normalisation selection cuts on, by name, in the order of their cuts."""
    return {c.quantity.name: c.quantity for s in (search.signal, search.normalisation) for c in s.cuts}


def edge(search: Search, quantity: str, end: End) -> float:
    """The value of one end of a cut, of the signal selection if it has one; VariationError where there is none."""
    for selection in (search.signal, search.normalisation):
        for cut in selection.cuts:
            if cut.quantity.name == quantity and _finite(cut.within, end):
                return float(getattr(cut.within, end))
    if quantity not in quantities(search):
        raise VariationError(f"{search.key} has no cut on {quantity!r}; it cuts on {', '.join(quantities(search))}")
    raise VariationError(f"{search.key} does not cut on {quantity} at its {end} end")


def _finite(within: Interval, end: End) -> bool:
    return abs(float(getattr(within, end))) < float("inf")


def usual(search: Search, quantity: str | None = None) -> Iterator[CutVariation]:
    """Two steps up and down for each end of the cuts, or of those on one quantity.

    A step is a twentieth of an interval, or a tenth of a value with an open side; cuts on counts and at zero have none.
    """
    for name in [quantity] if quantity else quantities(search):
        for end in ENDS:
            step = _step(search, name, end)
            if step:
                nominal = edge(search, name, end)
                yield from (CutVariation(name, end, nominal + k * step) for k in STEPS)


def _step(search: Search, quantity: str, end: End) -> float:
    if quantity not in quantities(search):
        edge(search, quantity, end)
    for selection in (search.signal, search.normalisation):
        for within in (c.within for c in selection.cuts if c.quantity.name == quantity and _finite(c.within, end)):
            width = within.high - within.low
            if width == 1:
                return 0.0
            return width / 20 if width < float("inf") else abs(float(getattr(within, end))) / 10
    return 0.0


def parsed(text: str, search: Search) -> tuple[CutVariation, ...]:
    """Variations from text: "vertex_z", or "vertex_z:low=105,110,115" with values in the quantity's display unit."""
    place, equals, numbers = text.partition("=")
    name, colon, end = place.partition(":")
    if not equals and not colon:
        return tuple(usual(search, name))
    if end not in ENDS or not numbers:
        raise VariationError(f"{text!r}; write it like vertex_z or vertex_z:low=105,110,115")
    edge(search, name, end)
    unit = quantities(search)[name].unit
    try:
        return tuple(CutVariation(name, end, float(number) * unit) for number in numbers.split(","))
    except ValueError as error:
        raise VariationError(f"{text!r}: {error}; write numbers with commas between them") from error
