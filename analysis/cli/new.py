"""`kaon new channel`: a channel file of one's own to begin with, which runs at once."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import click

from rarekaon.analysis.cli.options import Command

EXAMPLE = "pi_mu_e"
"""The channel that a new one is made after: docs/adding-a-channel.md goes through it."""
FIRST_SEED = 10_000
"""Seeds of new channels are above those of the catalogue."""


@click.group(name="new")
def command() -> None:
    """Something of your own, outside the installed package."""


@command.command(name="channel", cls=Command)
@click.argument("name")
def channel(name: str) -> None:
    """Write NAME.py, a channel file that runs as it is, and enter it in your catalogue (`kaon data --help`).

    It is the worked example under another name: change the decay, the cuts and the samples to yours.
    """
    from importlib import import_module

    from rarekaon.analysis.facts.paths import USER_CATALOGUE, user_catalogue_file
    from rarekaon.analysis.search.channels import searches
    from rarekaon.analysis.search.user_catalogue import with_channel

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise click.UsageError(f"{name!r} cannot be the name of a search: small letters, digits and underscores")
    if name in searches():
        raise click.UsageError(f"there is a search {name} already")
    path = Path(f"{name}.py")
    if path.exists():
        raise click.UsageError(f"{path} is there already: choose another name, or take it away")
    example = Path(str(import_module(f"rarekaon.processors.{EXAMPLE}").__file__)).read_text()
    catalogue = user_catalogue_file() or Path(USER_CATALOGUE)
    path.write_text(renamed(example, name))
    with_channel(catalogue, path.resolve())
    click.echo(f"{path}: a channel to begin with, entered in {catalogue}")
    click.echo(f"  its values: kaon searches {name}")
    click.echo(f"  its samples: kaon simulate {name}_signal {name}_background pi_ee_sm data_2022 --quick")
    click.echo(f"  its histograms: kaon run {name} --quick")


def renamed(example: str, name: str) -> str:
    """The example's source under another name, with samples and seeds of its own."""
    seed = FIRST_SEED + zlib.crc32(name.encode()) % 1_000_000
    text = example.replace("pi_mu_e_lnv", f"{name}_signal").replace("ke4_muon_electron", f"{name}_background")
    text = text.replace(f'name="{EXAMPLE}"', f'name="{name}"')
    return text.replace("seed=151", f"seed={seed}").replace("seed=152", f"seed={seed + 1}")
