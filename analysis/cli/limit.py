"""`kaon limit`: limits of counting searches, from numbers on the command line or in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rarekaon.analysis.cli.options import CONFIDENCE_LEVEL, COUNT, NUMBER, Command, is_set

if TYPE_CHECKING:
    from rarekaon.analysis.statistics import Limit

METHODS = ("cls", "fc", "fc_lengthened", "bayes", "rolke", "rolke_unbounded")
SES_PRIORS = ("gamma", "truncated_gaussian", "lognormal")
PRIORS = ("fixed", "gamma_posterior", "truncated_gaussian", "lognormal")


@click.command(name="limit", cls=Command)
@click.option("--observed", type=COUNT, help="Observed events.")
@click.option("--background", type=NUMBER, help="Expected background events.")
@click.option("--background-error", type=NUMBER, default=0.0, show_default=True, help="Its error; needs a prior.")
@click.option("--background-prior", type=click.Choice(PRIORS), help="What the background error means.")
@click.option("--ses", type=NUMBER, default=1.0, show_default=True, help="Single event sensitivity; 1: in events.")
@click.option("--ses-error", type=NUMBER, default=0.0, show_default=True, help="Its error.")
@click.option(
    "--ses-prior",
    type=click.Choice(SES_PRIORS),
    default="gamma",
    show_default=True,
    help="What that error means: the distribution of the signal's efficiency.",
)
@CONFIDENCE_LEVEL
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="cls",
    show_default=True,
    help="CLs; Feldman-Cousins, as constructed or lengthened as in the published tables; Bayesian with a flat prior; "
    "profile likelihood (Rolke), from s >= 0 or unbounded, which covers less than the level for some signals: the "
    "result says how often.",
)
@click.option(
    "--interval",
    type=click.Choice(("exact", "profile")),
    help="A measurement: the signal with both ends of its central interval of one standard deviation, exact or by its "
    "profile likelihood, and its significance.",
)
@click.option(
    "--input",
    "path",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Channels, backgrounds and sensitivities in a YAML file, in place of the numbers; see --schema.",
)
@click.option(
    "--figure",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the CLs scans of --input into this file (.pdf, .png, .svg).",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A workspace of counts in place of the numbers: HistFactory in pyhf's JSON or HS3, or a Combine datacard.",
)
@click.option(
    "--convert",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the workspace again instead: *.txt as a datacard, *.hs3.json as HS3, other *.json as pyhf's.",
)
@click.option(
    "--asymptotic",
    is_flag=True,
    help="The limit of --workspace by pyhf's asymptotic formulae: also of several bins, and for all modifiers, but "
    "refused where a signal bin has fewer than ten events.",
)
@click.option("--toys", type=COUNT, default=2**15, show_default=True, help="Draws of a workspace's errors.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of --input.")
def command(
    *,
    observed: int | None,
    background: float | None,
    background_error: float,
    background_prior: str | None,
    ses: float,
    ses_error: float,
    ses_prior: str,
    interval: str | None,
    confidence_level: float,
    method: str,
    path: Path | None,
    figure: Path | None,
    workspace: Path | None,
    asymptotic: bool,
    convert: Path | None,
    toys: int,
    schema: bool,
) -> None:
    """Upper limit of a counting search, with every error marginalised.

    \b
    kaon limit --observed 0 --background 0.26 --background-error 0.04 \\
        --background-prior gamma_posterior --ses 3.53e-11 --ses-error 0.12e-11
    kaon limit --observed 20 --background 7 --interval exact
    kaon limit --input counts.yaml
    kaon limit --workspace workspace.json
    kaon limit --workspace shapes.json --asymptotic
    kaon limit --workspace datacard.txt --convert workspace.hs3.json
    """
    from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit

    if figure is not None and path is None:
        raise click.UsageError("--figure draws what --input describes")
    if (interval is not None or ses_prior != "gamma") and (path or workspace):
        raise click.UsageError(
            "--interval and --ses-prior are of the numbers on the command line; --input has intervals"
        )
    if asymptotic and workspace is None:
        raise click.UsageError("--asymptotic is for a --workspace: other limits are exact")
    try:
        if schema:
            from rarekaon.analysis.limits.counts_file import CountsFile

            click.echo(json.dumps(CountsFile.model_json_schema(), indent=1))
        elif path is not None:
            from rarekaon.analysis.limits.counts_file import CountsFile, results_of

            results = results_of(CountsFile.read(path))
            if figure is not None:
                from rarekaon.analysis.report.cls_scans import draw_cls_scans

                draw_cls_scans(figure, results)
            click.echo(json.dumps(results, indent=1, allow_nan=False))
        elif workspace is not None and convert is not None:
            from rarekaon.analysis.statistics.workspace_files import read_workspace, save_workspace

            save_workspace(convert, read_workspace(workspace))
        elif workspace is not None:
            click.echo(_of_workspace(workspace, confidence_level, None if asymptotic else toys))
        elif observed is None or background is None:
            raise click.UsageError("give --observed and --background, or --input, or --workspace")
        else:
            if background_prior not in {None, "fixed"} and background_error == 0:
                raise click.UsageError("--background-prior says what an error means: give --background-error, too")
            component = Background(background, background_error, background_prior)  # type: ignore[arg-type]
            limit = upper_limit(
                observed, component, ses=ses, ses_error=ses_error, confidence_level=confidence_level, method=method,
                ses_prior=ses_prior,  # type: ignore[arg-type]
            )  # fmt: skip
            measured = None if interval is None else _measured(limit, interval)
            click.echo(_json(limit, measured) if is_set("json") else _text(limit, measured))
    except ArgumentError as error:
        raise click.UsageError(str(error)) from error


def _of_workspace(path: Path, confidence_level: float, toys: int | None) -> str:
    """The limit with so many `toys`, or the asymptotic one without."""
    from dataclasses import asdict

    from rarekaon.analysis.statistics.arguments import percent
    from rarekaon.analysis.statistics.asymptotic import asymptotic_limit
    from rarekaon.analysis.statistics.hybrid import workspace_limit
    from rarekaon.analysis.statistics.workspace_files import read_workspace

    content = read_workspace(path)
    found = (
        workspace_limit(content, confidence_level, toys=toys)
        if toys is not None
        else asymptotic_limit(content, confidence_level)
    )
    if is_set("json"):
        return json.dumps(asdict(found), indent=1)
    return f"upper limit at {percent(confidence_level)} CL on {found.parameter}  {found.upper_limit:.4g}"


def _measured(limit: Limit, kind: str) -> dict[str, float]:
    """The signal with its interval, and its significance."""
    from dataclasses import asdict

    from rarekaon.analysis.statistics import significance
    from rarekaon.analysis.statistics.interval import central_interval, profile_interval

    found = {"exact": central_interval, "profile": profile_interval}[kind](
        limit.observed, limit.background, ses=limit.ses, ses_error=limit.ses_error
    )
    p_value = significance(limit.observed, limit.background).p_value
    return {**asdict(found), "p_value": p_value}


def _text(limit: Limit, measured: dict[str, float] | None) -> str:
    if measured is None:
        return repr(limit)
    value, low, high = (measured[name] for name in ("value", "low", "high"))
    level = f"{100 * measured['confidence_level']:.4g}%"
    rows = (
        ("signal", f"{value:.4g} +{high - value:.2g} -{value - low:.2g}"),
        (f"central interval, {level}", f"{low:.4g} to {high:.4g}"),
        ("p-value without a signal", f"{measured['p_value']:.3g}"),
    )
    return "\n".join((repr(limit), *(f"{name:<28}  {text}" for name, text in rows)))


def _json(limit: Limit, measured: dict[str, float] | None) -> str:
    (component,) = limit.background
    return json.dumps(
        {
            "upper_limit": limit.upper_limit,
            "signal_events": limit.signal_events,
            "expected_upper_limit": list(limit.expected_upper_limit),
            "observed": limit.observed,
            "background": component.expected,
            "background_error": component.error,
            "background_prior": component.prior,
            "ses": limit.ses,
            "ses_error": limit.ses_error,
            "confidence_level": limit.confidence_level,
            "method": limit.method,
            "least_coverage": limit.least_coverage,
            "ses_prior": limit.ses_prior,
            "measurement": measured,
        },
        indent=1,
        allow_nan=False,
    )
