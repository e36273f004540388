"""Counting experiments in the datacards of CMS Combine (https://cms-analysis.github.io/HiggsAnalysis-CombinedLimit).

Both ways, to and from the workspaces of `hybrid`.  Read are lnN, gmN, and what is written: a linear error is a
`rateParam` with a formula of `param`s, counting statistics a bin of its own that a free `rateParam` scales, too, as
gmN takes whole events only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.side_regions import side_regions, without_side_regions

PARAMETER = "r"
"""Combine's name of the signal strength."""
_WIDEST, _HIGHEST = (-5.0, 5.0), 100.0
_HEADERS = ("imax", "jmax", "kmax", "shapes", "bin", "observation", "process", "rate")
_TERM = re.compile(r"\+\(?(-?[0-9.e+-]+)\)?\*@(\d+)")


def to_datacard(content: Mapping[str, Any]) -> str:
    """The datacard of a workspace in pyhf's JSON.

    Raises ArgumentError for several bins, or modifiers that have no place in it.
    """
    poi = content["measurements"][0]["config"]["poi"]
    bounds = {p["name"]: p["bounds"][0] for p in content["measurements"][0]["config"]["parameters"] if "bounds" in p}
    sides = [side for channel in content["channels"] for side in side_regions(channel)]
    channels = [*content["channels"], *sides]
    counts = {o["name"]: o["data"] for o in content["observations"]}
    counts |= {side["name"]: side["samples"][0]["data"] for side in sides}
    cells = [(channel["name"], sample) for channel in channels for sample in channel["samples"]]
    if any(len(sample["data"]) > 1 for _, sample in cells):
        raise ArgumentError("workspace: its regions have several bins; datacards are written for counts only")
    numbers = _process_numbers(cells, poi)
    lines = [
        f"imax {len(channels)}",
        f"jmax {len(numbers) - 1}",
        "kmax *",
        "bin " + " ".join(c["name"] for c in channels),
        "observation " + " ".join(f"{counts[c['name']][0]!r}" for c in channels),
        "bin " + " ".join(name for name, _ in cells),
        "process " + " ".join(sample["name"] for _, sample in cells),
        "process " + " ".join(str(numbers[sample["name"]]) for _, sample in cells),
        "rate " + " ".join(f"{sample['data'][0]!r}" for _, sample in cells),
        *_common_errors(cells),
        *_factors(cells, poi, bounds),
    ]
    return "\n".join(lines) + "\n"


def _process_numbers(cells: Sequence[tuple[str, Mapping[str, Any]]], poi: str) -> dict[str, int]:
    """Signals count down from 0, backgrounds up from 1."""
    signals = [s["name"] for _, s in cells if any(m["name"] == poi for m in s["modifiers"])]
    backgrounds = [s["name"] for _, s in cells if s["name"] not in signals]
    numbers = {name: -i for i, name in enumerate(dict.fromkeys(signals))}
    return numbers | {name: 1 + i for i, name in enumerate(dict.fromkeys(backgrounds))}


