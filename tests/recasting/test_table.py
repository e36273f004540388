"""Densities from a file: strict reading, looking up, symmetry."""

import numpy as np
import pytest
import yaml

from rarekaon.analysis.decays import mode
from rarekaon.analysis.decays.mode import mass2
from rarekaon.analysis.decays.phase_space import generate
from rarekaon.analysis.recasting import DalitzTable, Function, Products, RecastError, Uniform
from rarekaon.analysis.recasting.integral import integral

DECAY = "K+ -> pi- mu+ e+"
CONTENT = {
    "decay": DECAY,
    "x": {"pair": "pi- e+", "edges": [0, 90000, 250000]},
    "y": {"pair": "mu+ e+", "edges": [0, 50000, 130000]},
    "density": [[1.0, 0.0], [2.0, 5.0]],
}


def written(tmp_path, **changes):
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump(CONTENT | changes))
    return path


def decays(descriptor=DECAY, n=200):
    tree = mode(descriptor).flat
    return Products(mode(descriptor).products, generate(tree, np.random.default_rng(5).random((n, tree.dimensions)))[0])


def test_values_are_those_of_the_bins(tmp_path):
    found = decays()
    pion, muon, positron = found.momenta
    x, y = mass2(pion, positron) > 90000, mass2(muon, positron) > 50000
    expected = np.where(x, np.where(y, 5.0, 2.0), np.where(y, 0.0, 1.0))
    table = DalitzTable.read(written(tmp_path))
    np.testing.assert_array_equal(table.value(found), expected)
    assert set(expected) == {0.0, 1.0, 2.0, 5.0}
    assert table.description == "table model.yaml"


def test_identical_products_are_symmetrised(tmp_path):
    changed = {
        "decay": "K+ -> pi- e+ e+", "x": {"pair": "e+ pi-", "edges": [0, 90000, 250000]},
        "y": {"pair": "pi- e+", "edges": [0, 50000, 250000]},
    }  # fmt: skip
    table, found = DalitzTable.read(written(tmp_path, **changed)), decays("K+ -> pi- e+ e+")
    np.testing.assert_allclose(table.value(found), table.value(found.taken((0, 2, 1))))
    pion, first, second = found.momenta
    a, b = mass2(pion, first), mass2(pion, second)
    numbers = np.array(CONTENT["density"])
    one, other = (numbers[(x > 90000).astype(int), (y > 50000).astype(int)] for x, y in ((a, b), (b, a)))
    np.testing.assert_allclose(table.value(found), (one + other) / 2)


def test_a_flat_table_is_uniform_and_a_fine_one_is_the_function(tmp_path):
    flat = DalitzTable.read(written(tmp_path, density=[[3.0, 3.0], [3.0, 3.0]]))
    assert integral(DECAY, flat).value == 3 * integral(DECAY, Uniform()).value
    edges = np.linspace(0, 250000, 501)
    fine = written(tmp_path, x={"pair": "pi- e+", "edges": edges.tolist()}, y={"pair": "mu+ e+", "edges": [0, 130000]},
                   density=[[float(c)] for c in (edges[1:] + edges[:-1]) / 2])  # fmt: skip
    linear = Function(lambda pion, _muon, positron: mass2(pion, positron))
    assert integral(DECAY, DalitzTable.read(fine)).value == pytest.approx(integral(DECAY, linear).value, rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"density": [[1.0, 0.0]]}, "2 rows of 2 numbers"),
        ({"density": [[1.0, 0.0], [1.0]]}, "2 rows of 2 numbers"),
        ({"density": [[1.0, -1.0], [1.0, 1.0]]}, "greater than or equal to 0"),
        ({"density": [[1.0, float("nan")], [1.0, 1.0]]}, "finite"),
        ({"x": {"pair": "pi- e+", "edges": [2, 1, 3]}}, "ascending"),
        ({"x": {"pair": "pi- e+", "edges": [2, 3], "unit": "GeV2"}}, "unit"),
        ({"decay": "K+ -> mu- nu e+ e+"}, "three products"),
        ({"weights": 1}, "weights"),
    ],
)  # fmt: skip
def test_files_are_read_strictly(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        DalitzTable.read(written(tmp_path, **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": {"pair": "pi- e+", "edges": [30000, 90000, 250000]}}, "the table from 30000"),
        ({"y": {"pair": "e+ pi-", "edges": [0, 90000, 250000]}}, "the same pair"),
        ({"decay": "K+ -> pi- e+ e+"}, "is for K\\+ -> pi- e\\+ e\\+"),
        ({"y": {"pair": "mu- e+", "edges": [0, 90000, 250000]}}, "no pair of products"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, changes, message):
    with pytest.raises(RecastError, match=message):
        DalitzTable.read(written(tmp_path, **changes)).value(decays())
