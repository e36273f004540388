"""Limits of any HistFactory workspace of counts: errors drawn from their constraints, counts from the means.

CLs(mu) = P(T <= T_obs | mu) / P(T <= T_obs | 0) with T = sum_i n_i log(1 + s_i / b_i) over the regions i with signal,
nuisance parameters averaged over, as everywhere in this package.  With one region with signal T is the count, and its
probability is summed instead of drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr, ndtri
from scipy.stats import gamma, qmc

from rarekaon.analysis.statistics.arguments import ArgumentError, confidence_level

Floats = NDArray[np.float64]

_KINDS = {"normfactor", "lumi", "normsys", "histosys", "shapesys", "staterror"}


@dataclass(frozen=True)
class WorkspaceLimit:
    """Upper limit on the parameter of interest; `error` of its CLs, 0 where nothing is drawn but the errors."""

    parameter: str
    upper_limit: float
    confidence_level: float
    toys: int


def workspace_limit(
    content: Mapping[str, Any], level: float = 0.9, *, toys: int = 2**15, seed: int = 1
) -> WorkspaceLimit:
    """CLs limit of a workspace in pyhf's JSON.

    toys: draws of the nuisance parameters (a quasi-random sequence), and of the counts of several regions.
    Raises ArgumentError for what is no workspace of counts: several bins, free factors other than the parameter of
    interest, modifiers that are not known.
    """
    confidence_level(level)
    model = _Model.of(content, toys, seed)
    high = 1.0
    while model.cls(high) > 1 - level:
        high *= 2
        if high > 1e12:
            raise ArgumentError("workspace: no signal in its regions, or far too little, for a limit")
    low = 0.0
    while high - low > 1e-7 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if model.cls(middle) > 1 - level else (low, middle)
    return WorkspaceLimit(model.parameter, high, level, model.background.shape[1])


@dataclass(frozen=True)
class _Model:
    """Means of the background and of a signal of mu = 1, (regions, draws), and what was observed (regions,)."""

    parameter: str
    observed: Floats
    background: Floats
    signal: Floats
    uniform: Floats

    @classmethod
    def of(cls, content: Mapping[str, Any], toys: int, seed: int) -> _Model:
        try:
            measurement = content["measurements"][0]["config"]
            data = {o["name"]: o["data"] for o in content["observations"]}
            channels = content["channels"]
            draws = _Draws.of(channels, measurement, 2 ** round(math.log2(max(toys, 2))), seed)
            parts = [draws.means(channel, measurement["poi"]) for channel in channels]
            observed = np.array([float(data[channel["name"]][0]) for channel in channels])
            if any(len(values) != 1 for values in data.values()):
                raise ArgumentError("workspace: its regions have several bins; only counts are understood")
        except (KeyError, IndexError, TypeError) as error:
            raise ArgumentError(f"workspace: no HistFactory workspace in pyhf's JSON ({error!r} is missing)") from error
        with_signal = [i for i, (_, signal) in enumerate(parts) if signal.max() > 0]
        if not with_signal:
            raise ArgumentError("workspace: no region has a signal")
        background, signal = (np.stack([parts[i][k] for i in with_signal]) for k in (0, 1))
        uniform = np.random.default_rng(seed).random(background.shape)
        return cls(measurement["poi"], observed[with_signal], background, signal, uniform)

    def cls(self, mu: float) -> float:
        """CLs of the parameter of interest."""
        if len(self.observed) == 1:
            n = self.observed[0] + 1
            return float(gammaincc(n, self.background + mu * self.signal).sum() / gammaincc(n, self.background).sum())
        mean, signal = self.background.mean(axis=1), self.signal.mean(axis=1)
        weights = np.log1p(mu * signal / np.maximum(mean, 1e-6))
        threshold = float(weights @ self.observed) * (1 + 1e-9) + 1e-12
        below = []
        for means in (self.background + mu * self.signal, self.background):
            counts = np.random.default_rng(7).poisson(means)
            below.append(float((weights @ counts <= threshold).mean()))
        return below[0] / max(below[1], 1e-12)


@dataclass(frozen=True)
class _Draws:
    """Values (draws,) of every nuisance parameter: pulls of the Gaussian ones, factors of the others."""

    values: Mapping[str, Floats]
    size: int

    @classmethod
    def of(cls, channels: Any, measurement: Any, size: int, seed: int) -> _Draws:
        bounds = {p["name"]: p["bounds"][0] for p in measurement["parameters"] if "bounds" in p}
        constrained = {name: (kind, tau) for name, kind, tau in _constraints(channels)}
        points = qmc.Sobol(max(len(constrained), 1), seed=seed).random(size)
        values: dict[str, Floats] = {}
        for (name, (kind, tau)), u in zip(constrained.items(), points.T, strict=False):
            inside = np.clip(u, 1e-12, 1 - 1e-12)
            if kind == "poisson":
                values[name] = np.asarray(gamma.ppf(inside, tau + 1) / tau)
            else:
                low, high = bounds.get(name, (-math.inf, math.inf)) if kind == "histosys" else (-math.inf, math.inf)
                span = float(ndtr(high) - ndtr(low))
                values[name] = np.asarray(ndtri(float(ndtr(low)) + inside * span))
        return cls(values, size)

    def means(self, channel: Mapping[str, Any], poi: str) -> tuple[Floats, Floats]:
        """Background and signal of a region."""
        background, signal = np.zeros(self.size), np.zeros(self.size)
        for sample in channel["samples"]:
            if len(sample["data"]) != 1:
                raise ArgumentError("workspace: its regions have several bins; only counts are understood")
            nominal, is_signal = float(sample["data"][0]), False
            shift, factor = np.zeros(self.size), np.ones(self.size)
            for modifier in sample["modifiers"]:
                kind, name, data = modifier["type"], modifier["name"], modifier["data"]
                if kind == "normfactor" and name == poi:
                    is_signal = True
                elif kind == "normsys":
                    pull = self.values[name]
                    factor = factor * np.where(pull > 0, data["hi"], data["lo"]) ** np.abs(pull)
                elif kind == "histosys":
                    pull = self.values[name]
                    up, down = data["hi_data"][0] - nominal, nominal - data["lo_data"][0]
                    shift = shift + pull * np.where(pull > 0, up, down)
                elif kind == "shapesys":
                    factor = factor * self.values[name]
                elif kind == "staterror":
                    factor = factor * np.maximum(0, 1 + self.values[f"{name}/{channel['name']}"] * data[0] / nominal)
                elif kind == "normfactor":
                    raise ArgumentError(f"workspace: the factor {name} is free; only {poi} may be")
            mean = np.maximum(nominal + shift, 0.0) * factor
            background, signal = (background, signal + mean) if is_signal else (background + mean, signal)
        return background, signal


def _constraints(channels: Any) -> Iterator[tuple[str, str, float]]:
    """Name, kind and strength of every constrained parameter."""
    for channel in channels:
        for sample in channel["samples"]:
            for modifier in sample["modifiers"]:
                kind, name = modifier["type"], modifier["name"]
                if kind not in _KINDS:
                    raise ArgumentError(f"workspace: modifiers of type {kind} are not understood")
                if kind == "shapesys":
                    if modifier["data"][0] > 0:
                        yield name, "poisson", (sample["data"][0] / modifier["data"][0]) ** 2
                    else:
                        yield name, "gaussian", 0.0
                elif kind == "staterror":
                    yield f"{name}/{channel['name']}", "gaussian", 0.0
                elif kind in {"normsys", "histosys"}:
                    yield name, kind, 0.0
