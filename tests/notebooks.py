"""Executing notebooks, in the tests and by `make notebooks`."""

from __future__ import annotations

from pathlib import Path

import click
import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = ROOT / "notebooks"


def notebooks(directory: Path = DIRECTORY) -> list[Path]:
    """Notebooks in order; those that Jupyter keeps as checkpoints are not ours."""
    return sorted(p for p in directory.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def execute(path: Path, *, timeout: int = 600) -> nbformat.NotebookNode:
    """The notebook with its outputs; CellExecutionError with the traceback of the first cell that fails.

    Cells run in the directory of the notebook, as they do when it is opened by hand.
    """
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    return NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=resources).execute()


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default="results/notebooks", show_default=True)
def command(output: Path) -> None:
    """Execute all notebooks and write them, with their outputs, to OUTPUT."""
    output.mkdir(parents=True, exist_ok=True)
    for path in notebooks():
        nbformat.write(execute(path), output / path.name)
        click.echo(f"{path.name}: executed, written to {output / path.name}")


if __name__ == "__main__":
    command()
