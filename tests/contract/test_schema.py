"""The event contract is complete and consistent."""

import numpy as np
import pytest

from rarekaon.analysis.contract import schema


def test_every_branch_is_described_once():
    names = list(schema.branches(truth=True))
    assert len(names) == len(set(names))
    for name, branch in schema.branches(truth=True).items():
        assert branch.meaning, name
        assert branch.unit, name
        assert np.dtype(branch.dtype).name == branch.dtype


def test_truth_is_what_distinguishes_simulation_from_data():
    truth = set(schema.branches(truth=True)) - set(schema.branches(truth=False))
    assert {b.name for b in schema.TRUTH} <= truth
    assert all(name.startswith(("truth_", "Generated", "nGenerated")) for name in truth)


def test_references_point_into_collections_of_the_contract():
    for c in schema.COLLECTIONS:
        for field, target in c.references:
            assert field in {f.name for f in c.fields}
            assert schema.collection(target).name == target
    with pytest.raises(KeyError, match="no collection 'Jet'; the contract has Track"):
        schema.collection("Jet")


def test_every_trigger_line_has_its_downscaling():
    names = schema.branches(truth=False)
    for line in schema.TRIGGER_LINES:
        assert {f"trigger_{line}", f"downscaling_{line}"} <= set(names)
