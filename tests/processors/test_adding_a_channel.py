"""A channel is one file: the worked example, and a throwaway channel of another package down to its limit."""

from __future__ import annotations

import doctest
import math
import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from rarekaon.analysis import simulation
from rarekaon.analysis.cli.samples import command as samples_command
from rarekaon.analysis.cli.searches import command as searches_command
from rarekaon.analysis.decays import MODES, mode
from rarekaon.analysis.execution import Backend, run
from rarekaon.analysis.execution.fileset import fileset
from rarekaon.analysis.execution.store import save
from rarekaon.analysis.facts.models import PseudoData, SimulatedSample, conditions
from rarekaon.analysis.limits.from_events import limit_from_events
from rarekaon.analysis.limits.projection import project
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.processing import blinding
from rarekaon.analysis.processing.processor import SearchProcessor
from rarekaon.analysis.recasting import Resonance, Uniform, recast
from rarekaon.analysis.search import catalogue, channels
from rarekaon.analysis.search.channels import search
from rarekaon.processors import pi_mu_e
from tests.recasting.samples import acceptance

ROOT = Path(__file__).resolve().parents[2]
QUICK = ROOT / "samples/quick"
NEW_DECAY = "K+ -> pi- e+ mu+"
"""The example's decay in an order that no list of modes has: its acceptance must be the example's."""
CACHES = (channels.channel_files, channels.searches, catalogue.catalogue)


def test_the_example_is_known_everywhere():
    assert search("pi_mu_e", "2022").signal.decay == "K+ -> pi- mu+ e+"
    assert set(pi_mu_e.SAMPLES) < set(catalogue.catalogue().simulation)
    assert "pi_mu_e 2022: K+ -> pi- mu+ e+" in CliRunner().invoke(searches_command).output
    assert (
        f"pi_mu_e_lnv {Path(pi_mu_e.__file__).resolve()}"
        in CliRunner().invoke(samples_command, ["--files"]).output.splitlines()
    )
    assert {box.search for box in blinding.current_blinding().boxes} > {"pi_mu_e"}


def test_the_example_is_not_named_where_channels_are_run():
    own = {"processors/pi_mu_e.py", "analysis/cli/new.py"}  # new channels are made after the example
    files = [p for place in ("analysis", "processors", "datasets") for p in (ROOT / place).rglob("*.*")]
    named = {
        p.relative_to(ROOT).as_posix()
        for p in [*files, ROOT / "Makefile", ROOT / "pyproject.toml"]
        if p.suffix in (".py", ".yaml", ".toml", "") and "pi_mu_e" in p.read_text().replace("PI_MU_E", "")
    }
    assert named <= own


def test_the_page_is_true():
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.testfile(str(ROOT / "docs/adding-a-channel.md"), module_relative=False, optionflags=flags)
    assert result.attempted > 8
    assert result.failed == 0


