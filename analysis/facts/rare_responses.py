"""Rare detector responses: how often the simulation draws them.

A rare response (a pion that looks like an electron) may be drawn with a larger probability q than its own p; the
event's weight then carries p/q, or (1-p)/(1-q) where it did not happen.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

Probability = Annotated[float, Field(ge=0, lt=1)]
Factor = Annotated[float, Field(ge=0, le=20)]


class RareResponses(NamedTuple):
    """Probabilities to draw rare responses with, in place of their own. 0 leaves a response natural.

    A named tuple, so that compiled code takes it as it is; the ranges are checked in what the catalogue declares.
    """

    pi_plus_as_electron: Probability = 0.0
    """A pi+ with the E/p of an electron."""
    pi_minus_as_electron: Probability = 0.0
    """A pi- with the E/p of an electron."""
    electron_as_pion: Probability = 0.0
    """An electron with the E/p of a pion."""
    positron_as_pion: Probability = 0.0
    """A positron with the E/p of a pion."""
    pi_plus_as_positron_in_rich: Probability = 0.0
    """A pi+ that the RICH prefers as positron."""
    muon_unseen: Probability = 0.0
    """A muon without a MUV3 signal."""
    pion_as_muon: Probability = 0.0
    """A pion with a MUV3 signal."""
    forced_pion_decays: Factor = 0.0
    """Factor by which pions decay more often."""
    forced_negative_pions: Factor = 0.0
    """The same of negative pions, if it is not 0."""
    forced_muon_decays: Annotated[float, Field(ge=0, le=1e5)] = 0.0
    """Factor by which muons decay more often."""
    photon_missed: Probability = 0.0
    """A photon that no detector sees."""
    roulette_below: Probability = 0.0
    """Weight below which Russian roulette is played with events whose photons are missed."""
    muon_showers: Probability = 0.0
    """A muon that showers in the calorimeter."""
    muon_as_pion_in_rich: Probability = 0.0
    """A muon with the ring of a pion."""
