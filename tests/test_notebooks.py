"""Every notebook runs from top to bottom, and is kept without outputs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebooks import execute, notebooks

DRAWS = re.compile(r"(^figure|\.plot\(\);|^spectrum\(.*\)|^scan_figure\(.*\))\Z", re.MULTILINE)
"""The last line of a cell that shows a figure."""


def pictures(cell: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def write(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize("path", notebooks(), ids=lambda p: p.name)
def test_notebook_runs_and_every_figure_is_there(path: Path) -> None:
    """A cell that ends with a figure has its picture; a notebook has one at least."""
    cells = [cell for cell in execute(path).cells if cell.cell_type == "code"]
    drawn = {i: pictures(cell) for i, cell in enumerate(cells)}
    wanted = [i for i, cell in enumerate(cells) if DRAWS.search(cell.source)]
    assert wanted
    assert [i for i in wanted if drawn[i] != 1] == []


@pytest.mark.parametrize("path", notebooks(), ids=lambda p: p.name)
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert [c.outputs for c in cells] == [[]] * len(cells)
    assert {c.execution_count for c in cells} <= {None}


def test_a_notebook_uses_this_environment(tmp_path: Path) -> None:
    path = write(
        tmp_path / "n.ipynb", "import rarekaon.analysis, os\nprint(rarekaon.analysis.__file__)\nprint(os.getcwd())"
    )
    (output,) = execute(path).cells[0].outputs
    package, place = output.text.split()
    assert Path(package).resolve() == Path(__file__).resolve().parents[1] / "analysis" / "__init__.py"
    assert place == str(tmp_path)


def test_a_failing_cell_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="the cell fell down"):
        execute(write(tmp_path / "n.ipynb", "1 + 1", "raise RuntimeError('the cell fell down')"))


def test_checkpoints_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".ipynb_checkpoints").mkdir()
    write(tmp_path / ".ipynb_checkpoints" / "n.ipynb")
    expected = write(tmp_path / "n.ipynb")
    assert notebooks(tmp_path) == [expected]
