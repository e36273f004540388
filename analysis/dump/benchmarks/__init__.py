"""The benchmark models of Physics Beyond Colliders, J. Phys. G 47 (2020) 010501 (arXiv:1901.09966), one file each."""

from rarekaon.analysis.dump.benchmarks.alp import ALP
from rarekaon.analysis.dump.benchmarks.dark_photon import DARK_PHOTON
from rarekaon.analysis.dump.benchmarks.dark_scalar import DARK_SCALAR
from rarekaon.analysis.dump.benchmarks.heavy_neutral_lepton import HNL_E, HNL_MU

MODELS = {model.name: model for model in (ALP, DARK_PHOTON, DARK_SCALAR, HNL_E, HNL_MU)}
"""By name."""
