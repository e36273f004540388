"""Decays that violate lepton number or flavour: uniform phase space, as the published limits assume.

`uniform_mode` makes one of any descriptor; those with a name here have a code of their own, that files carry.

K+ -> pi- pi0 e+ e+ (CERN-EP-2022-018), K+ -> mu- nu e+ e+ (arXiv:2211.04818), K+ -> pi mu e (PRL 127 (2021)
131802).
"""

from zlib import crc32

from rarekaon.analysis.contract.particles import MASS_K, Decay
from rarekaon.analysis.decays.mode import Mode
from rarekaon.analysis.decays.phase_space import Pair

PI_PI0_EE_LNV = Mode(
    "K+ -> pi- pi0 e+ e+, pi0 -> gamma gamma",
    13,
    Pair(Pair("pi-", Pair("gamma", "gamma", "pi0")), Pair("e+", "e+")),
    "uniform phase space: CERN-EP-2022-018 Section 5",
    radiative=False,
)
MU_NU_EE_LNV = Mode(
    "K+ -> mu- nu e+ e+",
    14,
    Pair("nu", Pair("mu-", Pair("e+", "e+"))),
    "uniform phase space: arXiv:2211.04818 Section 5",
    radiative=False,
)
FLAVOUR = "uniform phase space: PRL 127 (2021) 131802"
PI_MU_E_LNV = Mode("K+ -> pi- mu+ e+", 15, Pair("pi-", Pair("mu+", "e+")), FLAVOUR, radiative=False)
PI_MU_E_LFV = Mode("K+ -> pi+ mu- e+", 16, Pair("pi+", Pair("mu-", "e+")), FLAVOUR, radiative=False)
PI_E_MU_LFV = Mode("K+ -> pi+ mu+ e-", 17, Pair("pi+", Pair("mu+", "e-")), FLAVOUR, radiative=False)

FIRST_CODE, CODES = 2**20, 2**20
"""Codes of decays without one of their own: a hash of the descriptor, beyond all others."""


def uniform_mode(descriptor: str) -> Mode:
    """A decay of K+ into at least three products that violates lepton number or flavour and nothing else.

    Uniform phase space, no radiation.  ValueError for a decay that is impossible, and for one that nothing forbids:
    its density is not uniform, so it needs an amplitude.

    >>> uniform_mode("K+ -> pi- mu+ e+ gamma").products
    ('pi-', 'mu+', 'e+', 'gamma')
    """
    decay = Decay(descriptor)
    names = tuple(p.name for p in decay.products)
    reason = _impossible(decay)
    if reason:
        raise ValueError(f"{descriptor!r} is not simulated uniformly: {reason}")
    code = FIRST_CODE + crc32(descriptor.encode()) % CODES
    return Mode(descriptor, code, _nested(names), "uniform phase space", radiative=False)


def _impossible(decay: Decay) -> str:
    """Why a decay cannot be simulated as a forbidden one; empty if it can."""
    names = [p.name for p in decay.products]
    families = sum(abs(sum(p.lepton_numbers[k] for p in decay.products)) for k in range(2))
    fermions = sum(p.name == "nu" or any(p.lepton_numbers) for p in decay.products)
    # neutrinos of unstated flavour can make up for the charged leptons
    spare = names.count("nu") - families
    found = (
        (decay.parent.name != "K+" or len(names) < 3, "that is for K+ decaying into three products or more"),
        (bool({"N", "X"} & set(names)), "the masses of N and X are set by the listed families of modes"),
        (not decay.charge_conserved, "it does not conserve charge"),
        (sum(p.mass for p in decay.products) >= MASS_K, "its products are heavier than the kaon"),
        (fermions % 2 == 1, "it has an odd number of fermions"),
        (spare >= 0 and spare % 2 == 0, "nothing forbids it, so it needs an amplitude, in analysis/simulation/decays"),
    )
    return next((reason for is_so, reason in found if is_so), "")


def _nested(names: tuple[str, ...]) -> Pair:
    rest = names[1] if len(names) == 2 else _nested(names[1:])
    return Pair(names[0], rest)
