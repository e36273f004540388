"""Limits beside those of other programs and of published tables, to accuracies stated in advance: `make root`.

Runs in the environment of `make root`, which has ROOT, cabinetry and pyhs3; its table is docs/results/programs.md.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rarekaon.analysis.facts.published import all_published
from rarekaon.analysis.limits.from_publications import recomputed_limit
from rarekaon.analysis.limits.workspaces import published_export
from rarekaon.analysis.results.records import write_text
from rarekaon.analysis.statistics import Background, upper_limit
from rarekaon.analysis.statistics.asymptotic import asymptotic_limit
from rarekaon.analysis.statistics.counting import CountingExperiment
from rarekaon.analysis.statistics.hs3 import to_hs3
from rarekaon.analysis.statistics.hybrid import workspace_limit
from rarekaon.analysis.statistics.rolke import GaussianBackground, ProfileLikelihood, SidebandBackground
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, workspace
from tests.root.trolke import limit as trolke_limit

PAGE = Path(__file__).parents[2] / "docs/results/programs.md"
TOYS = 20_000


@dataclass(frozen=True)
class Row:
    """One comparison: the largest difference of its numbers, and what was allowed before they were computed."""

    what: str
    """What is compared."""
    program: str
    """With what."""
    numbers: int
    """How many numbers."""
    difference: float
    """Largest difference, in the unit of `allowed`."""
    allowed: float
    """What it may be."""
    unit: str = "relative"
    """What differences are: "relative", "absolute", or in standard deviations of toys ("sigma")."""
    why: str = ""
    """Why it is larger, where it is."""

    @property
    def agrees(self) -> bool:
        return self.difference <= self.allowed


def rows() -> Iterator[Row]:
    """All comparisons."""
    import ROOT

    ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.ERROR)
    version = f"ROOT {ROOT.gROOT.GetVersion()}"
    yield _rolke(version)
    yield _feldman_cousins(version)
    yield from _toys(version)
    yield from _asymptotics()
    yield from _hs3(version)
    yield from _published()


def _relative(ours: float, theirs: float) -> float:
    return abs(ours / theirs - 1)


def _rolke(version: str) -> Row:
    """Without errors of the efficiency; the program stops within 1e-5 of the likelihood, three times that at n = 0."""
    worst, backgrounds = [], (("known", (0.5,)), ("known", (3.0,)), ("gauss", (3.0, 1.0)), ("poisson", (12, 4.0)))
    for kind, parameters in backgrounds:
        measured: Any = SidebandBackground if kind == "poisson" else GaussianBackground
        background = measured(*(parameters if len(parameters) == 2 else (*parameters, 0.0)))
        for n in range(11):
            ours = ProfileLikelihood(n, background).upper_limit(0.9)
            worst.append(_relative(ours, trolke_limit(kind, parameters, n, 0.0, 0.9, True)))
    return Row("profile likelihood, n = 0 to 10", f"{version}, TRolke", len(worst), max(worst), 1e-4)


def _feldman_cousins(version: str) -> Row:
    import ROOT

    program = ROOT.TFeldmanCousins(0.9)
    program.SetMuMax(30.0)
    program.SetMuStep(step := 0.005)
    worst = []
    for b in (0.0, 0.5, 1.0, 3.0):
        for n in range(11):
            ours = upper_limit(n, Background(b), method="fc").signal_events
            worst.append(abs(ours - float(program.CalculateUpperLimit(n, b))))
    return Row(
        "Feldman-Cousins, n = 0 to 10", f"{version}, TFeldmanCousins", len(worst), max(worst), 2 * step, "absolute"
    )


def _toys(version: str) -> Iterator[Row]:
    """CLs at our limit, by toys of RooStats with the background drawn from its error."""
    import ROOT

    ROOT.RooRandom.randomGenerator().SetSeed(1)
    worst, cases = [], ((0, 0.43, 0.09), (1, 0.91, 0.41), (3, 1.65, 0.31), (12, 9.0, 2.0))
    for n, b, error in cases:
        background = Background(b, error, "truncated_gaussian")
        signal = upper_limit(n, background).signal_events
        found = _roostats_cls(n, b, error, signal)
        exact = CountingExperiment(n, [background]).cls(signal)
        sigma = math.sqrt(exact * (1 - exact) / TOYS / found.CLb())
        worst.append(abs(found.CLs() - exact) / sigma)
    yield Row("CLs at the limit", f"{version}, RooStats, {TOYS} toys", len(worst), max(worst), 4.0, "sigma")


def _roostats_cls(n: int, b: float, error: float, signal: float) -> Any:
    import ROOT

    space = ROOT.RooWorkspace("space")
    space.factory(f"Poisson::counts(n[{n},0,400],sum::mean(s[{signal},0,60],b[{b},0,{b + 8 * error}]))")
    space.factory(f"Gaussian::prior(b,{b},{error})")
    models = []
    for name, value in (("with", signal), ("without", 0.0)):
        model = ROOT.RooStats.ModelConfig(name, space)
        model.SetPdf("counts")
        model.SetObservables("n")
        model.SetParametersOfInterest("s")
        model.SetNuisanceParameters("b")
        space.var("s").setVal(value)
        model.SetSnapshot(ROOT.RooArgSet(space.var("s")))
        models.append(model)
    observables = ROOT.RooArgSet(space.var("n"))
    space.var("n").setVal(n)
    data = ROOT.RooDataSet("data", "data", observables)
    data.add(observables)
    calculator = ROOT.RooStats.HybridCalculator(data, models[1], models[0])
    calculator.ForcePriorNuisanceNull(space.pdf("prior"))
    calculator.ForcePriorNuisanceAlt(space.pdf("prior"))
    calculator.SetToys(TOYS, TOYS)
    statistic = ROOT.RooStats.NumEventsTestStat(space.pdf("counts"))
    sampler = calculator.GetTestStatSampler()
    sampler.SetTestStatistic(statistic)
    sampler.SetNEventsPerToy(1)
    found = calculator.GetHypoTest()
    found.SetBackgroundAsAlt(True)
    found.SetPValueIsRightTail(False)  # few events speak against a signal
    return found


def _asymptotics() -> Iterator[Row]:
    """Where there are events enough: K+ -> mu+ nu nu nu as published, and two made counts."""
    import cabinetry
    import pyhf

    paper = all_published()["mu_nu_nu_nu", "2016-2018"]
    exported = published_export(paper)
    found = recomputed_limit(paper)
    assert found is not None
    cases = [(exported.workspace(), found.upper_limit / exported.unit)]
    for n, b, error in ((2510, 2480.0, 40.0), (150, 140.0, 9.0)):
        sample = Sample("background", b, systematics=(("error", error),))
        made = workspace([RegionCounts("signal", n, (sample,), 1.0)], highest_mu=1000.0)
        cases.append((made, upper_limit(n, Background(b, error, "truncated_gaussian")).signal_events))
    theirs = [asymptotic_limit(content).upper_limit for content, _ in cases]
    worst = max(_relative(ours, limit) for (_, ours), limit in zip(cases, theirs, strict=True))
    yield Row("workspaces of many events", f"pyhf {pyhf.__version__}, asymptotic", len(cases), worst, 0.02)
    limits = []
    for (content, _), expected in zip(cases, theirs, strict=True):
        model, data = cabinetry.model_utils.model_and_data(content)
        bracket = (0.3 * expected, 3 * expected)
        limits.append(cabinetry.fit.limit(model, data, bracket=bracket, confidence_level=0.9).observed_limit)
    worst = max(_relative(ours, limit) for (_, ours), limit in zip(cases, limits, strict=True))
    yield Row("workspaces of many events", f"cabinetry {cabinetry.__version__}", len(cases), worst, 0.02)


def _hs3(version: str) -> Iterator[Row]:
    """-log likelihood of one workspace at four points, absolute, in HS3 as in pyhf's JSON."""
    import pyhf
    import pyhs3

    regions = (
        RegionCounts("lower", 8, (Sample("K3pi", 0.9), Sample("misidentified", 3.7, systematics=(("rate", 0.7),)))),
        RegionCounts(
            "signal",
            3,
            (
                Sample("misidentified", 2.0, 0.25, (("rate", 0.6),)),
                Sample("e nu e e", 0.5, 0.0, (("theory", 0.1),), "lognormal"),
            ),
            0.5,
        ),
    )
    content = workspace(regions, [("branching fraction", 0.03)])
    written = to_hs3(content)
    statistics = "statistics_misidentified_signal"
    points: list[dict[str, float]] = [{}, {"mu": 2.0}, {"rate": 0.7}]
    points.append({"mu": 3.0, "rate": -0.4, "theory": 1.2, "branching_fraction": -2.0, statistics: 1.3})
    space = pyhf.Workspace(content)
    model = space.model(modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}})
    start = dict(zip(model.config.par_names, model.config.suggested_init(), strict=True))
    start = {name.removesuffix("[0]"): value for name, value in start.items()}
    expected = [-float(model.logpdf(list((start | point).values()), space.data(model))[0]) for point in points]
    for program, compute in ((f"pyhs3 {pyhs3.__version__}", _by_pyhs3), (f"{version}, RooFit", _by_roofit)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "workspace.hs3.json"
            path.write_text(json.dumps(written))
            found = [compute(path, content, start | point) for point in points]
        worst = max(abs(a - b) for a, b in zip(expected, found, strict=True))
        yield Row("-log likelihood of a workspace in HS3", program, len(points), worst, 1e-9, "absolute")


def _hs3_name(name: str) -> str:
    return name if name == "mu" or name.startswith("statistics") else f"alpha_{name}"


def _by_pyhs3(path: Path, content: Mapping[str, Any], point: Mapping[str, float]) -> float:
    import pyhs3
    import pytensor
    from pytensor.graph.traversal import explicit_graph_inputs

    space = pyhs3.Workspace.load(path)
    model = space.model(space.analyses[content["measurements"][0]["name"]], progress=False)
    inputs = list(explicit_graph_inputs([model.log_prob]))
    function = pytensor.function(inputs, model.log_prob, mode="FAST_COMPILE")
    values = {_hs3_name(name): np.asarray(value, dtype=float) for name, value in point.items()}
    return -float(np.ravel(function(*(values[i.name].reshape((1,) * i.ndim) for i in inputs)))[0])


def _by_roofit(path: Path, content: Mapping[str, Any], point: Mapping[str, float]) -> float:
    """Its expected events in every region, and the Gaussians of its constraints."""
    import ROOT

    space = ROOT.RooWorkspace("space")
    assert ROOT.RooJSONFactoryWSTool(space).importJSON(str(path))
    config = space.obj(content["measurements"][0]["name"])
    total, observables = 0.0, config.GetObservables()
    for name, value in point.items():
        space.var(_hs3_name(name)).setVal(value)
    for distribution in json.loads(path.read_text())["distributions"]:
        mean = config.GetPdf().getPdf(distribution["name"]).expectedEvents(observables)
        n = space.data(f"data_{distribution['name']}").sumEntries()
        total += mean - n * math.log(mean) + math.lgamma(n + 1)
    for name in (n for n in point if _hs3_name(n).startswith("alpha_")):
        nominal = ROOT.RooArgSet(space.var(f"nom_alpha_{name}"))
        total -= math.log(space.pdf(f"alpha_{name}Constraint").getVal(nominal))
    return total


def _published() -> Iterator[Row]:
    """Limits of the papers: half of the last published digit; and the workspaces of the same counts."""
    worst: dict[bool, list[float]] = {True: [], False: []}
    workspaces = []
    for (search, _), paper in all_published().items():
        found = recomputed_limit(paper)
        if paper.count is None or paper.upper_limit is None or found is None:
            continue
        exponent = math.floor(math.log10(paper.upper_limit.value)) - (paper.upper_limit.digits or 2) + 1
        worst[search == "pi_nu_nu"].append(abs(found.upper_limit - paper.upper_limit.value) / 10**exponent)
        exported = published_export(paper)
        workspaces.append(
            _relative(workspace_limit(exported.workspace()).upper_limit * exported.unit, found.upper_limit)
        )
    others, pi_nu_nu = worst[False], worst[True]
    yield Row("limits of the searches", "the papers", len(others), max(others), 0.5, "units of the last digit")
    why = "no prior repeats the preliminary 1.85e-10; the final paper gives 1.78e-10"
    yield Row("limit of K+ -> pi+ nu nu", "its review", 1, max(pi_nu_nu), 0.5, "units of the last digit", why)
    yield Row("workspaces of the searches, by draws", "the limits", len(workspaces), max(workspaces), 0.02)


def page(found: list[Row]) -> str:
    """The table."""
    lines = [
        "# Programs",
        "Written by `make root`; not edited by hand.",
        "| compared | with | numbers | largest difference | allowed | unit | |\n|---|---|---:|---:|---:|---|---|\n"
        + "\n".join(
            f"| {r.what} | {r.program} | {r.numbers} | {r.difference:.2g} | {r.allowed:g} | {r.unit} | "
            f"{'agrees' if r.agrees else r.why} |"
            for r in found
        ),
    ]
    return "\n\n".join(lines) + "\n"


def main() -> int:
    """Compare, write the page, and return 1 if something differs and the table does not say why."""
    warnings.simplefilter("ignore")
    found = []
    for row in rows():
        found.append(row)
        print(f"{row.what:42s} {row.program:38s} {row.difference:9.2g} of {row.allowed:g} {row.unit}", flush=True)
    write_text(PAGE, page(found))
    return int(not all(row.agrees or row.why for row in found))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # ROOT 6.40 from the package index crashes in the end of the interpreter
