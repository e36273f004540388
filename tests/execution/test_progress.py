"""Progress of a run where there is no terminal."""

from __future__ import annotations

import pytest

from rarekaon.analysis.execution.progress import progress_bar


def test_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 11.0, 12.0, 25.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    with progress_bar("processing", 100, shown=True) as advance:
        for events in (25, 25, 25, 25):
            advance(events)
    assert capsys.readouterr().err == "processing: 50% after 11 s\nprocessing: 100% after 25 s\n"


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("processing", 100, shown=False) as advance:
        advance(100)
    assert capsys.readouterr().err == ""
