"""Two samples of one distribution count as equal whatever their sizes and weights, and those of two do not."""

from __future__ import annotations

import hist
import numpy as np
import pytest

from rarekaon.analysis.execution.store import save
from tests.equal_runs import improbable_histograms


def written(path, seed, decays, power, shift=0.0):
    """Decays uniform in (0, 1), or moved; drawn with the density (power + 1) x^power and weighted with its inverse."""
    x = np.random.default_rng(seed).random(decays) ** (1 / (power + 1))
    filled = hist.Hist(hist.axis.Regular(20, 0.2, 1), storage=hist.storage.Weight())
    filled.fill(x + shift * x * (1 - x), weight=1 / ((power + 1) * x**power))
    exposure = {"simulated": 1.0, "weight": float(decays)}
    save(path, {"sample": {"region": {"mass": filled, "cutflow": filled}, "exposure": exposure}})
    return path


@pytest.mark.parametrize(("shift", "found"), [(0.0, []), (0.1, ["sample/region/mass"])])
def test_samples_are_compared_for_one_decay_and_within_errors(tmp_path, shift, found):
    plain, weighted = written(tmp_path / "a", 1, 20000, 0), written(tmp_path / "b", 2, 60000, 1, shift)
    assert [place for place, _ in improbable_histograms(plain, weighted)] == found
