"""pyhf on the same numbers: asymptotics where they hold, toys where they do not, refusal in between."""

import warnings

import numpy as np
import pyhf
import pytest

from rarekaon.analysis.statistics import ArgumentError, Background, upper_limit
from rarekaon.analysis.statistics.asymptotic import AsymptoticsError, asymptotic_limit
from rarekaon.analysis.statistics.workspace import RegionCounts, Sample, workspace
from tests.statistics.with_pyhf import toy_cls


def single(observed, background, error=0.0, highest=100.0):
    sample = Sample("background", background, systematics=(("background", error),))
    return workspace([RegionCounts("signal", observed, (sample,), 1.0)], highest_mu=highest)


def test_asymptotic_limit_agrees_for_many_events():
    limit = asymptotic_limit(single(2510, 2480.0, 40.0, 1000.0))
    exact = upper_limit(2510, Background(2480.0, 40.0, "truncated_gaussian"))
    assert limit.upper_limit == pytest.approx(exact.signal_events, rel=0.02)
    assert limit.expected_upper_limit == pytest.approx(exact.expected_upper_limit, rel=0.03)


def test_few_events_are_refused_and_would_be_wrong():
    content = single(0, 0.43)
    with pytest.raises(AsymptoticsError, match="asymptotic"):
        asymptotic_limit(content)
    with pytest.raises(AsymptoticsError, match="observed"):
        asymptotic_limit(single(2, 40.0))
    wrong = asymptotic_limit(content, anyway=True).upper_limit
    assert wrong < 0.85 * upper_limit(0, Background(0.43)).signal_events


def test_toys_agree_with_the_exact_limit():
    observed, background = 3, 1.5
    limit = upper_limit(observed, Background(background)).signal_events
    cls = toy_cls(single(observed, background, 1e-4), limit, toys=400, seed=1)
    without = 0.93
    assert cls == pytest.approx(0.1, abs=4 * np.sqrt(0.1 * 0.9 / (400 * without)))


@pytest.mark.parametrize(
    ("signal", "observed", "background", "error"), [(0.005, 28, 28.0, 5.0), (1.0, 12, 12.0, 12.0), (1.0, 15, 12.0, 9.0)]
)
def test_the_bracket_grows_as_far_as_the_limit_is(signal, observed, background, error):
    sample = Sample("background", background, systematics=(("background error", error),))
    content = workspace([RegionCounts("signal", observed, (sample,), signal)], highest_mu=10.0)
    limit = asymptotic_limit(content)
    content["measurements"][0]["config"]["parameters"][0]["bounds"] = [[0.0, 2 * limit.upper_limit]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pyhf's use of jsonschema
        space = pyhf.Workspace(content)
        model = space.model()
        cls = pyhf.infer.hypotest(limit.upper_limit, space.data(model), model, test_stat="qtilde")
    assert float(cls) == pytest.approx(0.1, abs=1e-3)
    assert limit.expected_upper_limit[2] > 0


def test_what_is_no_workspace_is_said():
    broken = single(30, 28.0)
    del broken["channels"][0]["samples"][0]["modifiers"]
    with pytest.raises(ArgumentError, match=r"pyhf refuses it.*modifiers"):
        asymptotic_limit(broken)
    without = single(30, 28.0, 5.0)
    signal = without["channels"][0]["samples"].pop(0)
    with pytest.raises(ArgumentError, match="parameter of interest"):
        asymptotic_limit(without)
    without["channels"][0]["samples"].append(signal | {"data": [0.0]})
    with pytest.raises(ArgumentError, match="no region has a signal"):
        asymptotic_limit(without)
