"""Every selection against its plain, per-event re-implementation: exactly the same events.

On the samples that `make limits QUICK=1` leaves; at least 20 000 events a channel.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from rarekaon.analysis.search.channels import search
from tests.processors import plain_muons
from tests.processors.plain import events_of
from tests.reading import columns_of
from tests.selecting import selected

SAMPLES = Path(__file__).resolve().parents[1] / "samples/quick"
EVENTS = 11_000

CASES = [
    ("pi_mumu", "2017", "signal", "pi_mumu_lnv", partial(plain_muons.pi_mumu, signal=True), 3000),
    ("pi_mumu", "2017", "normalisation", "pi_mumu_sm", partial(plain_muons.pi_mumu, signal=False), 3000),
    ("mu_nu_ee", "2016-2018", "signal", "mu_nu_ee_lnv", plain_muons.mu_nu_ee, 300),
    ("mu_nu_ee", "2016-2018", "normalisation", "pi_ee_sm", plain_muons.pi_ee_for_mu_nu_ee, 300),
    ("mu_nu_ee", "2016-2018", "signal", "ke4_muon", plain_muons.mu_nu_ee, 30),
]


@pytest.mark.parametrize(("name", "dataset", "selection", "sample", "plainly", "least"), CASES)
def test_plain_python_selects_exactly_the_same_events(name, dataset, selection, sample, plainly, least):
    path = SAMPLES / f"{sample}.root"
    columns = columns_of(path, sample, entry_start=0, entry_stop=EVENTS)
    rows = enumerate(events_of(path, 0, EVENTS))
    expected = {row: value for row, event in rows if (value := plainly(event)) is not None}
    (wanted,) = [s for s in search(name, dataset).selections if s.name == selection]
    c = selected(wanted, columns)
    assert len(c) > least
    assert dict(zip(c.event.tolist(), wanted.observable.of(c).tolist(), strict=True)) == pytest.approx(
        expected, rel=1e-9, abs=1e-3
    )
