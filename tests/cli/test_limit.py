"""`kaon limit`: the calculator on the command line."""

import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from rarekaon.analysis.cli.limit import command
from rarekaon.analysis.statistics import Background, upper_limit

MU_NU_EE = (
    "--observed 0 --background 0.26 --background-error 0.04 --background-prior gamma_posterior "
    "--ses 3.53e-11 --ses-error 0.12e-11 --cl 0.9"
)


def run(arguments):
    return CliRunner().invoke(command, arguments.split())


def test_published_limit_as_json():
    result = run(MU_NU_EE + " --json")
    assert result.exit_code == 0
    content = json.loads(result.output)
    assert f"{content['upper_limit']:.1e}" == "8.1e-11"
    assert content["signal_events"] == pytest.approx(2.3057, abs=1e-4)
    assert len(content["expected_upper_limit"]) == 5


def test_readable_output_is_that_of_the_notebook():
    limit = upper_limit(0, Background(0.26, 0.04, "gamma_posterior"), ses=3.53e-11, ses_error=0.12e-11)
    result = run(MU_NU_EE)
    assert result.output == repr(limit) + "\n"
    assert "8.139e-11" in result.output
    assert "<table>" in limit._repr_html_()
    assert "<script" not in limit._repr_html_()


@pytest.mark.parametrize("method", ["cls", "fc", "bayes", "rolke", "rolke_unbounded"])
def test_methods(method):
    content = json.loads(run(f"{MU_NU_EE} --method {method} --json").output)
    assert content["method"] == method
    assert 1.0 < content["signal_events"] < 3.0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("--observed 0 --background -1", "background"),
        ("--observed 0 --background nan", "background"),
        ("--observed 0 --background 1 --background-error 0.1", "background_prior"),
        ("--observed 0 --background 1 --background-error -1 --background-prior lognormal", "background_error"),
        ("--observed 0 --background 1 --background-prior guess", "--background-prior"),
        ("--observed 0 --background 1 --ses 0", "ses"),
        ("--observed 0 --background 1 --ses inf", "ses"),
        ("--observed 0 --background 1 --ses-error nan", "--ses-error"),
        ("--observed 0 --background 1 --cl 1.2", "confidence_level"),
        ("--observed 0 --background 1 --cl 0", "confidence_level"),
        ("--observed 1.5 --background 1", "--observed"),
        ("--observed -1 --background 1", "observed"),
        ("--observed 1 --background 1 --method guess", "--method"),
        ("--observed 1", "--background"),
        ("--observed 1_0 --background 1", "1_0"),
        ("--observed 1 --background 1_0", "1_0"),
        ("--observed 1 --background 1e300", "background"),
        ("--observed 1 --background 3 --background-prior gamma_posterior", "--background-error"),
        ("--observed 1 --background 1 --ses 1e308", "ses"),
        ("--observed 1 --background 1 --ses 1e-300 --ses-error 1", "ses_error"),
        ("--observed 1 --background 1 --cl 0.9999999999999999", "confidence_level"),
        (
            "--observed 1 --background 1 --background-error 0.3 --background-prior lognormal --method fc_lengthened",
            "fc",
        ),
        ("--observed 1 --background 1 --ses 1 --ses-error 2 --method bayes", "ses_error"),
        ("--observed 1 --background 1 --ses 1e-11 --ses-error 1.1e-11", "ses_error must not exceed ses"),
        ("--observed 1 --background 1 --ses 1e-320", "ses"),
    ],
)
def test_bad_input_is_an_error_that_names_the_argument(arguments, name):
    result = run(arguments)
    assert result.exit_code == 2
    assert name in result.output
    assert "Traceback" not in result.output


def test_help_imports_nothing_heavy():
    code = "import sys, rarekaon.analysis.cli.limit; sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_errors_that_change_nothing_are_no_error():
    tiny = json.loads(
        run("--observed 1 --background 1 --background-error 1e-300 --background-prior lognormal --json").output
    )
    none = json.loads(run("--observed 1 --background 1 --json").output)
    assert tiny["upper_limit"] == none["upper_limit"]


def test_a_level_is_written_with_its_nines():
    assert "99.99997%" in run("--observed 0 --background 1 --cl 0.9999997").output


def shapes(scale):
    """A signal on two bins."""
    samples = [
        {"name": "signal", "data": [6.0, 2.0], "modifiers": [{"name": "mu", "type": "normfactor", "data": None}]},
        {"name": "background", "data": [40.0 * scale, 50.0 * scale], "modifiers": []},
    ]
    return {
        "version": "1.0.0",
        "channels": [{"name": "region", "samples": samples}],
        "observations": [{"name": "region", "data": [40.0 * scale, 50.0 * scale]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
    }


def test_asymptotic_limit_of_a_workspace_with_bins(tmp_path):
    path = tmp_path / "shapes.json"
    path.write_text(json.dumps(shapes(1.0)))
    found = json.loads(run(f"--workspace {path} --asymptotic --json").output)
    assert found["parameter"] == "mu"
    # CLs of a Gaussian of the width that the Fisher information gives, 36/40 + 4/50
    assert found["expected_upper_limit"][2] == pytest.approx(1.645 / np.sqrt(36 / 40 + 4 / 50), rel=0.1)
    assert "only counts" in run(f"--workspace {path}").output
    path.write_text(json.dumps(shapes(0.1)))
    assert "use the exact limit" in run(f"--workspace {path} --asymptotic").output


def test_asymptotics_need_a_workspace():
    assert "--workspace" in run("--observed 0 --background 1 --asymptotic").output


@pytest.mark.parametrize(("kind", "low", "high"), [("exact", 8.566, 18.55), ("profile", 8.85, 17.81)])
def test_a_measurement_has_both_ends(kind, low, high):
    """20 events above 7 known ones: Garwood's interval, and half a unit of the Poisson log-likelihood."""
    arguments = ["--observed", "20", "--background", "7", "--interval", kind]
    found = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).output)["measurement"]
    assert (found["value"], found["low"], found["high"]) == pytest.approx((13.0, low, high), rel=1e-3)
    assert found["p_value"] == pytest.approx(stats.poisson.sf(19, 7))
    text = CliRunner().invoke(command, arguments).output
    assert f"{found['low']:.4g} to {found['high']:.4g}" in text


def test_the_prior_of_the_sensitivity_is_named_in_the_result():
    arguments = ["--observed", "3", "--background", "1", "--ses", "1e-10", "--ses-error", "3e-11"]
    gamma, lognormal = (
        json.loads(CliRunner().invoke(command, [*arguments, *more, "--json"]).output)
        for more in ([], ["--ses-prior", "lognormal"])
    )
    assert (gamma["ses_prior"], lognormal["ses_prior"]) == ("gamma", "lognormal")
    assert lognormal["upper_limit"] < gamma["upper_limit"]
    assert "(lognormal)" in CliRunner().invoke(command, [*arguments, "--ses-prior", "lognormal"]).output


@pytest.mark.parametrize("option", [("--interval", "exact"), ("--ses-prior", "lognormal")])
def test_options_of_numbers_are_refused_with_a_file(option, tmp_path):
    file = tmp_path / "counts.yaml"
    file.write_text("channels: {a: {observed: 1}}")
    found = CliRunner().invoke(command, ["--input", str(file), *option])
    assert found.exit_code == 2
    assert "--interval and --ses-prior" in found.output
