"""The catalogue, running conditions and branching fractions as shipped, and how wrong files are refused."""

from __future__ import annotations

import pytest
import yaml

from rarekaon.analysis.decays import FAMILIES, MODES
from rarekaon.analysis.facts.branching_fractions import BranchingFractions, branching_fractions
from rarekaon.analysis.facts.models import (
    Catalogue,
    Conditions,
    conditions,
    read_facts,
)
from rarekaon.analysis.facts.paths import datasets_path
from rarekaon.analysis.search.catalogue import catalogue
from rarekaon.analysis.simulation.streams.requirements import STREAMS


def facts(name):
    return yaml.safe_load((datasets_path() / name).read_text())


def test_every_catalogued_decay_and_stream_can_be_simulated():
    known = catalogue()
    for sample in known.simulation.values():
        assert sample.decay in MODES or sample.decay in FAMILIES
        assert sample.stream in STREAMS
    for data in known.pseudo_data.values():
        assert set(data.modes) <= set(MODES)
        assert data.stream in STREAMS
        assert set(data.periods) <= set(conditions().periods)


def test_modes_of_pseudo_data_have_branching_fractions():
    for sample in catalogue().pseudo_data.values():
        assert sum(branching_fractions()[mode].value for mode in sample.modes) < 1


def test_no_pseudo_data_carries_a_signal():
    assert not any(sample.inject for sample in catalogue().pseudo_data.values())
    assert not any("pi- e+ e+" in mode for sample in catalogue().pseudo_data.values() for mode in sample.modes)


def test_seeds_differ():
    known = catalogue()
    seeds = [s.seed for s in known.simulation.values()] + [s.seed for s in known.pseudo_data.values()]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize(("dataset", "published"), [("2017", 2.14e11), ("2016-2018", 1.015e12)])
def test_exposures_are_the_published_ones(dataset, published):
    """PLB 797 (2019) 134794 Table 3 and CERN-EP-2022-018 Section 4."""
    assert conditions().kaon_decays(dataset, ("MT", "eMT")) == pytest.approx(published, rel=1e-3)


def test_numbers_of_bursts_are_the_published_ones():
    """2.3e5 in 2017 (PLB 797 Section 1), 0.89e6 in all (arXiv:2211.04818 Section 1)."""
    bursts = {
        name: sum((p.runs[1] - p.runs[0] + 1) * p.bursts_per_run for p in conditions().of(name))
        for name in ("2017", "2016-2018")
    }
    assert bursts["2017"] == pytest.approx(2.3e5, rel=0.01)
    assert bursts["2016-2018"] == pytest.approx(0.89e6, rel=0.01)


def test_common_efficiency_of_all_periods_is_the_mean_over_their_decays():
    assert conditions().event_efficiency("2016-2018") == pytest.approx(0.99 * 0.95, abs=0.001)


@pytest.mark.parametrize(
    ("model", "file", "change", "message"),
    [
        (Catalogue, "catalogue.yaml", lambda f: f["simulation"]["k3pi"].update(decasy=1), "decasy"),
        (Catalogue, "catalogue.yaml", lambda f: f["simulation"]["k3pi"].update(decays=0), "decays"),
        (
            Catalogue,
            "catalogue.yaml",
            lambda f: f["simulation"]["k3pi"].update(rare_responses={"electron_as_pion": 1.0}),
            "electron_as_pion",
        ),
        (Catalogue, "catalogue.yaml", lambda f: f["pseudo_data"].update(k3pi=f["pseudo_data"]["data_2022"]), "twice"),
        (Conditions, "conditions.yaml", lambda f: f["periods"]["2016"].update(runs=[6996, 6278]), "ascend"),
        (Conditions, "conditions.yaml", lambda f: f["periods"]["2016"].update(runs=[6278, 7900]), "overlap"),
        (Conditions, "conditions.yaml", lambda f: f["datasets"]["2017"].update(periods=["1999"]), "1999"),
        (
            Conditions,
            "conditions.yaml",
            lambda f: f["periods"]["2016"].update(event_efficiency=float("nan")),
            "event_efficiency",
        ),
        (
            BranchingFractions,
            "branching_fractions.yaml",
            lambda f: f["fractions"].update({"K+ -> pi+ e+ e+": {"value": 0.1, "error": 0.0, "source": "x"}}),
            "does not conserve charge",
        ),
    ],
)
def test_wrong_facts_are_refused_with_the_name_of_the_file(tmp_path, model, file, change, message):
    content = facts(file)
    change(content)
    path = tmp_path / file
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ValueError, match=message) as error:
        read_facts(model, path)
    assert file in str(error.value)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(KeyError, match="2016-2018"):
        conditions().of("1997")
    with pytest.raises(KeyError, match="no branching fraction"):
        branching_fractions()["K+ -> pi+ X"]
