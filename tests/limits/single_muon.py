"""Booked histograms of the single-muon searches: from toys with a known response, and from a simulated sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import uproot

from rarekaon.analysis.decays.modes.invisible import HIGHEST
from rarekaon.analysis.facts.branching_fractions import branching_fractions
from rarekaon.analysis.facts.models import SimulatedSample
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing import histograms
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.samples.weighted import simulate_sample
from tests import hand_made
from tests.reading import nano_events
from tests.statistics.spectra import toy

PEAK = search("mu_n", "2016-2018")
CUT = search("mu_nu_x_scalar", "2016-2018")
DATA = "data_2016_2018_single"
ACCEPTANCE = 0.25
NORMALISED = 2e9
DECAYS = NORMALISED / (0.6356 * 0.2 / (1 - 0.3))
"""Of which a fifth is selected, and three tenths of them are lost to accidental activity."""


def width(m):
    """Resolution of the toys (MeV)."""
    return np.interp(m, [0.0, 200.0, 390.0], [6.0, 2.8, 0.8])


def _spectrum(quantity, values, weight=1.0):
    histogram = histograms.spectrum(quantity)
    histograms.fill(histogram, quantity, values, np.full(len(values), weight))
    return histogram


def toy_booked(
    what, *, peak: tuple[float, int] = (300.0, 0), background: float = 40_000.0, seed: int = 3
) -> SearchHistograms:
    """Data with a smooth spectrum and `peak` (mass, events); the simulated background is the same spectrum."""
    rng = np.random.default_rng(seed)
    n = 400_000
    true = rng.uniform(0, HIGHEST, n)
    kept = true[rng.random(n) < ACCEPTANCE]
    quantity = what.signal.response
    invisible = hand_made.sample(what)
    invisible["exposure"] |= {"weight_in_fv": float(n), "generated": float(n)}
    measured = kept + width(kept) * rng.standard_normal(len(kept))
    response = histograms.response(quantity, measured, kept, np.ones(len(kept)))
    invisible[what.dataset]["signal"]["response missing_mass"] = response
    mass, events = peak
    data_masses = np.concatenate((toy(seed, background), mass + width(mass) * rng.standard_normal(events)))
    simulated_masses = toy(seed + 1, background)
    nothing = {name: _with_masses(what, np.empty(0)) for name in ("mu_nu", "pi0_mu_nu", "k3pi_single")}
    samples = {"mu_invisible": invisible, **nothing}
    samples["mu_nu"][what.dataset]["normalisation"] = hand_made.table(
        what.normalisation, {"normalisation": (200_000.0, 200_000.0)}
    )
    samples["mu_nu_gamma"] = _with_masses(what, simulated_masses)
    # so many decays that the background expected is that of the data
    decays = DECAYS * branching_fractions()["K+ -> mu+ nu_mu gamma"].value / (1 - what.random_veto)
    samples["mu_nu_gamma"]["exposure"]["weight_in_fv"] = decays
    samples[DATA] = _with_masses(what, data_masses, simulated=False)
    samples[DATA][what.dataset]["normalisation"] = hand_made.table(
        what.normalisation, {"normalisation": (NORMALISED, NORMALISED**2 / 100_000)}
    )
    return SearchHistograms(what, samples)


def _with_masses(what, masses, *, simulated=True):
    regions = {r.name: (float(r.mask(masses**2).sum()),) * 2 for r in what.signal.regions}
    made = hand_made.sample(what, simulated=simulated, signal=regions)
    made[what.dataset]["signal"] |= {
        "missing_mass": _spectrum(what.signal.response, masses),
        "missing_mass_squared": _spectrum(what.signal.observable, masses**2),
    }
    return made


def simulated_booked(path: Path, decay: str, decays: int, mass: float | None = None) -> SearchHistograms:
    """A simulated sample in the place of the uniform one; nothing of the others."""
    sample = SimulatedSample(decay=decay, stream="single_track", decays=decays, quick=decays, seed=17, mass=mass)
    file = path / "sample.root"
    simulate_sample("mu_invisible", sample, file, quick=False, workers=1, file_format="ttree", progress=None)
    output = SearchProcessor(("mu_n",)).process(nano_events(file, "mu_invisible"))["mu_n"]["mu_invisible"]
    rows = uproot.open(file)["Generation"].arrays(library="np")
    numbers = hand_made.sample(PEAK)["exposure"] | {"weight_in_fv": float(rows["weight_in_fv"].sum())}
    return SearchHistograms(
        PEAK, {name: {} for name in PEAK.samples.all} | {"mu_invisible": {**output, "exposure": numbers}}
    )
