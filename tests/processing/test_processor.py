"""Cutflow, histograms without one cut and what each cut removes, against loops over candidates in plain Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rarekaon.analysis.contract.interval import Interval
from rarekaon.analysis.contract.schema import TRUTH
from rarekaon.analysis.events.candidates import Candidates
from rarekaon.analysis.events.columns import Columns
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.processing.processor import ChunkCache, apply_cuts, book_cuts, book_search, trigger_stage
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Cut, Quantity, Region, Selection, ShapeSystematic
from rarekaon.analysis.selection.three_track import VERTEX_Z

DATASET = "2016-2018"
EVENTS = 400
SEARCH = search("pi_ee", DATASET)


class Arrays:
    """A source of event-level arrays."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.fields = frozenset(arrays)

    def __len__(self):
        return EVENTS

    def event(self, name):
        return self.arrays[name]

    def flat(self, collection, field):
        raise AssertionError(f"nobody needs {collection} {field}")

    def counts(self, collection):
        raise AssertionError(f"nobody needs the number of {collection}")


def found(columns):
    """A candidate in all events but every seventh; its numbers are pseudo-random."""
    event = np.flatnonzero(np.arange(EVENTS) % 7)
    rng = np.random.default_rng(3)
    n = len(event)
    return Candidates(columns, event, np.zeros((n, 3), np.int64), rng.uniform(0, 10, (n, 3)), rng.uniform(0, 10, n))


def identify(c):
    return c.take(c.vertex[:, 1] > 1)


CHI2 = Quantity("chi2", "chi2", lambda c: c.chi2, (10, 0, 10))
X = Quantity("x", "x", lambda c: c.vertex[:, 0], (10, 0, 10))
BOTH = Quantity("both", "x and y", lambda c: c.vertex[:, :2], (10, 0, 10))
MASS = Quantity("mass", "mass", lambda c: c.vertex[:, 2], (10, 0, 10))
SELECTION = Selection(
    name="toy",
    decay="K+ -> pi- e+ e+",
    candidates=found,
    identify=identify,
    identified_as="identified",
    triggers=("MT", "eMT"),
    cuts=(Cut(CHI2, Interval(high=6)), Cut(X, Interval(low=2)), Cut(BOTH, Interval(0.5, 9.5))),
    observable=MASS,
    regions=(Region("low", Interval(high=4)), Region("high", Interval(low=4), excluding=Interval(6, 7))),
    histograms=(X, MASS),
)


def columns(*, simulated, fired=0.7):
    rng = np.random.default_rng(5)
    run = np.where(rng.random(EVENTS) < 0.8, conditions().of(DATASET)[0].runs[0], 1).astype("u4")
    arrays = {"run": run, "trigger_MT": rng.random(EVENTS) < fired / 2, "trigger_eMT": rng.random(EVENTS) < fired / 2}
    truth = {b.name: np.zeros(EVENTS, b.dtype) for b in TRUTH if simulated}
    truth |= {"truth_weight": rng.uniform(0.5, 2, EVENTS)} if simulated else {}
    return Columns(Arrays(arrays | truth))


def recorded(mt, emt):
    """What downscaled lines keep of the data set's kaon decays if these fire, in units of what both keep."""
    periods = conditions().of(DATASET)

    def kept(first, second):
        return sum(
            p.kaon_decays * (1 - (1 - first / p.downscaling["MT"]) * (1 - second / p.downscaling["eMT"]))
            for p in periods
        )

    return kept(mt, emt) / kept(1, 1)


def plainly(c, weight=None):
    """(weight, values of the cuts, which pass, observable) of each identified candidate, and sums before."""
    arrays = c.source.arrays
    simulated = "truth_weight" in arrays
    w = arrays["truth_weight"] if simulated else np.ones(EVENTS)
    first, last = conditions().of(DATASET)[0].runs
    read = [simulated or first <= r <= last for r in arrays["run"]]
    candidates = found(c)
    sums = [sum(w[read]), 0.0, 0.0, 0.0]
    rows = []
    for n, event in enumerate(candidates.event):
        x, y, mass = candidates.vertex[n]
        chi2 = candidates.chi2[n]
        lines = arrays["trigger_MT"][event], arrays["trigger_eMT"][event]
        fired, share = any(lines), recorded(*lines) if simulated else 1.0
        sums[1] += w[event] * read[event]
        sums[2] += w[event] * share * (read[event] and fired)
        if read[event] and fired and y > 1:
            mine = w[event] * share * (weight(chi2) if weight and not simulated else 1)
            sums[3] += mine
            passes = [chi2 < 6, x > 2, all(0.5 < v < 9.5 for v in (x, y))]
            rows.append((mine, ([chi2], [x], [x, y]), passes, mass))
    return sums, rows