def _common_errors(cells: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    found = {m["name"]: None for _, s in cells for m in s["modifiers"] if m["type"] == "normsys"}
    for name in found:
        row = [next((m["data"] for m in s["modifiers"] if m["name"] == name), None) for _, s in cells]
        yield f"{name} lnN " + " ".join("-" if d is None else f"{d['lo']!r}/{d['hi']!r}" for d in row)


def _factors(
    cells: Sequence[tuple[str, Mapping[str, Any]]], poi: str, bounds: Mapping[str, Sequence[float]]
) -> Iterator[str]:
    pulled = (m["name"] for _, s in cells for m in s["modifiers"] if m["type"] == "histosys")
    for name in dict.fromkeys(pulled):
        low, high = bounds.get(name, _WIDEST)
        yield f"{name} param 0 1 [{low!r},{high!r}]"
    for channel, sample in cells:
        linear, nominal = [], sample["data"][0]
        for m in sample["modifiers"]:
            if m["type"] == "histosys":
                up, down = m["data"]["hi_data"][0] - nominal, nominal - m["data"]["lo_data"][0]
                if not math.isclose(up, down, rel_tol=1e-9):
                    raise ArgumentError(f"workspace: {m['name']} is asymmetric and linear: no datacard can say so")
                linear.append((m["name"], up / nominal))
            elif m["type"] in {"shapesys", "normfactor"} and m["name"] != poi:
                yield f"{m['name']} rateParam {channel} {sample['name']} 1 [0,10]"
            elif m["type"] not in {"normsys", "normfactor"}:
                raise ArgumentError(f"workspace: modifiers of type {m['type']} are not written to datacards")
        if linear:
            formula = "1" + "".join(f"+({slope!r})*@{i}" for i, (_, slope) in enumerate(linear))
            names = ",".join(name for name, _ in linear)
            yield f"linear_{channel}_{sample['name']} rateParam {channel} {sample['name']} ({formula}) {names}"


def from_datacard(text: str) -> dict[str, Any]:
    """The workspace in pyhf's JSON of a datacard of a counting experiment.

    Raises ArgumentError with the line that is not understood.
    """
    rows = [line.split() for line in text.splitlines() if line.strip() and not re.match(r"\s*(#|-{3})", line)]
    card = _Card.of(rows)
    for row in rows:
        if row[0] not in _HEADERS:
            card.apply(row)
    channels = [
        {"name": name, "samples": [s for b, s in zip(card.bins, card.samples, strict=True) if b == name]}
        for name in card.counts
    ]
    signals = {"name": PARAMETER, "bounds": [[0.0, _HIGHEST]]}
    parameters = [signals, *({"name": name, "bounds": [list(ends)]} for name, ends in card.bounds.items())]
    left = without_side_regions(channels, card.counts, PARAMETER)
    return {
        "version": "1.0.0",
        "channels": left,
        "observations": [{"name": c["name"], "data": card.counts[c["name"]]} for c in left],
        "measurements": [{"name": "datacard", "config": {"poi": PARAMETER, "parameters": parameters}}],
    }


class _Card:
    """Cells of a datacard, its lines of errors applied one by one."""

    def __init__(self, bins: Sequence[str], samples: list[dict[str, Any]], counts: dict[str, list[float]]) -> None:
        self.bins, self.samples, self.counts = bins, samples, counts
        self.bounds: dict[str, tuple[float, float]] = {}

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> _Card:
        if any(row[0] == "shapes" for row in rows):
            raise ArgumentError("datacard: it has shapes; only counting experiments are understood")
        head = {name: [row[1:] for row in rows if row[0] == name] for name in ("bin", "observation", "process", "rate")}
        if {name: len(lines) for name, lines in head.items()} != {"bin": 2, "observation": 1, "process": 2, "rate": 1}:
            raise ArgumentError("datacard: it needs bin, observation, bin, process, process and rate lines")
        (names, bins), (processes, numbers) = head["bin"], head["process"]
        if not len(bins) == len(processes) == len(numbers) == len(head["rate"][0]):
            raise ArgumentError("datacard: bin, process, process and rate lines have different lengths")
        if len(names) != len(head["observation"][0]) or not set(bins) <= set(names):
            raise ArgumentError("datacard: observation and bin lines do not fit together")
        counts = {n: [_number(x, "observation")] for n, x in zip(names, head["observation"][0], strict=True)}
        samples = []
        for process, code, rate in zip(processes, numbers, head["rate"][0], strict=True):
            signal = [{"name": PARAMETER, "type": "normfactor", "data": None}] if _number(code, "process") <= 0 else []
            samples.append({"name": process, "data": [_number(rate, "rate")], "modifiers": signal})
        return cls(bins, samples, counts)

    def apply(self, row: Sequence[str]) -> None:
        """One line of an error."""
        name, kind = row[0], row[1] if len(row) > 1 else ""
        if kind == "lnN" and len(row) == 2 + len(self.samples):
            for sample, entry in self._stated(row[2:]):
                low, _, high = entry.rpartition("/")
                up = _number(high, name)
                data = {"lo": _number(low, name) if low else 1 / up, "hi": up}
                sample["modifiers"].append({"name": name, "type": "normsys", "data": data})
        elif kind == "gmN" and len(row) == 3 + len(self.samples):
            self._gamma(name, _number(row[2], name), row[3:])
        elif kind == "param" and row[2:4] == ["0", "1"]:
            ends = re.fullmatch(r"\[(.+),(.+)\]", row[4]) if len(row) > 4 else None
            self.bounds[name] = (_number(ends[1], name), _number(ends[2], name)) if ends else _WIDEST
        elif kind == "rateParam" and len(row) >= 5:
            self._rate(name, row[2], row[3], row[4:])
        else:
            raise ArgumentError(f"datacard: the line {' '.join(row[:3])!r} is not understood, or has a wrong length")

    def _stated(self, entries: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
        return ((s, e) for s, e in zip(self.samples, entries, strict=True) if e != "-")

    def _gamma(self, name: str, events: float, weights: Sequence[str]) -> None:
        if events <= 0:
            raise ArgumentError(f"datacard: {name} counts no event; `kaon limit --input` takes gamma_posterior of 0")
        for sample, weight in self._stated(weights):
            expected = sample["data"][0]
            if not math.isclose(expected, events * _number(weight, name), rel_tol=1e-2):
                raise ArgumentError(f"datacard: {name} of {sample['name']}: the rate is not events times weight")
            modifier = {"name": name, "type": "shapesys", "data": [expected / math.sqrt(events)]}
            sample["modifiers"].append(modifier)

    def _rate(self, name: str, channel: str, process: str, rest: Sequence[str]) -> None:
        cells = [s for b, s in zip(self.bins, self.samples, strict=True) if (b, s["name"]) == (channel, process)]
        terms = _TERM.findall(rest[0])
        if rest[0] == "1":
            for sample in cells:
                sample["modifiers"].append({"name": name, "type": "normfactor", "data": None})
        elif len(rest) == 2 and rest[0] == "(1" + "".join(f"+({slope})*@{i}" for slope, i in terms) + ")":
            names = rest[1].split(",")
            for sample in cells:
                for slope, i in terms:
                    shift = float(slope) * sample["data"][0]
                    data = {"hi_data": [sample["data"][0] + shift], "lo_data": [sample["data"][0] - shift]}
                    sample["modifiers"].append({"name": names[int(i)], "type": "histosys", "data": data})
        else:
            raise ArgumentError(f"datacard: the rateParam {name} is no number 1 and no sum of linear errors")


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentError(f"datacard: {place}: {text!r} is no number")
    return value
