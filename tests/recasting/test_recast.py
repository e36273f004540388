"""The laws of recasting, against independent simulations of the models themselves."""

from dataclasses import replace
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pytest

from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.modes.mu_n import lepton_n_visible
from rarekaon.analysis.execution import Backend
from rarekaon.analysis.execution.store import save
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.recasting import Function, Products, RecastError, Resonance, Uniform, recast
from rarekaon.analysis.recasting.reweighting import RecastProcessor, Reweighting
from rarekaon.analysis.recasting.truth import kaon_frame, laboratory_momenta
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.search.channels import search
from tests.hand_made import booked
from tests.reading import columns_of, nano_events
from tests.recasting.samples import acceptance, write_sample
from tests.selecting import selected

DECAY, SAMPLE = "K+ -> pi- e+ e+", "pi_ee_lnv"
LNV, FULL, BLIND = mode(DECAY), search("pi_ee", "2016-2018"), search("pi_ee", "2022")
BLOCKS = 2


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A simulated signal sample, and hand-made histograms of everything else."""
    directory = tmp_path_factory.mktemp("recast")
    write_sample(directory / f"{SAMPLE}.root", LNV, BLOCKS, catalogue().simulation[SAMPLE].seed)
    content = {}
    for declared in (FULL, BLIND):
        for sample, part in booked(declared).samples.items():
            content.setdefault(sample, {}).update(part)
    save(directory / "pi_ee.zip", content)
    return directory


def found(place, *densities, dataset="2016-2018", **more):
    return recast("pi_ee", dataset, *densities, samples=place, histograms=place, **more)


def test_the_uniform_density_is_the_nominal_acceptance_exactly(place):
    (uniform,) = found(place, Uniform())
    nominal, error = acceptance(FULL, place / f"{SAMPLE}.root", BLOCKS)
    efficiency = conditions().event_efficiency("2016-2018")
    assert uniform.acceptance == pytest.approx(nominal * efficiency, rel=1e-14)
    assert uniform.acceptance_error == pytest.approx(error * efficiency, rel=1e-14)
    (constant,) = found(place, Function(lambda pi, a, b: np.full(a.shape[-1], 8.0)))
    assert constant.acceptance == uniform.acceptance
    assert constant.limit.upper_limit == uniform.limit.upper_limit


def test_only_the_signal_changes(place):
    (wide,) = found(place, Resonance("pi- e+", 300.0, width=30.0))
    nominal, _ = limit_from_events(booked(FULL))
    for name in ("kaon_decays", "kaon_decays_error", "background", "background_error", "observed"):
        assert getattr(wide.limit, name) == getattr(nominal, name)
    scale = wide.limit.single_event_sensitivity * wide.acceptance
    assert scale == pytest.approx(nominal.single_event_sensitivity * nominal.acceptance_signal)
    assert wide.limit.acceptance_signal == pytest.approx(wide.acceptance)
    assert wide.limit.published_upper_limit is None
    assert wide.limit.parameter == {"mass": 300.0, "width": 30.0, "ctau": 0.0}


PULL = 3.5
"""Of some ten comparisons one is beyond it in 200 sets of samples: those of a new generator are another set."""


def agrees(place, density, simulated, tmp_path):
    """The acceptance of a model simulated directly, and by reweighting: their difference in standard deviations."""
    (model,) = found(place, density)
    efficiency = conditions().event_efficiency("2016-2018")
    value, error = acceptance(FULL, write_sample(tmp_path / "model.root", simulated, seed=91))
    pull = (model.acceptance - value * efficiency) / np.hypot(model.acceptance_error, error * efficiency)
    assert model.acceptance_error < 0.06 * model.acceptance
    return pull


@pytest.mark.parametrize("mass", [200.0, 300.0, 400.0])
def test_a_narrow_resonance_agrees_with_its_own_simulation(place, mass, tmp_path):
    simulated = replace(lepton_n_visible(mass, "e+"), radiative=False)
    assert abs(agrees(place, Resonance("pi- e+", mass, window=4.0), simulated, tmp_path)) < PULL


@pytest.mark.parametrize(
    "density",
    [
        Resonance("pi- e+", 250.0, width=20.0, amplitude="majorana"),
        Resonance("e+ e+", 250.0, width=30.0, window=0.0),
        Function(lambda pi, a, b: mass2(a, b) ** 2, "m(ee)^4"),
    ],
    ids=lambda d: d.description,
)
def test_any_density_agrees_with_its_own_simulation(place, density, tmp_path):
    def squared(*momenta):
        return density.value(Products(LNV.products, np.stack(momenta)))

    assert abs(agrees(place, density, replace(LNV, amplitude=squared), tmp_path)) < PULL


def test_models_are_told_apart(place):
    """Pulls of a wrong model: the test above would see it."""
    low, high = found(place, Resonance("e+ e+", 200.0, width=5.0), Resonance("e+ e+", 330.0, width=5.0))
    assert abs(low.acceptance - high.acceptance) > 5 * np.hypot(low.acceptance_error, high.acceptance_error)


def test_a_lifetime_costs_acceptance_and_a_long_one_is_refused(place):
    prompt, short, longer = found(place, *(Resonance("pi- e+", 300.0, window=4, ctau=c) for c in (0.0, 0.01, 1.0)))
    assert prompt.prompt == 1
    assert short.prompt == pytest.approx(1, abs=1e-3)
    assert longer.acceptance == pytest.approx(longer.prompt * prompt.acceptance, rel=1e-6)
    assert 0.1 < longer.prompt < 0.99
    assert longer.limit.upper_limit > prompt.limit.upper_limit
    with pytest.raises(RecastError, match="simulate the displaced decays"):
        found(place, Resonance("pi- e+", 300.0, window=4, ctau=1000.0))


def test_tracks_displaced_as_far_as_the_reach_are_selected_as_prompt_ones(place):
    """What `prompt_within` stands on: tracks of N's decay moved to where N flew, then fitted and selected again."""
    path = place / f"{SAMPLE}.root"
    resonance = Resonance("pi- e+", 300.0, window=20.0)
    prompt, near, far = (displaced_acceptance(path, resonance, by) for by in (0.0, resonance.prompt_within, 3000.0))
    assert near == pytest.approx(prompt, rel=0.01)
    assert far < 0.97 * prompt


