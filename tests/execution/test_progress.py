"""Progress of a run where there is no terminal."""

from __future__ import annotations

import pytest

from rarekaon.analysis.execution.progress import progress_bar


def test_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 11.0, 12.0, 25.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    with progress_bar("processing", shown=True) as bar:
        bar.total(100)
        for events in (25, 25, 25, 25):
            bar.advance(events)
    assert capsys.readouterr().err == "processing: 50% after 11 s\nprocessing: 100% after 25 s\n"


def test_workers_are_said_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 5.0, 15.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    with progress_bar("processing", shown=True) as bar:
        bar.say("0 of 2 workers")
        bar.say("0 of 2 workers; 2 jobs wait (Resources)")
    assert capsys.readouterr().err == "processing: after 15 s, 0 of 2 workers; 2 jobs wait (Resources)\n"


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("processing", shown=False) as bar:
        bar.advance(100)
        bar.say("2 workers")
    assert capsys.readouterr().err == ""
