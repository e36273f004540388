"""The table that `make limits` prints: every published N_K, sensitivity and limit from its published inputs."""

import pytest

from rarekaon.analysis.facts.published import all_published, published
from rarekaon.analysis.limits.from_publications import (
    compare_with_published,
    limits_from_published,
    not_recomputable,
    recomputed_kaon_decays,
    recomputed_limit,
    recomputed_sensitivity,
)
from rarekaon.analysis.limits.workspaces import published_export, published_exports, unit_of
from rarekaon.analysis.statistics.asymptotic import AsymptoticsError, asymptotic_limit
from tests.statistics.with_pyhf import expected_events

NOT_REPEATED = {
    ("pi_ee", "2016-2018", "N_K"): 1e-3,
    ("pi_pi0_ee", "2016-2018", "N_K"): 1e-3,
    ("mu_nu_nu_nu", "2016-2018", "signal events"): 5e-3,
    ("mu_nu_nu_nu", "2016-2018", "expected signal events"): 6e-3,
    ("pi_nu_nu", "2016-2017", "upper limit"): 0.035,
    ("pi_nu_nu", "2016-2017", "K_L -> pi0 nu nu"): 0.035,
}
"""What the publication does not allow to repeat, and how far off it is at most."""


@pytest.mark.parametrize("row", compare_with_published(), ids=lambda row: f"{row.search}-{row.dataset}-{row.quantity}")
def test_published_digits(row):
    key = (row.search, row.dataset, row.quantity)
    if key in NOT_REPEATED:
        assert not row.agrees
        assert row.note
        assert row.ratio == pytest.approx(1, abs=NOT_REPEATED[key])
    else:
        assert row.agrees, f"{row.recomputed} does not give {row.published} with {row.digits} digits"


def test_every_published_number_is_compared():
    rows = {(row.search, row.dataset, row.quantity) for row in compare_with_published()}
    for (search, dataset), paper in all_published().items():
        assert ((search, dataset, "N_K") in rows) == (paper.kaon_decays is not None)
        assert ((search, dataset, "SES") in rows) == (
            paper.single_event_sensitivity is not None and paper.normalisation is not None
        )
        assert ((search, dataset, "upper limit") in rows) == (paper.upper_limit is not None and paper.count is not None)


@pytest.mark.parametrize("key", [key for key, paper in all_published().items() if paper.kaon_decays])
def test_error_of_the_kaon_decays(key):
    paper = published(*key)
    decays = recomputed_kaon_decays(paper)
    assert decays.error == pytest.approx(paper.kaon_decays.error, rel=0.08)
    for part in ("stat", "ext"):
        of_paper = getattr(paper.kaon_decays, part)
        if of_paper is not None:
            assert getattr(decays, part) == pytest.approx(of_paper, rel=0.08)


@pytest.mark.parametrize("key", [key for key, paper in all_published().items() if paper.single_event_sensitivity])
def test_error_of_the_sensitivity(key):
    paper = published(*key)
    assert recomputed_sensitivity(paper).error == pytest.approx(paper.single_event_sensitivity.error, rel=0.15)


def test_the_prior_matters_where_print_tells_them_apart():
    paper = published("pi_mumu", "2017")
    limits = {}
    for prior in ("gamma_posterior", "truncated_gaussian"):
        changed = paper.model_copy(update={"count": paper.count.model_copy(update={"prior": prior})})
        limits[prior] = recomputed_limit(changed).upper_limit
    assert paper.upper_limit.agrees(limits["gamma_posterior"])
    assert not paper.upper_limit.agrees(limits["truncated_gaussian"])


def test_records_keep_the_contract():
    records = limits_from_published()
    assert {(r.search, r.dataset) for r in records} == {
        ("pi_ee", "2017"), ("pi_ee", "2016-2018"), ("pi_pi0_ee", "2016-2018"), ("mu_nu_ee", "2016-2018"),
        ("pi_mumu", "2017"), ("mu_nu_nu_nu", "2016-2018"), ("pi_nu_nu", "2016-2017"),
        ("pi_nu_nu", "2016-2018"),
    }  # fmt: skip
    for record in records:
        assert record.origin == "published"
        assert record.upper_limit == record.upper_limit_at_published_count
        assert len(record.expected_upper_limit) == 5
        assert list(record.expected_upper_limit) == sorted(record.expected_upper_limit)
        assert record.details["limited_by"].startswith("limited by")
        assert (record.kaon_decays is None) == (record.search == "pi_nu_nu")


