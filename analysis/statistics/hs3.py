"""HistFactory workspaces in HS3, the JSON of ROOT and pyhs3 (https://github.com/hep-statistics-serialization-standard).

Both ways, for the same models as `hybrid` takes: counts with the modifiers normfactor, normsys, histosys and shapesys.
A shapesys is written as what it means, a side region: ROOT 6.40 reads the numbers of that modifier as relative errors,
pyhs3 0.4.2 as absolute ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rarekaon.analysis.statistics.arguments import ArgumentError
from rarekaon.analysis.statistics.side_regions import side_regions, without_side_regions

VERSION = "0.2"
_PULLED = {"normsys", "histosys"}
_WIDEST, _WIDEST_FACTOR = [-5.0, 5.0], [0.0, 10.0]
_LIKELIHOOD = "counts"
_DOMAIN, _POINT = "default_domain", "default_values"
"""Names that ROOT asks for."""


def to_hs3(content: Mapping[str, Any]) -> dict[str, Any]:
    """HS3 of a workspace in pyhf's JSON; raises ArgumentError for a modifier that has no place here."""
    measurement = content["measurements"][0]
    poi, given = measurement["config"]["poi"], {p["name"]: p for p in measurement["config"]["parameters"]}
    sides = [side for channel in content["channels"] for side in side_regions(channel)]
    distributions = [_distribution(channel) for channel in [*content["channels"], *sides]]
    names = [distribution["name"] for distribution in distributions]
    counts = {o["name"]: o["data"] for o in content["observations"]}
    counts |= {side["name"]: side["samples"][0]["data"] for side in sides}
    data = [
        {"name": f"data_{name}", "type": "binned", "axes": [_axis(name, len(counts[name]))], "contents": counts[name]}
        for name in names
    ]
    axes, points = [], []
    for name, kind in _parameters(distributions):
        known = given.get(name.removeprefix("alpha_"), {})
        low, high = known.get("bounds", [_WIDEST if kind in _PULLED else _WIDEST_FACTOR])[0]
        axes.append({"name": name, "min": low, "max": high})
        points.append({"name": name, "value": 0.0 if kind in _PULLED else 1.0})
    likelihood = {
        "name": _LIKELIHOOD,
        "distributions": names,
        "data": [f"data_{name}" for name in names],
    }
    return {
        "metadata": {"hs3_version": VERSION},
        "distributions": distributions,
        "data": data,
        "likelihoods": [likelihood],
        "domains": [{"name": _DOMAIN, "type": "product_domain", "axes": axes}],
        "parameter_points": [{"name": _POINT, "parameters": points}],
        "analyses": [
            {
                "name": measurement["name"],
                "likelihood": _LIKELIHOOD,
                "parameters_of_interest": [poi],
                "domains": [_DOMAIN],
                "init": _POINT,
            }
        ],
    }


def from_hs3(content: Mapping[str, Any]) -> dict[str, Any]:
    """The workspace in pyhf's JSON of the first analysis of an HS3 file.

    Raises ArgumentError for distributions that are no HistFactory, or parameters whose constraint is another one.
    """
    try:
        analysis = content["analyses"][0]
        likelihood = _named(content["likelihoods"], analysis["likelihood"])
        data = [_named(content["data"], name) for name in likelihood["data"]]
        channels = [_channel(_named(content["distributions"], name)) for name in likelihood["distributions"]]
        counts = {c["name"]: [float(v) for v in d["contents"]] for c, d in zip(channels, data, strict=True)}
        domains = [_named(content.get("domains", []), name) for name in analysis.get("domains", [])]
        (poi,) = analysis["parameters_of_interest"]
        bounds = {a["name"].removeprefix("alpha_"): [[a["min"], a["max"]]] for d in domains for a in d["axes"]}
        channels = without_side_regions(channels, counts, poi)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ArgumentError):
            raise
        raise ArgumentError(f"workspace: no HS3 of one analysis of counts ({error!r})") from error
    used = {m["name"] for c in channels for s in c["samples"] for m in s["modifiers"] if m["type"] != "shapesys"}
    parameters = [{"name": name, "bounds": bounds[name]} for name in bounds if name in used]
    return {
        "version": "1.0.0",
        "channels": channels,
        "observations": [{"name": c["name"], "data": counts[c["name"]]} for c in channels],
        "measurements": [{"name": analysis["name"], "config": {"poi": poi, "parameters": parameters}}],
    }


