"""What pyhf says of a workspace: the oracle of tests of workspaces and of limits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyhf


def toy_cls(content: dict[str, Any], mu: float, *, toys: int, seed: int) -> float:
    """CLs of `mu` with pyhf's toy calculator (about `toys` / 50 seconds); statistical error ~ 1 / sqrt(toys).

    pyhf draws from the global NumPy generator through scipy: its state is set from `seed` and restored.
    """
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        with _warnings_contained():
            model, data = _model(content)
            cls = pyhf.infer.hypotest(
                mu, data, model, test_stat="qtilde", calctype="toybased", ntoys=toys, track_progress=False
            )
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return float(cls)


def validate(content: dict[str, Any]) -> None:
    """Check a workspace against the HistFactory schema and build its model; raises pyhf's exceptions."""
    with _warnings_contained():
        _model(content)


def expected_events(content: dict[str, Any], mu: float) -> dict[str, float]:
    """Nominal events of every region at a signal strength."""
    with _warnings_contained():
        model, _data = _model(content)
        parameters = model.config.suggested_init()
        parameters[model.config.poi_index] = mu
        actual = model.expected_actualdata(parameters)
        return {name: float(actual[model.config.channel_slices[name]].sum()) for name in model.config.channels}


def _model(content: dict[str, Any]) -> tuple[Any, Any]:
    workspace = pyhf.Workspace(content)
    model = workspace.model()
    return model, workspace.data(model)


@contextmanager
def _warnings_contained() -> Iterator[None]:
    """pyhf 0.7.6 uses jsonschema's deprecated RefResolver in every model, and divides by zero in its fits."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="pyhf")
        yield
