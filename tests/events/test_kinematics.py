"""Products of three-vectors are those that NumPy makes, bit for bit."""

import numpy as np
import pytest

from rarekaon.analysis.events.kinematics import dot, modulus


@pytest.mark.parametrize("shape", [(500, 3), (200, 4, 3), (0, 3), (0, 2, 3)])
def test_products_and_lengths_of_vectors(shape):
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1e4, (2, *shape))
    np.testing.assert_array_equal(dot(a, b), (a * b).sum(axis=-1))
    np.testing.assert_array_equal(modulus(a), np.linalg.norm(a, axis=-1))
    assert dot(a, b).shape == shape[:-1]


def test_vectors_need_not_lie_together():
    table = np.random.default_rng(2).normal(size=(50, 8))
    a, b = table[:, 1:4], table[:, 4:7]
    np.testing.assert_array_equal(dot(a, b), (a * b).sum(axis=-1))
