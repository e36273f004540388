"""Booked counts made by hand: what the processor would have stored, with numbers that can be checked on paper."""

from __future__ import annotations

import hist

from analysis.events.exposure import Exposure
from analysis.limits.booked import Booked
from analysis.search import search

FULL = search("pi_ee", "2016-2018")
GENERATED = 1e6


def table(selection, counts):
    regions = [r.name for r in selection.regions]
    h = hist.Hist(hist.axis.StrCategory(regions, name="region"), storage=hist.storage.Weight())
    for row, name in enumerate(regions):
        value, variance = counts.get(name, (0.0, 0.0))
        h.view()["value"][row], h.view()["variance"][row] = value, variance
    return {"regions": h}


def sample(dataset, *, normalisation=None, signal=None, simulated=True):
    exposure = Exposure(
        simulated=simulated, events=1, generated=int(GENERATED), weight=GENERATED, weight_in_fv=GENERATED
    )
    booked = {
        "normalisation": table(FULL.normalisation, normalisation or {}),
        "signal": table(FULL.signal, signal or {}),
    }
    return {"exposure": exposure.as_numbers(), dataset: booked}


def booked(what=FULL, observed=None, controls=(9, 2)):
    decay = what.dataset
    counts = {"lower": (controls[0],) * 2, "upper": (controls[1],) * 2} | (observed or {})
    data = sample(decay, normalisation={"normalisation": (10000.0, 10000.0)}, signal=counts, simulated=False)
    return Booked(
        what,
        {
            "pi_ee_sm": sample(decay, normalisation={"normalisation": (40000.0, 40000.0)}),
            "pi_ee_lnv": sample(decay, signal={"signal": (50000.0, 50000.0)}),
            "k3pi": sample(decay, signal={"lower": (1e-4, 1e-9)}),
            "ke4": sample(decay),
            "pi0d_e_nu": sample(decay, signal={"lower": (4e-3, 1e-8), "upper": (2e-3, 1e-8), "signal": (4e-4, 1e-9)}),
            "e_nu_ee": sample(decay, signal={"signal": (4.0, 0.1)}),
            **dict.fromkeys(what.samples.data, data),
        },
    )
