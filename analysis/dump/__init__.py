"""Beam dump: feebly interacting particles made by 400 GeV protons in the absorber and seen to decay in the detector.

A `Model` declares how a particle is made, how fast it decays and into what (`rarekaon.analysis.dump.model`); `reach`
turns it
into numbers of events and contours of its coupling.  Background of the dump is out of scope: a contour is where a
number of signal events is expected, 2.3 for the 90% CL limit of a search that sees nothing and expects nothing.
The searches in kaon decays do not depend on this room.
"""

from rarekaon.analysis.dump.model import Model, Production, VisibleDecay
from rarekaon.analysis.dump.reach import Contour, contours, events

__all__ = ["Contour", "Model", "Production", "VisibleDecay", "contours", "events"]
