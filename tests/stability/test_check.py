"""Stability checks on the small samples that `make limits QUICK=1` leaves."""

from pathlib import Path

import numpy as np
import pytest

from rarekaon.analysis.contract.units import GeV, m
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.store import load
from rarekaon.analysis.facts.models import conditions
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.stability import draw_stability
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.simulation.ground.beam import fiducial_fraction
from rarekaon.analysis.stability import CutVariation, PeriodVariation, VariationError, check_stability
from rarekaon.analysis.stability.check import StabilityProcessor
from tests.reading import columns_of
from tests.selecting import selected

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples/quick"
FULL = search("pi_ee", "2016-2018")
LOW = tuple(CutVariation("vertex_z", "low", z * m) for z in (105, 110, 115))
PERIODS = tuple(PeriodVariation(name) for name in conditions().datasets["2016-2018"].periods)


@pytest.fixture(scope="module")
def found():
    assert SAMPLES.exists(), "run `make limits QUICK=1` first (`make test` does)"
    return check_stability("pi_ee", "2016-2018", (*LOW, *PERIODS), samples=SAMPLES)


def test_the_nominal_point_is_the_limit_of_the_search(found):
    store = load(ROOT / "results/quick/histograms/pi_ee.zip")
    record, _ = limit_from_events(SearchHistograms(FULL, store))
    assert found.nominal.kaon_decays == pytest.approx(record.kaon_decays, rel=1e-12)
    assert found.nominal.single_event_sensitivity == pytest.approx(record.single_event_sensitivity, rel=1e-12)
    assert found.nominal.observed == record.observed
    assert found.nominal.upper_limit == pytest.approx(record.upper_limit, rel=1e-9)


def test_a_cut_at_its_own_value_changes_nothing(found):
    same = found.points[0]
    for name in ("kaon_decays", "acceptance_signal", "single_event_sensitivity", "expected_upper_limit", "upper_limit"):
        assert getattr(same, name) == getattr(found.nominal, name)
    assert same.kaon_decays_pull is None


def test_acceptances_are_those_of_the_moved_cut(found):
    """Applied by hand to the candidates that pass everything else."""
    columns = columns_of(SAMPLES / "pi_ee_lnv.root")
    s = FULL.signal
    c = selected(s, columns)
    c = c.take(s.region("signal").within.mask(s.observable.of(c)))
    weight = columns.event("truth_weight")[c.event]
    generated = 100_000 * fiducial_fraction() / conditions().event_efficiency("2016-2018")
    for point, z in zip(found.points[:3], (105 * m, 110 * m, 115 * m), strict=True):
        assert point.acceptance_signal == pytest.approx(weight[c.vertex[:, 2] > z].sum() / generated, rel=1e-9)


def test_n_k_does_not_depend_on_the_cut(found):
    for point in found.points[1:3]:
        assert point.acceptance_normalisation < found.nominal.acceptance_normalisation
        assert abs(point.kaon_decays_pull) < 3


def test_periods_add_up(found):
    periods = found.points[3:]
    total = sum(p.kaon_decays for p in periods)
    assert total == pytest.approx(found.nominal.kaon_decays, rel=0.03)
    made = np.array([conditions().kaon_decays(p.end, ("MT", "eMT")) / 10 for p in periods])
    pulls = (np.array([p.kaon_decays for p in periods]) - made) / np.array([p.kaon_decays_stat for p in periods])
    assert (np.abs(pulls) < 4).all()
    assert all(p.observed is None and p.upper_limit is None for p in periods)


def test_a_shut_box_stays_shut_whatever_the_cuts_are():
    """Looser cuts all over: the data that come out of the reading have nothing in the masked region's box."""
    loose = (
        CutVariation("track_momentum", "low", 1 * GeV),
        CutVariation("rich_angle", "low", -1.0),
        CutVariation("positron_likelihood", "low", -1e9),
        CutVariation("lkr_separation", "low", 0.0),
    )
    processor = StabilityProcessor("pi_ee", "2022", loose)
    result = run(
        processor, {"data_2022": [str(SAMPLES / "data_2022.root")]}, backend=Backend("iterative"), progress=False
    )
    for label in ("nominal", "0", "1", "2", "3"):
        regions = result.output[label]["data_2022"]["2022"]["signal"]["regions"]
        assert regions["signal"].value == regions["masked"].value == 0
    checked = check_stability("pi_ee", "2022", loose[:1], samples=SAMPLES)
    assert all(p.observed is None and p.upper_limit is None for p in (checked.nominal, *checked.points))


def test_searches_that_scan_are_refused():
    with pytest.raises(VariationError, match="only counting searches"):
        check_stability("mu_n", "2016-2018", (), samples=SAMPLES)


def test_a_variation_that_leaves_nothing_is_named():
    with pytest.raises(VariationError, match="m_ee"):
        check_stability("pi_ee", "2016-2018", (CutVariation("m_ee", "low", 353.0),), samples=SAMPLES)


def test_one_figure_for_each_cut_and_one_for_the_periods(found, tmp_path):
    names = {path.name for path in draw_stability(found, tmp_path)}
    assert names == {"stability_pi_ee_2016-2018_vertex_z_low.png", "stability_pi_ee_2016-2018_period.png"}
    assert all(path.stat().st_size > 10_000 for path in tmp_path.iterdir())
