"""`kaon publish`: a HEPData submission of every search, and the bundle that others recompute."""

from __future__ import annotations

from pathlib import Path

import click

from rarekaon.analysis.cli.options import HISTOGRAMS, LIMITS, QUICK, Command, check_known, output, place
from rarekaon.analysis.cli.voice import note, show


@click.command("publish", cls=Command)
@click.argument("searches", nargs=-1)
@LIMITS
@HISTOGRAMS
@output("results/publish", directory=True)
@place("bundle", "results/bundle.zip", "Where the bundle goes.", directory=False)
@QUICK
def command(searches: tuple[str, ...], limits: Path, histograms: Path, output: Path, bundle: Path) -> None:
    """Write a HEPData submission of each of SEARCHES (default: all), and the bundle of the run.

    A submission holds limits with bands, spectra, cutflows, scans and likelihoods; no data of masked regions.  It is
    checked by hepdata-validator and by a stricter reader.  `kaon verify` recomputes the bundle.
    """
    from rarekaon.analysis.limits.failures import tell
    from rarekaon.analysis.limits.inference import limits_from_events
    from rarekaon.analysis.limits.search_histograms import SearchHistograms
    from rarekaon.analysis.limits.stored import check_limits, read_stored
    from rarekaon.analysis.limits.workspaces import events_export, write_export
    from rarekaon.analysis.report.bundle import write_bundle
    from rarekaon.analysis.report.hepdata import (
        cutflow,
        limit_table,
        observed_table,
        scan_table,
        spectrum_tables,
        write_submission,
    )
    from rarekaon.analysis.results.records import Limits
    from rarekaon.analysis.search.channels import searches as declared
    from rarekaon.analysis.search.inference import Counting

    check_known("search", searches, declared())
    found = Limits.read(limits)
    written = []
    stored = read_stored(histograms, searches)
    check_limits(limits, found, read_stored(histograms))
    for name, samples in stored.searches.items():
        inferred = limits_from_events({name: samples}, found.confidence_level)
        tables = [scan_table(scan) for scan in inferred.scans]
        counting = [r for r in found.limits if r.search == name and r.origin == "events" and not r.parameter]
        if counting:
            tables += [t for t in (limit_table(counting), observed_table(counting)) if t is not None]
        likelihoods = []
        for search in declared()[name]:
            booked = SearchHistograms(search, samples)
            tables += [t for s in search.selections for t in (*spectrum_tables(booked, s), cutflow(booked, s))]
            if isinstance(search.inference, Counting):
                likelihood = output / "likelihoods" / f"{name}_{search.dataset}.json"
                write_export(likelihood, events_export(booked))
                likelihoods.append(likelihood)
        first = declared()[name][0]
        comment = f"{first.title}. {first.paper}. Pseudo-data of a simulation, no measurement."
        written.append(str(write_submission(output / name, comment, tables, likelihoods)))
        note(f"written {written[-1]}")
    tell(stored.failures)
    write_bundle(bundle, limits, histograms)
    show({"submissions": written, "bundle": str(bundle)})
    note(f"written {bundle}")
