"""Tables of candidates as files, one for each search, data set and selection: Parquet, or a TTree in a ROOT file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

from rarekaon.analysis.processing.candidate_tables import Table, Tables, quantities, selections
from rarekaon.analysis.search.channels import search
from rarekaon.analysis.search.declaration import Selection

TREE = "Candidates"
"""The tree of a ROOT file."""
Kind = Literal["parquet", "root"]


def write_candidates(tables: Tables, directory: Path, kind: Kind) -> list[Path]:
    """Write the tables of a run, with a column `sample`; the files, in the order of searches and selections.

    Quantities of tracks or pairs are columns of their own, `e_over_p_0`, `e_over_p_1`; titles and units are in the
    metadata of Parquet, and those of branches in ROOT.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, Table]]] = {}
    for (name, sample, dataset, chosen), parts in tables.items():
        groups.setdefault((name, dataset, chosen), []).extend((sample, part) for part in parts)
    written = []
    for (name, dataset, chosen), mine in groups.items():
        declared = search(name, dataset)
        selection = next(s for s in selections(declared) if s.name == chosen)
        path = directory / f"{name}_{dataset}_{chosen}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            _write(new, mine, kind, {name: q.label for name, q in quantities(selection).items()}, selection)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
        written.append(path)
    return written


def _write(
    path: Path, parts: Sequence[tuple[str, Table]], kind: Kind, labels: Mapping[str, str], selection: Selection
) -> None:
    """Parts in turn, so that no more than what they are is held in memory."""
    samples = list(dict.fromkeys(sample for sample, _ in parts))
    if kind == "parquet":
        metadata = {**labels, "cuts": "\n".join(cut.name for cut in selection.cuts)}
        schema = _arrow(parts[0][1], samples[0]).schema.with_metadata(metadata)
        with pq.ParquetWriter(path, schema, compression="zstd") as out:
            for sample, part in parts:
                out.write_table(_arrow(part, sample).cast(schema))
        return
    with path.open("w+b") as handle, uproot.recreate(handle, compression=uproot.ZSTD(3)) as file:
        columns = _flat(parts[0][1])
        said = ", ".join(f"{n}: {name}" for n, name in enumerate(samples))
        types = {"sample": np.dtype("int32")} | {name: values.dtype for name, values in columns.items()}
        tree = file.mktree(TREE, types, title=f"samples {said}; {'; '.join(labels.values())}")
        for sample, part in parts:
            flat = _flat(part)
            tree.extend({"sample": np.full(len(flat["run"]), samples.index(sample), np.int32), **flat})


def _flat(table: Table) -> Table:
    """One column a number."""
    flat: Table = {}
    for name, values in table.items():
        if values.ndim == 1:
            flat[name] = values
        else:
            flat |= {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
    return flat


def _arrow(table: Table, sample: str) -> pa.Table:
    flat = _flat(table)
    return pa.table({"sample": pa.repeat(sample, len(flat["run"])), **{k: pa.array(v) for k, v in flat.items()}})
