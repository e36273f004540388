"""Submissions to HEPData: limits, spectra, cutflows and likelihoods of a search, as its reader wants them.

hepdata-validator lets NaN, infinities, text in numbers and errors of one sign pass; `strict_errors` does not.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import yaml

from rarekaon.analysis.limits.from_events import normalise
from rarekaon.analysis.limits.scans import Scan
from rarekaon.analysis.limits.search_histograms import SearchHistograms
from rarekaon.analysis.report.stack import stack
from rarekaon.analysis.results.records import LimitRecord
from rarekaon.analysis.search.declaration import Selection

DIGITS = 15
"""Significant digits that are kept; hepdata_lib keeps 5 unless it is told."""
SIGMAS = (-2, -1, 0, 1, 2)


class SubmissionError(ValueError):
    """A submission that a strict reader refuses."""


@dataclass(frozen=True)
class DataColumn:
    """One variable of a table."""

    name: str
    """Its name."""
    unit: str
    """Its unit; empty: none."""
    values: Sequence[Any]
    """Numbers, or pairs of edges of bins, or texts where it is independent."""
    errors: Mapping[str, Sequence[float]]
    """Symmetric errors by label; empty: none."""


@dataclass(frozen=True)
class DataTable:
    """One table of a submission."""

    name: str
    """Its name."""
    text: str
    """What it holds."""
    independent: DataColumn
    """What the rows are."""
    dependent: Sequence[DataColumn]
    """The columns of numbers."""


def limit_table(records: Sequence[LimitRecord]) -> DataTable:
    """Expected limits of counting searches by data set; observed ones stand in a table of their own."""
    rows = [_years(r.dataset) for r in records]
    columns = [
        DataColumn(f"expected upper limit, {k:+d} sigma", "", [r.expected_upper_limit[i] for r in records], {})
        for i, k in enumerate(SIGMAS)
    ]
    background = DataColumn("expected background", "events", [r.background for r in records],
                        {"total": [r.background_error for r in records]})  # fmt: skip
    text = f"Expected upper limits on the {records[0].quantity}"
    return DataTable("Expected limits", text, DataColumn("data set", "", rows, {}), [*columns, background])


def observed_table(records: Sequence[LimitRecord]) -> DataTable | None:
    """Observed limits of the data sets that are open; None if there is none."""
    seen = [r for r in records if r.upper_limit is not None and r.observed is not None]
    if not seen:
        return None
    columns = [DataColumn("upper limit", "", [r.upper_limit for r in seen], {}),
               DataColumn("observed", "events", [r.observed for r in seen], {})]  # fmt: skip
    return DataTable(
        "Observed limits", "Upper limits", DataColumn("data set", "", [_years(r.dataset) for r in seen], {}), columns
    )


def _years(dataset: str) -> str:
    """A data set's name that is no range of numbers, which HEPData would read "2016-2018" as."""
    return dataset.replace("-", " to ")


def scan_table(scan: Scan) -> DataTable:
    """Everything of a scan against the mass: limits with bands, acceptances, backgrounds."""
    columns = [
        DataColumn(name.replace("_", " "), "", list(values), {})
        for name, values in scan.columns.items()
        if np.isfinite(values).all()
    ]
    return DataTable(f"Scan {scan.dataset}", f"Limits on {scan.quantity} against the mass",
                     DataColumn("mass", "MeV", list(scan.masses), {}), columns)  # fmt: skip


def spectrum_tables(booked: SearchHistograms, selection: Selection) -> list[DataTable]:
    """Expected events in bins of the observable, and the data in those that are not masked."""
    shown = stack(booked, selection, normalise(booked)[0].value)
    edges, title = shown.edges, selection.observable.title
    unit = selection.observable.unit_name
    bins = [(float(a), float(b)) for a, b in pairwise(edges)]
    total = DataColumn(
        "expected", "events", [float(x) for x in shown.total], {"total": [float(x) for x in shown.error]}
    )
    parts = [
        DataColumn(c.mode, "events", [float(x) for x in c.values], {"stat": [float(x) for x in np.sqrt(c.variances)]})
        for c in shown.components
    ]
    name = f"{booked.search.dataset} {selection.name}"
    expected = DataTable(f"Expected {name}", f"Expected {title}", DataColumn(title, unit, bins, {}), [total, *parts])
    open_bins = np.isfinite(shown.data)
    kept = [b for b, seen in zip(bins, open_bins, strict=True) if seen]
    if not kept:
        return [expected]
    data = DataColumn("data", "events", [float(x) for x in shown.data[open_bins]], {})
    return [expected, DataTable(f"Data {name}", f"Data against {title}", DataColumn(title, unit, kept, {}), [data])]