def displaced_acceptance(path, resonance, distance):
    window = {"entry_start": 0, "entry_stop": 20000}
    columns = columns_of(path, **window)
    laboratory = laboratory_momenta(columns, LNV)
    momenta = SimpleNamespace(n=laboratory[0] + laboratory[1], first=laboratory[1], second=laboratory[2])
    event = np.repeat(np.arange(len(columns)), np.diff(columns.offsets("Track")))
    size = columns.flat("Track", "momentum").astype(float)
    far_from = [np.abs(np.log(size / np.linalg.norm(p[:3], axis=0)[event])) for p in (momenta.first, momenta.second)]
    daughter = (columns.flat("Track", "charge") < 0) | (far_from[0] < far_from[1])
    moved = columns_of(path, **window)
    for axis, name in enumerate("xy"):
        slope = (momenta.n[axis] / momenta.n[2])[event] - columns.flat("Track", f"slope_{name}")
        for plane in (name, f"{name}_after"):
            position = columns.flat("Track", plane) + np.where(daughter, distance * slope, 0.0)
            moved._columns["Track", plane] = position.astype(np.float32)
    selection = FULL.signal
    c = selected(selection, moved)
    c = c.take(selection.region("signal").within.mask(selection.observable.of(c)))
    weight = resonance.term(Products(LNV.products, kaon_frame(laboratory, columns)), (0, 1))
    return (weight * columns.event("truth_weight"))[c.event].sum()


def test_densities_where_no_event_is_selected_are_refused(place):
    with pytest.raises(RecastError, match="effective simulated events are selected, 100 are needed"):
        found(place, Resonance("pi- e+", 488.0))
    with pytest.raises(RecastError, match="zero everywhere"):
        found(place, Function(lambda pi, a, b: 0 * pi[0]))


def test_a_shut_search_has_expected_limits_only(place):
    (blind,) = found(place, Resonance("pi- e+", 300.0, width=30.0), dataset="2022")
    assert blind.limit.observed is None
    assert blind.limit.upper_limit is None
    assert blind.limit.expected_upper_limit[2] > 0
    assert "blind" in repr(blind)


def test_chunks_and_workers_do_not_matter(place):
    """A function of a notebook travels to the workers, and sums of small chunks are those of a large one."""
    density = Function(lambda pi, a, b: mass2(pi, a) + mass2(pi, b), "sum")
    processor = RecastProcessor("pi_ee", "2016-2018", {"0": Reweighting.to(density, DECAY)})
    travelled = cloudpickle.loads(cloudpickle.dumps(processor))
    path = place / f"{SAMPLE}.root"
    whole = processor.process(nano_events(path, SAMPLE))["0"]["signal"]["regions"]
    parts = [
        travelled.process(nano_events(path, SAMPLE, entry_start=a, entry_stop=b))["0"]["signal"]["regions"]
        for a, b in ((0, 10000), (10000, None))
    ]
    np.testing.assert_allclose((parts[0] + parts[1]).values(), whole.values(), rtol=1e-12)
    (one,) = found(place, density)
    (other,) = found(place, density, backend=Backend("local", 1))
    assert one == other


def test_missing_histograms_are_named(place, tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        recast("pi_ee", "2016-2018", Uniform(), samples=place, histograms=tmp_path)
