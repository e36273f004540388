"""`kaon limit`: the limit of one counting search, from the numbers on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rarekaon.analysis.cli.options import CONFIDENCE_LEVEL

if TYPE_CHECKING:
    from rarekaon.analysis.statistics import Limit

PRIORS = ("fixed", "gamma_posterior", "truncated_gaussian", "lognormal")


@click.command(name="limit")
@click.option("--observed", type=int, required=True, help="Observed events.")
@click.option("--background", type=float, required=True, help="Expected background events.")
@click.option("--background-error", type=float, default=0.0, show_default=True, help="Its error; needs a prior.")
@click.option("--background-prior", type=click.Choice(PRIORS), help="What the background error means.")
@click.option("--ses", type=float, default=1.0, show_default=True, help="Single event sensitivity; 1: in events.")
@click.option("--ses-error", type=float, default=0.0, show_default=True, help="Its error.")
@CONFIDENCE_LEVEL
@click.option(
    "--method",
    type=click.Choice(("cls", "fc", "bayes", "rolke")),
    default="cls",
    show_default=True,
    help="CLs, Feldman-Cousins, Bayesian with a flat prior, or profile likelihood.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    *,
    observed: int,
    background: float,
    background_error: float,
    background_prior: str | None,
    ses: float,
    ses_error: float,
    confidence_level: float,
    method: str,
    as_json: bool,
) -> None:
    """Upper limit of a counting search, with every error marginalised.

    \b
    kaon limit --observed 0 --background 0.26 --background-error 0.04 \\
        --background-prior gamma_posterior --ses 3.53e-11 --ses-error 0.12e-11
    """
    from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit

    try:
        component = Background(background, background_error, background_prior)  # type: ignore[arg-type]
        limit = upper_limit(
            observed, component, ses=ses, ses_error=ses_error, confidence_level=confidence_level, method=method
        )
    except ArgumentError as error:
        raise click.UsageError(str(error)) from error
    click.echo(_json(limit) if as_json else repr(limit))


def _json(limit: Limit) -> str:
    import json

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
        },
        indent=1,
        allow_nan=False,
    )
