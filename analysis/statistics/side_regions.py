"""Counting statistics of a sample as a region of its own, for formats that have no word for it.

A `shapesys` of expected events e and error d stands for (e / d)^2 events in a side region, scaled by the same factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rarekaon.analysis.statistics.arguments import ArgumentError

_PREFIX = "side_region_of_"


def side_regions(channel: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The side region of every shapesys of a channel; raises ArgumentError for several bins."""
    for sample in channel["samples"]:
        for modifier in (m for m in sample["modifiers"] if m["type"] == "shapesys"):
            if len(sample["data"]) > 1:
                raise ArgumentError(f"workspace: {modifier['name']} is of several bins; only counts are understood")
            factor = {"name": modifier["name"], "type": "normfactor", "data": None}
            events = [(sample["data"][0] / modifier["data"][0]) ** 2]
            side = {"name": f"events_of_{modifier['name']}", "data": events, "modifiers": [factor]}
            yield {"name": _PREFIX + modifier["name"], "samples": [side]}


def without_side_regions(
    channels: Sequence[dict[str, Any]], counts: Mapping[str, Sequence[float]], poi: str
) -> list[dict[str, Any]]:
    """The channels, where a factor that is counted in a region of its own is a shapesys again."""
    events: dict[str, float] = {}
    left = []
    for channel in channels:
        modifiers = [m for s in channel["samples"] for m in s["modifiers"]]
        alone = len(channel["samples"]) == len(modifiers) == 1 and modifiers[0]["type"] == "normfactor"
        if alone and modifiers[0]["name"] != poi and channel["samples"][0]["data"] == counts[channel["name"]]:
            events[modifiers[0]["name"]] = counts[channel["name"]][0]
        else:
            left.append(channel)
    for sample in (s for channel in left for s in channel["samples"]):
        for modifier in sample["modifiers"]:
            if modifier["name"] in events and modifier["type"] == "normfactor":
                error = sample["data"][0] / math.sqrt(events[modifier["name"]])
                modifier |= {"type": "shapesys", "data": [error]}
    return left
