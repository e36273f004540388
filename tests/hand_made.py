"""Booked counts made by hand: what the processor would have stored, with numbers that can be checked on paper."""

from __future__ import annotations

import hist

from rarekaon.analysis.events.exposure import Exposure
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.search.channels import search

FULL = search("pi_ee", "2016-2018")
GENERATED = 1e6


def category(names, counts, axis):
    h = hist.Hist(hist.axis.StrCategory(names, name=axis), storage=hist.storage.Weight())
    for row, name in enumerate(names):
        value, variance = counts.get(name, (0.0, 0.0))
        h.view()["value"][row], h.view()["variance"][row] = value, variance
    return h


def table(selection, counts):
    """Regions as given (sum of weights, of their squares), and the cutflow's last row: all of them."""
    everywhere = tuple(sum(c[i] for c in counts.values()) for i in (0, 1))
    last = {selection.cutflow[-1]: counts.get("cutflow", everywhere)}  # or, of events that no region has, as given
    return {
        "regions": category([r.name for r in selection.regions], counts, "region"),
        "cutflow": category(selection.cutflow, last, "cut"),
    }


def sample(what, *, simulated=True, **counts):
    """One sample of a search; `counts` by selection and region, nothing in the others."""
    exposure = Exposure(
        simulated=simulated, events=1, generated=int(GENERATED), weight=GENERATED, weight_in_fv=GENERATED
    )
    booked = {s.name: table(s, counts.get(s.name, {})) for s in what.selections}
    for selection in (what.signal, what.normalisation) if simulated else ():
        unmoved = booked[selection.name]["regions"]
        ends = (name for source in what.shape_systematics for name, _ in source.ends())
        booked[selection.name] |= {f"regions {name}": unmoved.copy() for name in ends}
    return {"exposure": exposure.as_numbers(), what.dataset: booked}


def booked(what=FULL, observed=None, controls=(9, 2)):
    counts = {"lower": (controls[0],) * 2, "upper": (controls[1],) * 2} | (observed or {})
    data = sample(what, normalisation={"normalisation": (10000.0, 10000.0)}, signal=counts, simulated=False)
    return SearchHistograms(
        what,
        {
            "pi_ee_sm": sample(what, normalisation={"normalisation": (40000.0, 40000.0)}),
            "pi_ee_lnv": sample(what, signal={"signal": (50000.0, 50000.0)}),
            "k3pi": sample(what, signal={"lower": (1e-4, 1e-9)}),
            **{name: sample(what, signal={"cutflow": (1e-5, 1e-11)}) for name in ("ke4", "pi_pi0d", "pi_pi0dd")},
            "pi0d_e_nu": sample(what, signal={"lower": (4e-3, 1e-8), "upper": (2e-3, 1e-8), "signal": (4e-4, 1e-9)}),
            "e_nu_ee": sample(what, signal={"signal": (4.0, 0.1)}),
            **dict.fromkeys(what.samples.data, data),
        },
    )