def test_confidence_level_is_passed_on():
    at_95 = {(r.search, r.dataset): r.upper_limit for r in limits_from_published(0.95)}
    for record in limits_from_published():
        assert at_95[record.search, record.dataset] > record.upper_limit


def test_grossman_nir():
    (record,) = (r for r in limits_from_published() if (r.search, r.dataset) == ("pi_nu_nu", "2016-2017"))
    bound = record.details["grossman_nir"]
    assert bound["upper_limit"] == pytest.approx(4.4 * record.upper_limit)
    assert bound["published_upper_limit"] == 8.14e-10
    assert bound["factor"] == pytest.approx(8.14 / 1.85, rel=1e-3)
    assert pytest.approx(bound["published_upper_limit"], rel=1e-12) == 4.4 * 1.85e-10
    assert bound["factor_today"] * 1.85e-10 == pytest.approx(7.955e-10, rel=1e-12)


def test_the_measurement_of_all_data_is_the_published_one():
    (record,) = (r for r in limits_from_published() if (r.search, r.dataset) == ("pi_nu_nu", "2016-2018"))
    found = record.details["measurement"]
    assert found["branching_fraction"] == pytest.approx(10.6e-11, rel=0.05)
    assert found["high"] - found["branching_fraction"] == pytest.approx(4.0e-11, rel=0.1)
    assert found["branching_fraction"] - found["low"] == pytest.approx(3.4e-11, rel=0.1)


def test_searches_without_published_counts_say_so():
    reasons = {search: reason for search, _, reason in not_recomputable()}
    assert set(reasons) == {
        "mu_n", "mu_nu_x_scalar", "mu_nu_x_vector", "pi0_invisible", "pi_x", "e_n", "pi0_gamma_aprime",
        "pi0_gamma_nu_nu",
    }  # fmt: skip
    assert all("no count" in reason for reason in reasons.values())
    assert recomputed_limit(published("mu_n", "2016-2018")) is None


@pytest.mark.parametrize("key", list(published_exports()))
def test_workspaces_hold_the_published_background_and_signal(key):
    paper = published(*key)
    content = published_export(paper).workspace()
    sensitivity = recomputed_sensitivity(paper)
    events = expected_events(content, 0.0)["signal"]
    assert events == pytest.approx(paper.count.expected, abs=1e-5 + 1e-6 * paper.count.expected)
    one = expected_events(content, 1.0)["signal"] - events
    assert one == pytest.approx(unit_of(sensitivity) / sensitivity.value, rel=1e-6)
    if paper.count.expected < 10:
        with pytest.raises(AsymptoticsError):
            asymptotic_limit(content)


def test_correlated_errors_share_a_name_in_the_workspace():
    (channel,) = published_export(published("pi_ee", "2016-2018")).workspace()["channels"]
    names = {s["name"]: {m["name"] for m in s["modifiers"]} for s in channel["samples"]}
    electrons, dalitz = (
        names["Kplus_to_eplus_nu_e_eplus_eminus"],
        names["Kplus_to_pi0_eplus_nu_e_pi0_to_eplus_eminus_gamma"],
    )
    assert electrons == dalitz == {"misidentification"}
    assert "branching_fraction_of_Kplus_to_piplus_eplus_eminus_ext" in names["signal"]


def test_unit_of_pi_ee_is_1e_11():
    assert unit_of(recomputed_sensitivity(published("pi_ee", "2016-2018"))) == pytest.approx(1e-11)


@pytest.mark.parametrize("search", ["mu_n"])
def test_no_workspace_without_a_count(search):
    with pytest.raises(ValueError, match="no count"):
        published_export(published(search, "2016-2018")).workspace()
