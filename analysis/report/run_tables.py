"""The tables of a run's results, the same for `kaon limits`, the page and the files of `kaon report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rarekaon.analysis.limits.backgrounds import Row
from rarekaon.analysis.limits.from_publications import compare_with_published, not_recomputable
from rarekaon.analysis.limits.ratios import ControlRow
from rarekaon.analysis.report.systematics import systematics_tables
from rarekaon.analysis.report.table import ResultTable
from rarekaon.analysis.report.tables import (
    background_tables,
    comparison_table,
    controls_table,
    limits_table,
    open_boxes_table,
    sensitivities_table,
    shares,
)
from rarekaon.analysis.results.records import Limits


def run_tables(
    found: Limits,
    rows: Sequence[Row],
    controls: Sequence[ControlRow],
    boxes: Sequence[Mapping[str, Any]],
    searches: frozenset[str],
) -> dict[str, list[ResultTable]]:
    """Tables by page, in the order in which they are shown, of some searches.

    Published numbers stand beside those recomputed from published inputs where `found` has limits of that origin.
    """
    records = [r for r in found.limits if r.search in searches]
    parts = shares(records)
    results = [sensitivities_table(records), limits_table(records, found.confidence_level)]
    if any(r.origin == "published" for r in found.limits):
        compared = [row for row in compare_with_published() if row.search in searches]
        results.append(comparison_table(compared, [row for row in not_recomputable() if row[0] in searches]))
    return {
        "backgrounds": background_tables([row for row in rows if row.search in searches], parts),
        "systematics": systematics_tables(records),
        "controls": [controls_table([row for row in controls if row.search in searches], parts)],
        "limits": results,
        "open_boxes": [open_boxes_table([box for box in boxes if box["search"] in searches])],
    }
