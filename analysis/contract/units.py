"""The one unit system: energies in MeV, lengths in mm, times in ns, charge in e (the hepunits convention).

A quantity without a unit in its name is in these units, on disk and in memory.  Multiply by a unit to write a
number down, divide by it to print one:

>>> 6 * GeV
6000.0
>>> (0.25 * m) / mm
250.0
"""

from hepunits import GeV, MeV, cm, m, mm, mrad, ms, ns, ps, us
from hepunits.constants import c_light

GeV2 = GeV * GeV

__all__ = ["GeV", "GeV2", "MeV", "c_light", "cm", "m", "mm", "mrad", "ms", "ns", "ps", "us"]