def regions_of(mass):
    return [mass < 4, mass > 4 and not 6 < mass < 7, True]


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("fired", [1.9, 0.7, 0.1], ids=["nearly all", "some", "few"])
@pytest.mark.parametrize("weight", [None, lambda chi2: 1 + chi2], ids=["", "weighted"])
def test_booked_are_the_sums_of_a_plain_loop(simulated, fired, weight):
    c = columns(simulated=simulated, fired=fired)
    of_candidates = weight and (lambda candidates: weight(candidates.chi2))
    selection = replace(SELECTION, weight=of_candidates)
    booked = book_cuts(selection, apply_cuts(selection, trigger_stage(SELECTION, DATASET, c)))
    sums, rows = plainly(c, weight)
    for stage in range(3):
        sums.append(sum(w for w, _, passes, _ in rows if all(passes[: stage + 1])))
    np.testing.assert_allclose(booked["cutflow"].values(), sums)
    variance = sum(w * w for w, _, passes, _ in rows if all(passes))
    assert booked["cutflow"].variances()[-1] == pytest.approx(variance)
    for i, cut in enumerate(selection.cuts):
        left = [(w, v[i]) for w, v, passes, _ in rows if all(p for k, p in enumerate(passes) if k != i)]
        wanted = np.histogram([x for _, v in left for x in v], 10, (0, 10), weights=[w for w, v in left for _ in v])[0]
        np.testing.assert_allclose(booked[f"without {cut.quantity.name}"].values(), wanted)
        removed = [(w, regions_of(mass)) for w, _, p, mass in rows if not p[i] and sum(p) == 2]
        np.testing.assert_allclose(
            booked["lost"].values()[i + 1], [sum(w for w, r in removed if r[k]) for k in range(3)]
        )
    kept = [(w, v, mass) for w, v, passes, mass in rows if all(passes)]
    by_region = [sum(w for w, _, mass in kept if regions_of(mass)[k]) for k in range(3)]
    np.testing.assert_allclose(booked["lost"].values()[0], by_region)
    np.testing.assert_allclose(booked["regions"].values(), by_region[:2])
    weights = [w for w, _, _ in kept]
    for name, values in (("mass", [mass for _, _, mass in kept]), ("x", [v[1][0] for _, v, _ in kept])):
        np.testing.assert_allclose(booked[name].values(), np.histogram(values, 10, (0, 10), weights=weights)[0])


def test_selections_with_equal_cuts_have_histograms_of_their_own():
    twin = replace(SELECTION, name="twin", regions=(Region("all", Interval()),), histograms=(VERTEX_Z,))
    other = replace(SELECTION, name="other", cuts=SELECTION.cuts[:1])
    three = replace(SEARCH, normalisation=SELECTION, signal=twin, controls=(other,))
    booked = book_search(three, columns(simulated=False), "toy_sample")
    for s in (SELECTION, twin, other):
        alone = book_cuts(s, apply_cuts(s, trigger_stage(s, DATASET, columns(simulated=False))))
        assert list(alone) == list(booked[s.name])
        assert all(alone[name] == histogram for name, histogram in booked[s.name].items())
    own = {id(histogram) for histograms in booked.values() for histogram in histograms.values()}
    assert len(own) == sum(len(histograms) for histograms in booked.values())


def test_quantities_are_computed_once_for_all_selections():
    asked = []

    def counted(c):
        asked.append(len(c))
        return c.chi2

    cuts = (Cut(Quantity("chi2", "chi2", counted, (10, 0, 10)), Interval(high=6)), *SELECTION.cuts[1:])
    first = replace(SELECTION, cuts=cuts)
    second = replace(first, name="second", cuts=cuts[:1])
    book_search(replace(SEARCH, normalisation=first, signal=second, controls=()), columns(simulated=True), "toy_sample")
    assert len(asked) == 1


def test_cuts_are_looked_at_once_for_all_searches():
    asked = []

    def counted(c):
        asked.append(len(c))
        return c.chi2

    first = replace(SELECTION, cuts=(Cut(Quantity("chi2", "chi2", counted, (10, 0, 10)), Interval(high=6)),))
    search_for = [replace(SEARCH, normalisation=first, signal=replace(first, name=n), controls=()) for n in ("a", "b")]
    cache_of_chunk = ChunkCache(
        columns(simulated=True, fired=0.1)
    )  # few: candidates of other triggers are not looked at
    booked = [cache_of_chunk.book(s, "toy_sample") for s in search_for]
    assert len(asked) == 1
    assert booked[0]["a"]["cutflow"] == booked[1]["b"]["cutflow"]


def heavier(columns):
    return columns.replaced("truth_weight", columns.event("truth_weight") * 1.5)


def lighter(columns):
    return columns.replaced("truth_weight", columns.event("truth_weight") * 0.5)


def test_variations_are_booked_beside_the_nominal_events_of_their_samples():
    varied = ShapeSystematic("weights", heavier, lighter, ("toy_sample",))
    searched = replace(SEARCH, signal=SELECTION, normalisation=SELECTION, controls=(), shape_systematics=(varied,))
    booked = ChunkCache(columns(simulated=True)).book(searched, "toy_sample")[SELECTION.name]
    for kind in ("regions", SELECTION.observable.name):
        nominal = booked[kind].view()["value"]
        assert booked[f"{kind} weights up"].view()["value"] == pytest.approx(1.5 * nominal)
        assert booked[f"{kind} weights down"].view()["value"] == pytest.approx(0.5 * nominal)
    for made in (
        ChunkCache(columns(simulated=True)).book(searched, "another")[SELECTION.name],
        ChunkCache(columns(simulated=False)).book(searched, "toy_sample")[SELECTION.name],
    ):
        assert not any(name.endswith((" up", " down")) for name in made)
