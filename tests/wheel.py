"""Build the wheel, install it in an environment of its own, and use it from an empty folder (`make wheel`).

The folder has a package `analysis` of its own, as many users' folders have.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
FOREIGN = "raise ImportError('this is the user's own analysis, not ours')\n"


def sources(place: Path) -> Path:
    """A copy of what git tracks, with its links, where building may leave files behind."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return place


def build(place: Path, *options: str) -> Path:
    """The wheel, built from a copy of the sources; `options` go to pip."""
    wheels = place / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", *options, "-w", str(wheels), "."]
    subprocess.run(command, cwd=sources(place / "sources"), check=True)
    (wheel,) = wheels.glob("*.whl")
    return wheel


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A user's folder that holds nothing but a package `analysis`."""
    with TemporaryDirectory() as name:
        (Path(name) / "analysis").mkdir()
        (Path(name) / "analysis" / "__init__.py").write_text(FOREIGN)
        yield Path(name)


def environment(place: Path, wheel: Path) -> Path:
    """The `kaon` of a fresh environment with the wheel and the pinned versions of what it needs."""
    venv.create(place, with_pip=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel), "-c", str(ROOT / "constraints.txt")], check=True)
    return place / "bin" / "kaon"


def main(arguments: Sequence[str] | None = None) -> None:
    """Every command that a user of the wheel begins with; `--samples` are quick samples to run over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=ROOT / "samples" / "quick")
    samples = str(parser.parse_args(arguments).samples.resolve())
    with TemporaryDirectory() as place, empty_folder() as folder:
        kaon = environment(Path(place) / "env", build(Path(place)))
        for call in (
            ["searches"],
            ["limit", "--observed", "0", "--background", "0.26", "--ses", "3.53e-11"],
            ["limits", "--origin", "published", "--output", "published.json"],
            ["samples"],
            ["simulate", "pi_ee_sm", "--quick", "-q"],
            ["run", "pi_mu_e", "--samples", samples, "--quick", "-q"],
        ):
            print("kaon", *call, flush=True)
            quiet = {**os.environ, "PYTHONPATH": ""}
            subprocess.run([str(kaon), *call], cwd=folder, check=True, stdout=subprocess.DEVNULL, env=quiet)
        made = sorted(
            str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.parent.name != "analysis"
        )
        print("made:", *made)


if __name__ == "__main__":
    main()
