"""`kaon searches`: what is searched for, in which data, from which samples; of one search, every cut and region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from rarekaon.analysis.cli.options import Command, check_known, is_set
from rarekaon.analysis.cli.voice import show

if TYPE_CHECKING:
    from rarekaon.analysis.search.declaration import Region, Search, Selection


@click.command(name="searches", cls=Command)
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the searches, or the selections of the search NAME with all their values."""
    from rarekaon.analysis.search.channels import searches

    known = searches()
    if not known:
        raise click.ClickException("no searches are installed: install the package (`make limits` does)")
    check_known("search", [name] if name else [], known)
    chosen = known[name] if name else [search for group in known.values() for search in group]
    if is_set("json"):
        show([as_dict(search) for search in chosen])
        return
    for search in chosen:
        for line in summary(search):
            click.echo(line)
        for selection in search.selections if name else ():
            for line in values(selection):
                click.echo(line)


def as_dict(search: Search) -> dict[str, Any]:
    """A search as plain data."""
    return {
        "search": search.name,
        "dataset": search.dataset,
        "title": search.title,
        "paper": search.paper,
        "samples": list(search.samples.all),
        "selections": [
            {
                "name": s.name,
                "decay": s.decay,
                "triggers": list(s.triggers),
                "cutflow": list(s.cutflow),
                "regions": {r.name: region_text(s, r) for r in s.regions},
            }
            for s in search.selections
        ],
    }


def summary(search: Search) -> Iterator[str]:
    """Name, data set, title, paper, samples and notes."""
    yield f"{search.name} {search.dataset}: {search.title}"
    yield f"  paper:   {search.paper}"
    yield f"  samples: {', '.join(search.samples.all)}"
    yield from (f"  note on {topic}: {text}" for topic, text in search.notes.items())


def values(selection: Selection) -> Iterator[str]:
    """A selection's triggers, cuts in order and regions, with their values."""
    yield f"  selection {selection.name}: {selection.decay}, triggers {' or '.join(selection.triggers)}"
    yield f"    {selection.identified_as}"
    for cut in selection.cuts:
        yield f"    {cut.name}"
    for region in selection.regions:
        kind = "signal, masked" if region.signal else "masked" if region.masked else "control"
        yield f"    region {region.name} ({kind}): {region_text(selection, region)}"


def region_text(selection: Selection, region: Region) -> str:
    """The interval of a region in the observable's display unit."""
    q = selection.observable
    return f"{q.title} {region.text(q.unit)} {q.unit_name}".rstrip()
