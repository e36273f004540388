"""`kaon simulate`."""

from __future__ import annotations

import pytest
import uproot
from click.testing import CliRunner

from rarekaon.analysis.cli.simulate import command


def run(*arguments):
    return CliRunner().invoke(command, arguments)


def test_list_shows_samples_and_streams():
    result = run("--list")
    assert result.exit_code == 0
    for word in ("pi_ee_sm", "data_2022", "dielectron"):
        assert word in result.output


def test_quick_sample_is_written_and_counted(tmp_path):
    result = run("pi_ee_lnv", "--quick", "--workers", "1", "--output", str(tmp_path))
    assert result.exit_code == 0, result.output
    events = uproot.open(tmp_path / "pi_ee_lnv.root")["Events"].num_entries
    assert f"pi_ee_lnv: {events:,} events of 100,000 simulated decays" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "kaon samples"),
        (("k3pi", "ke4", "-o", "x.root"), "directory"),
        (("data_2022", "--inject", "K+ -> pi- e+ e+"), "write it like"),
        (("data_2022", "--inject", "K+ -> pi- e+ e+=2"), "write it like"),
        (("data_2022", "--inject", "K+ -> pi- e+ e+=nan"), "write it like"),
        (("k3pi", "--workers", "0"), "workers"),
        (("k3pi", "--format", "csv"), "format"),
    ],
)
def test_wrong_use_is_explained(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_injection_into_simulation_is_refused(tmp_path):
    result = run("k3pi", "--inject", "K+ -> pi- e+ e+=1e-10", "-o", str(tmp_path))
    assert isinstance(result.exception, ValueError)
