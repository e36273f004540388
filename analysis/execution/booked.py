"""What a run leaves on disk of each search: histograms, with the exposure of each sample and what is left out of it."""

from __future__ import annotations

from typing import Any

from rarekaon.analysis.execution.quality import Used, used
from rarekaon.analysis.execution.runner import RunResult
from rarekaon.analysis.search.channels import searches


def contents(result: RunResult, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """By search, what its file of histograms holds (`execution.store`): `[search][sample]`."""
    left_out = data_used(result, names)
    return {
        name: {
            sample: {**booked, "exposure": result.exposure(sample).as_numbers(), **_left_out(result, sample, left_out)}
            for sample, booked in result.output[name].items()
        }
        for name in names
    }


def data_used(result: RunResult, names: tuple[str, ...]) -> list[Used]:
    """What each data set that was searched is made of, by sample."""
    simulated = {f.sample: f.simulated for f in result.files}
    pairs = ((sample, s.dataset) for name in names for s in searches()[name] for sample in s.samples.all)
    return [used(result.files, *pair) for pair in dict.fromkeys(pairs) if simulated.get(pair[0]) is False]


def _left_out(result: RunResult, sample: str, used: list[Used]) -> dict[str, Any]:
    """What is left out of a sample, if anything is: files that are missing, and of data what `used` says."""
    number = sum(m.sample == sample for m in result.missing)
    parts = {
        u.dataset: {"share": u.share, "said": "\n".join(u.warnings)} for u in used if u.sample == sample and u.warnings
    }
    return ({"missing_files": number} if number else {}) | ({"left_out": parts} if parts else {})