def cutflow(booked: SearchHistograms, selection: Selection) -> DataTable:
    """Fractions of the decays in the fiducial volume after each cut, by simulated sample."""
    columns = []
    for sample in booked.search.samples.all:
        exposure = booked.exposure(sample)
        if exposure.simulated:
            view: Any = booked.histogram(sample, selection, "cutflow").view()
            values, errors = view["value"] / exposure.weight_in_fv, np.sqrt(view["variance"]) / exposure.weight_in_fv
            columns.append(DataColumn(sample, "", [float(x) for x in values], {"stat": [float(x) for x in errors]}))
    cuts = DataColumn("cut", "", list(selection.cutflow), {})
    return DataTable(f"Cutflow {booked.search.dataset} {selection.name}", "Accepted fractions", cuts, columns)


def write_submission(directory: Path, comment: str, tables: Sequence[DataTable], likelihoods: Sequence[Path]) -> Path:
    """Write `submission.yaml` and what it names, validated by hepdata-validator and by `strict_errors`.

    Returns submission.yaml.  Raises SubmissionError.
    """
    import hepdata_lib

    submission = hepdata_lib.Submission()
    submission.comment = comment
    for path in likelihoods:
        text = f"likelihood (HistFactory JSON): {path.stem}"
        submission.add_additional_resource(text, str(path.resolve()), copy_file=True)
    for table in tables:
        submission.add_table(_table(table))
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    place = directory.resolve()
    # hepdata_lib leaves its archive in the working directory.
    with tempfile.TemporaryDirectory() as scratch, chdir(scratch):
        try:
            submission.create_files(str(place), validate=True)
        except AssertionError as error:
            raise SubmissionError(f"{directory}: hepdata-validator refuses it; its reasons are above") from error
    wrong = list(strict_errors(directory))
    if wrong:
        raise SubmissionError(f"{directory}: {wrong[0]}")
    return directory / "submission.yaml"


def _table(table: DataTable) -> Any:
    import hepdata_lib

    made = hepdata_lib.Table(table.name)
    made.description = table.text
    binned = bool(table.independent.values) and isinstance(table.independent.values[0], tuple)
    for values, independent in ((table.independent, True), *((v, False) for v in table.dependent)):
        variable = hepdata_lib.Variable(
            values.name, is_independent=independent, is_binned=independent and binned, units=values.unit,
            zero_uncertainties_warning=False,
        )  # fmt: skip
        variable.digits = DIGITS
        variable.values = list(values.values)
        for label, errors in values.errors.items():
            uncertainty = hepdata_lib.Uncertainty(label)
            uncertainty.values = list(errors)
            variable.add_uncertainty(uncertainty)
        made.add_variable(variable)
    return made


def strict_errors(directory: Path) -> Iterator[str]:
    """What a strict reader refuses in a submission, each with its file, column and row."""
    documents = list(yaml.safe_load_all((directory / "submission.yaml").read_text()))
    for head in documents[1:]:
        path = directory / str(head["data_file"])
        if not path.is_file() or path.resolve().parent != directory.resolve():
            yield f"{head['data_file']} is not beside submission.yaml"
            continue
        content = yaml.safe_load(path.read_text())
        columns = [*content["independent_variables"], *content["dependent_variables"]]
        if len({len(column["values"]) for column in columns}) > 1:
            yield f"{path.name}: columns differ in length"
        for column in columns:
            name = column["header"]["name"]
            independent = column in content["independent_variables"]
            for row, entry in enumerate(column["values"]):
                for text in _entry_errors(entry, independent):
                    yield f"{path.name}, {name}, row {row}: {text}"


def _entry_errors(entry: Mapping[str, Any], independent: bool) -> Iterator[str]:
    if "low" in entry or "high" in entry:
        low, high = entry.get("low"), entry.get("high")
        if not (_is_number(low) and _is_number(high) and float(low) < float(high)):
            yield f"no bin: {low!r} to {high!r}"
    elif not (_is_number(entry.get("value")) or (independent and isinstance(entry.get("value"), str))):
        yield f"no finite number: {entry.get('value')!r}"
    for error in entry.get("errors", ()):
        if "symerror" in error and not (_is_number(error["symerror"]) and error["symerror"] >= 0):
            yield f"no error: {error['symerror']!r}"
        if "asymerror" in error:
            minus, plus = error["asymerror"].get("minus"), error["asymerror"].get("plus")
            if not (_is_number(minus) and _is_number(plus) and minus <= 0 <= plus):
                yield f"errors of one sign: {minus!r}, {plus!r}"


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
