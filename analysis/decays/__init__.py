"""The decay modes of the fast simulation: one small declaration each, listed here by their descriptor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.modes.invisible import E_INVISIBLE, MU_INVISIBLE, PI0_GAMMA_INVISIBLE, PI_INVISIBLE
from rarekaon.analysis.decays.modes.k3pi import K3PI
from rarekaon.analysis.decays.modes.ke4 import KE4
from rarekaon.analysis.decays.modes.kmu4 import KMU4
from rarekaon.analysis.decays.modes.l_nu_ee import E_NU_EE
from rarekaon.analysis.decays.modes.l_nu_ll import E_NU_MUMU, MU_NU_EE, MU_NU_MUMU
from rarekaon.analysis.decays.modes.mu_n import E_NU, lepton_n, lepton_n_visible
from rarekaon.analysis.decays.modes.mu_nu_gamma import MU_NU, MU_NU_GAMMA
from rarekaon.analysis.decays.modes.mu_nu_nu_nu import MU_NU_NU_NU
from rarekaon.analysis.decays.modes.mu_nu_x import mu_nu_x
from rarekaon.analysis.decays.modes.pi0_dalitz_e_nu_gamma import PI0D_E_NU_GAMMA
from rarekaon.analysis.decays.modes.pi0_dalitz_l_nu import PI0D_E_NU
from rarekaon.analysis.decays.modes.pi_ll import PI_EE, PI_MUMU
from rarekaon.analysis.decays.modes.pi_ll_lnv import PI_EE_LNV, PI_MUMU_LNV
from rarekaon.analysis.decays.modes.pi_nu_nu import PI_NU_NU
from rarekaon.analysis.decays.modes.pi_pi0 import (
    PI_PI0,
    PI_PI0_GAMMA_NU_NU,
    PI_PI0_INVISIBLE,
    PI_PI0D,
    PI_PI0DD,
    PI_PI0EE,
)
from rarekaon.analysis.decays.modes.pi_pi0_ee import PI_PI0_EE
from rarekaon.analysis.decays.modes.pi_pi0_gamma import PI_PI0_GAMMA, PI_PI0D_GAMMA
from rarekaon.analysis.decays.modes.pi_pi0_pi0 import PI_PI0_PI0, PI_PI0_PI0D
from rarekaon.analysis.decays.modes.semileptonic import PI0_E_NU, PI0_MU_NU, PI0D_MU_NU
from rarekaon.analysis.decays.uniform import (
    MU_NU_EE_LNV,
    PI_E_MU_LFV,
    PI_MU_E_LFV,
    PI_MU_E_LNV,
    PI_PI0_EE_LNV,
    uniform_mode,
)

MODES = {
    mode.descriptor: mode
    for mode in (
        PI_EE, PI_MUMU, PI_EE_LNV, PI_MUMU_LNV, PI_PI0_EE_LNV, MU_NU_EE_LNV, PI_MU_E_LNV, PI_MU_E_LFV, PI_E_MU_LFV,
        K3PI, PI_PI0_PI0, PI_PI0_PI0D, KE4, KMU4, PI0D_E_NU, PI0_E_NU, PI0_MU_NU, PI0D_MU_NU, PI0D_E_NU_GAMMA,
        E_NU_EE, MU_NU_EE, E_NU_MUMU, MU_NU_MUMU, MU_NU, MU_NU_GAMMA, MU_NU_NU_NU, E_NU, MU_INVISIBLE, E_INVISIBLE,
        PI_INVISIBLE, PI0_GAMMA_INVISIBLE, PI_NU_NU, PI_PI0, PI_PI0_INVISIBLE, PI_PI0_GAMMA_NU_NU, PI_PI0D, PI_PI0DD,
        PI_PI0EE, PI_PI0_GAMMA, PI_PI0D_GAMMA, PI_PI0_EE,
    )
}  # fmt: skip

FAMILIES: dict[str, Callable[[float], Mode]] = {
    "K+ -> mu+ N": lepton_n,
    "K+ -> e+ N": partial(lepton_n, lepton="e+"),
    "K+ -> mu+ N, N -> pi- mu+": lepton_n_visible,
    "K+ -> e+ N, N -> pi- e+": partial(lepton_n_visible, lepton="e+"),
    "K+ -> mu+ nu X, scalar X": partial(mu_nu_x, kind="scalar"),
    "K+ -> mu+ nu X, vector X": partial(mu_nu_x, kind="vector"),
}
"""Modes with a particle whose mass (MeV) the search sets."""


def mode(descriptor: str, mass: float | None = None) -> Mode:
    """The mode of that descriptor; those of `FAMILIES` need a mass (MeV).

    One that is not listed is uniform if it violates lepton number or flavour and nothing else; ValueError lists the
    known ones.
    """
    if descriptor in FAMILIES:
        if mass is None:
            raise ValueError(f"{descriptor!r} needs a mass: give that of N or X in MeV")
        return FAMILIES[descriptor](mass)
    if mass is not None:
        raise ValueError(f"{descriptor!r} has no mass to set, but {mass} MeV was given")
    return MODES.get(descriptor) or _forbidden(descriptor)


@cache
def _forbidden(descriptor: str) -> Mode:
    try:
        return uniform_mode(descriptor)
    except ValueError as error:
        raise ValueError(
            f"no simulation of {descriptor!r}: {error}; known: {'; '.join((*MODES, *FAMILIES))}"
        ) from error


__all__ = ["FAMILIES", "MODES", "Mode", "mode"]