def channel_source() -> str:
    """The example under other names, with small samples and a decay that has no module."""
    text = Path(pi_mu_e.__file__).read_text()
    for old, new in (
        ('"K+ -> pi- mu+ e+"', f'"{NEW_DECAY}"'), ('"pi_mu_e"', '"throwaway"'), ("pi_mu_e_lnv", "throwaway_lnv"),
        ("ke4_muon_electron", "throwaway_ke4"),
        ("quick=200_000", "quick=30_000"), ("quick=100_000", "quick=60_000"), ("seed=15", "seed=95"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def throwaway(tmp_path, monkeypatch):
    """A package with one channel file, installed for the time of a test; yields a directory for its samples."""
    package = tmp_path / "throwaway_channels"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "throwaway.py").write_text(channel_source())
    monkeypatch.syspath_prepend(str(tmp_path))
    points = (
        EntryPoint("channels", "rarekaon.processors", channels.ENTRY_POINTS),
        EntryPoint("more", "throwaway_channels", channels.ENTRY_POINTS),
    )
    monkeypatch.setattr(channels, "entry_points", lambda group: points)
    _forget()
    yield tmp_path / "samples"
    monkeypatch.undo()
    for name in [name for name in sys.modules if name.startswith("throwaway_channels")]:
        del sys.modules[name]
    _forget()


def _forget():
    for cached in CACHES:
        cached.cache_clear()


def test_a_new_file_goes_from_events_to_its_limit(throwaway):
    declared = search("throwaway", "2022")
    assert NEW_DECAY not in MODES
    assert mode(NEW_DECAY).products == ("pi-", "e+", "mu+")
    throwaway.mkdir()
    assert QUICK.exists(), "run `make limits QUICK=1` first (`make test` does)"
    for name in declared.samples.all:
        if name.startswith("throwaway"):
            simulation.simulate(name, throwaway / f"{name}.root", quick=True)
        else:
            shutil.copy(QUICK / f"{name}.root", throwaway)
    result = run(
        SearchProcessor(("throwaway",)), fileset(declared.samples.all, throwaway), backend=Backend("iterative"),
        progress=False,
    )  # fmt: skip
    content = {
        sample: {**booked, "exposure": result.exposure(sample).as_numbers()}
        for sample, booked in result.output["throwaway"].items()
    }
    booked = SearchHistograms(declared, content)
    record, rows = limit_from_events(booked)
    assert record.observed is None
    assert record.upper_limit is None
    assert 1 < record.expected_upper_limit[2] / record.single_event_sensitivity < 100
    assert {r.region for r in rows} == {r.name for r in declared.signal.regions}
    _same_acceptance_as_the_example(booked)
    save(throwaway / "throwaway.zip", content)
    uniform, heavy = recast(
        "throwaway", "2022", Uniform(), Resonance("pi- mu+", 330.0, window=20.0), samples=throwaway,
        histograms=throwaway,
    )  # fmt: skip
    assert uniform.acceptance == pytest.approx(record.acceptance_signal, rel=1e-12)
    assert heavy.acceptance != uniform.acceptance
    assert len(project(record, (1e12,), background_prior=declared.background_prior).points) == 1


def _same_acceptance_as_the_example(booked):
    """The two descriptors are one decay, simulated with other random numbers."""
    found = booked.acceptance("throwaway_lnv", booked.search.signal, "signal")
    efficiency = conditions().event_efficiency("2022")
    value, error = acceptance(search("pi_mu_e", "2022"), QUICK / "pi_mu_e_lnv.root")
    pull = (found.value - value * efficiency) / math.hypot(found.error, error * efficiency)
    assert abs(pull) < 4
    assert found.error < 0.05 * found.value


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ({"pi_ee_sm": pi_mu_e.SAMPLES["pi_mu_e_lnv"]}, "pi_ee_sm of a channel file: .* a new name"),
        ({"fresh": {"decay": "K+ -> pi- mu+ e+"}}, "fresh of a channel file"),
    ],
)
def test_samples_that_are_none_or_there_already_are_refused(added, message):
    with pytest.raises(ValueError, match=message):
        catalogue.catalogue().joined(added)


def test_pseudo_data_can_be_declared_too():
    data = PseudoData(periods=("2022",), modes=("K+ -> pi+ e+ e-",), stream="three_tracks", seed=7)
    joined = catalogue.catalogue().joined({"fresh": data})
    assert joined.pseudo_data["fresh"] is data
    assert isinstance(joined.simulation["pi_ee_sm"], SimulatedSample)


def test_two_files_with_one_sample_name_are_refused(throwaway, tmp_path):
    clash = tmp_path / "throwaway_channels" / "clash.py"
    clash.write_text(channel_source().replace('name="throwaway"', 'name="clash"'))
    _forget()
    with pytest.raises(ValueError, match=r"sample throwaway_\w+ is declared in .*clash.py and in .*throwaway.py"):
        catalogue.catalogue()