def _axis(channel: str, bins: int) -> dict[str, Any]:
    return {"name": f"x_{channel}", "min": 0.0, "max": float(bins), "nbins": bins}


def _distribution(channel: Mapping[str, Any]) -> dict[str, Any]:
    samples = [
        {
            "name": sample["name"],
            "data": {"contents": sample["data"], "errors": [0.0] * len(sample["data"])},
            "modifiers": [_modifier(m) for m in sample["modifiers"]],
        }
        for sample in channel["samples"]
    ]
    axes = [_axis(channel["name"], len(channel["samples"][0]["data"]))]
    return {"name": channel["name"], "type": "histfactory_dist", "axes": axes, "samples": samples}


def _modifier(modifier: Mapping[str, Any]) -> dict[str, Any]:
    kind, name, data = modifier["type"], modifier["name"], modifier["data"]
    if kind in {"normfactor", "shapesys"}:
        return {"name": name, "type": "normfactor", "parameter": name}
    if kind not in _PULLED:
        raise ArgumentError(f"workspace: modifiers of type {kind} are not written to HS3")
    if kind == "histosys":
        data = {"hi": {"contents": data["hi_data"]}, "lo": {"contents": data["lo_data"]}}
    return {"name": name, "type": kind, "constraint": "Gauss", "parameter": f"alpha_{name}", "data": data}


def _parameters(distributions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every parameter with the type of its modifier, once."""
    found: dict[str, str] = {}
    for modifier in (m for d in distributions for s in d["samples"] for m in s["modifiers"]):
        found.setdefault(modifier["parameter"], modifier["type"])
    yield from found.items()


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    try:
        return next(entry for entry in entries if entry["name"] == name)
    except StopIteration:
        raise ArgumentError(f"workspace: {name} is named, but is not there") from None


def _channel(distribution: Mapping[str, Any]) -> dict[str, Any]:
    if distribution["type"] != "histfactory_dist":
        raise ArgumentError(f"workspace: {distribution['name']} is no histfactory_dist; only counts are understood")
    samples = [
        {"name": s["name"], "data": s["data"]["contents"], "modifiers": [_read(m) for m in s["modifiers"]]}
        for s in distribution["samples"]
    ]
    return {"name": distribution["name"], "samples": samples}


def _read(modifier: Mapping[str, Any]) -> dict[str, Any]:
    kind, data = modifier["type"], modifier.get("data")
    if kind == "shapesys":
        raise ArgumentError(
            f"workspace: the shapesys {modifier['name']} is relative for some programs and absolute for others; give "
            "its counts as a region of their own, or the workspace in pyhf's JSON"
        )
    if kind not in {"normfactor", *_PULLED}:
        raise ArgumentError(f"workspace: modifiers of type {kind} are not understood")
    if kind in _PULLED and modifier.get("constraint", "Gauss") != "Gauss":
        raise ArgumentError(f"workspace: {modifier['name']} has the constraint {modifier['constraint']}, not Gauss")
    if kind == "histosys":
        data = {"hi_data": data["hi"]["contents"], "lo_data": data["lo"]["contents"]}  # type: ignore[index]
    if kind == "normsys":
        data = {"hi": data["hi"], "lo": data["lo"]}  # type: ignore[index]
    return {"name": modifier["parameter"].removeprefix("alpha_"), "type": kind, "data": data}
