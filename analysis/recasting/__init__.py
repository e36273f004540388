"""Limits for other models of the signal, by reweighting the simulated one.

from rarekaon.analysis.recasting import Resonance, recast
(result,) = recast("pi_ee", "2016-2018", Resonance("pi- e+", mass=250))
result.limit.upper_limit
"""

from rarekaon.analysis.recasting.density import Density, Function, Products, RecastError, Uniform
from rarekaon.analysis.recasting.recast import Recast, recast
from rarekaon.analysis.recasting.resonance import Resonance
from rarekaon.analysis.recasting.table import DalitzTable

__all__ = ["DalitzTable", "Density", "Function", "Products", "Recast", "RecastError", "Resonance", "Uniform", "recast"]
