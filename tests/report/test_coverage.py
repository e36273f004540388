"""The coverage figures are drawn from the studies they say."""

import numpy as np
import pytest

from rarekaon.analysis.report import coverage
from rarekaon.analysis.statistics.coverage import CountingCoverage


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    # One search and two masses show that the drawing works; the numbers are the statistics tests' business.
    patch.setattr(coverage, "METHODS", {"cls": None, "rolke": None})
    patch.setattr(coverage, "MASSES", (300.0, 384.0))
    patch.setattr(coverage, "QUICK", coverage.Sizes(counting=40, peak=10, scan=3))
    drawn = coverage.draw_coverage(tmp_path_factory.mktemp("figures"), quick=True)
    patch.undo()
    return drawn


def test_three_figures(figures):
    assert [path.name for path in figures] == ["coverage-counting.png", "coverage-peak.png", "coverage-scan.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in figures)
    assert all(path.stat().st_size > 10_000 for path in figures)


def test_studies_cover_every_search_of_few_events(monkeypatch):
    monkeypatch.setattr(coverage, "METHODS", {"cls": None})
    studies = coverage.counting_studies(20, seed=1)
    assert set(studies) == {
        "pi_ee 2016-2018", "pi_ee 2017", "pi_pi0_ee 2016-2018", "mu_nu_ee 2016-2018", "pi_mumu 2017",
        "pi_nu_nu 2016-2017", "pi_nu_nu 2016-2018",
    }  # fmt: skip
    rows = studies["pi_mumu 2017"]
    assert all(isinstance(row, CountingCoverage) for row in rows)
    assert sorted({row.true_background for row in rows}) == pytest.approx([0.5, 1.32])


def test_example_spectrum_is_of_the_papers_size():
    spectrum = coverage.example_spectrum()
    above = spectrum.edges[:-1] >= 316
    assert spectrum.expected[above].sum() == pytest.approx(7549, rel=0.02)
    assert (spectrum.expected > 0).all()
    assert (np.diff(coverage.resolution(np.array([200.0, 300.0, 384.0]))) < 0).all()
