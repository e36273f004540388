"""How figures look, and how they become files: the same look, names and bytes wherever and whenever they are made.

Figures are made without pyplot, so that nothing here touches the backend of a notebook or a script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

from rarekaon.analysis.contract.particles import PARTICLES
from rarekaon.analysis.results.records import write_bytes

COLOURS = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd", "#86c8dd", "#b9ac70", "#717581", "#92dadd")
"""Tell apart for colour-blind readers: M. Petroff, arXiv:2107.02270, ten colours."""
STYLE: dict[str, Any] = {
    "figure.figsize": (7.0, 5.0),
    # Margins are said, not found: finding them draws every figure twice more.
    "figure.subplot.left": 0.13,
    "figure.subplot.right": 0.97,
    "figure.subplot.bottom": 0.11,
    "figure.subplot.top": 0.93,
    "figure.subplot.hspace": 0.07,
    "font.size": 11.0,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "legend.frameon": False,
    "legend.fontsize": "small",
    "hatch.linewidth": 0.5,
    "savefig.dpi": 120,
    "pdf.fonttype": 3,  # glyphs that are used alone; whole fonts take longer than the figure
}
WITHOUT_NUMBER = {"N": "N", "X": "X", "nu": r"\nu", "->": r"\to", "pi0_D": r"\pi^{0}_{D}"}
"""What descriptors and tables name and the Particle Data Group does not number."""
NAMES = "|".join(re.escape(name) for name in sorted({*PARTICLES, *WITHOUT_NUMBER}, key=len, reverse=True))
FORMULA = re.compile(rf"(?<!\S)(?:{NAMES})(?: (?:{NAMES}))*(?![^\s,])")
"""Particles and arrows in a row."""


@contextmanager
def style() -> Iterator[None]:
    """Everything drawn inside has the look of this project."""
    with mpl.rc_context(STYLE):
        yield


def save_figure(figure: Figure, *paths: Path) -> Path:
    """Write a figure to files, each in the format its name ends with, atomically; returns the first."""
    for path in paths:
        stream, kind = BytesIO(), path.suffix.lstrip(".")
        dates = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None}}
        with style():
            figure.savefig(stream, format=kind, metadata=dates.get(kind))
        write_bytes(path, stream.getvalue())
    return paths[0]


def axis_label(text: str) -> str:
    """A quantity's label with the powers in its unit raised.

    >>> axis_label("squared missing mass [GeV2/c4]")
    'squared missing mass [GeV$^2$/c$^4$]'
    """
    return re.sub(r"(?<=[A-Za-z])([2-9])(?=[/\]])", r"$^\1$", text)


def scientific(value: float, digits: int = 3) -> str:
    """A number with its power of ten raised, for use in a formula.

    >>> scientific(2.0812e10)
    '2.08 \\\\times 10^{10}'
    """
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    return rf"{mantissa} \times 10^{{{int(power)}}}"


@cache
def symbol(name: str) -> str:
    """A particle's name in LaTeX, from the Particle Data Group's table."""
    from particle import Particle

    return WITHOUT_NUMBER.get(name) or str(Particle.from_pdgid(PARTICLES[name].pdg).latex_name)


def decay_label(text: str) -> str:
    """A decay descriptor with its particles in LaTeX; words that name no particle stay as they are.

    >>> decay_label("K+ -> pi- e+ e+")
    '$K^{+}\\\\,\\\\to\\\\,\\\\pi^{-}\\\\,e^{+}\\\\,e^{+}$'
    >>> decay_label("K+ -> pi+ e+ e-, photon missed")
    '$K^{+}\\\\,\\\\to\\\\,\\\\pi^{+}\\\\,e^{+}\\\\,e^{-}$, photon missed'
    """
    return FORMULA.sub(lambda found: "$" + r"\,".join(symbol(word) for word in found[0].split()) + "$", text)
