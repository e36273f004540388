"""Strata: parts of a stream that are sampled apart, because different rare responses lead to them.

Every event of the stream is in one stratum, by what is recorded of it. So the samples of the strata together are one of
the stream, whatever is drawn more often in each.
"""

from __future__ import annotations

from dataclasses import replace

from rarekaon.analysis.facts.rare_responses import RareResponses
from rarekaon.analysis.simulation.detector.transport import MUON, PHOTON
from rarekaon.analysis.simulation.detector.vetoes import ONE_SEEN
from rarekaon.analysis.simulation.streams.requirements import Stream

NEARLY_ALWAYS = 0.95
"""Probability to draw a rare response with, where nothing else leads to a stratum."""
FORCED_DECAYS = 15.0
"""How many times as often pions decay there, if a negative one may become the muon beside two positrons."""
FORCED_FOR_MUONS = 5.0
"""The same where a decay has fewer muons than the stream asks for."""
POSITIVE_PION, NEGATIVE_PION, POSITRON, NEGATIVE_ELECTRON, NEGATIVE_MUON = 211, -211, -11, 11, 13
NEGATIVE = NEGATIVE_PION, NEGATIVE_ELECTRON, NEGATIVE_MUON


def strata(stream: Stream, bias: RareResponses, pdg: tuple[int, ...]) -> tuple[tuple[Stream, RareResponses], ...]:
    """The strata of a stream, each with its own bias. `bias` is the one of the stream as a whole.

    A stream of electron pairs has three: with two positive electron-like tracks that the RICH takes for positrons,
    with two that it does not take for positrons, and without two. Where a muon is asked for there are pairs of like
    sign only, and the third is left out of decays with less than two negative products. A stream that asks for no
    photon has two strata of a decay with one photon: the photon lies beside a track in the calorimeter, or it is
    missed. Of a decay with two photons there is one stratum: both are missed. Decays with one photon beside a track
    and the other one missed are too rare to be unweighted, and samples drawn from strata leave them out.
    """
    if stream.requirement.no_extra_activity and PHOTON in pdg and stream.requirement.beside != ONE_SEEN:
        signs = (1, -1) if pdg.count(PHOTON) == 1 else (-1,)
        return tuple((_with(stream, beside=sign), bias) for sign in signs)
    if stream.requirement.electrons < 2:
        few = sum(abs(code) == MUON for code in pdg) < stream.requirement.muons
        forced = max(bias.forced_pion_decays, FORCED_FOR_MUONS) if few else bias.forced_pion_decays
        return ((stream, bias._replace(forced_pion_decays=forced)),)
    agree = differ = _of_positrons(bias, pdg)
    if NEGATIVE_PION in pdg and bias.pi_plus_as_electron > 0:
        differ = differ._replace(forced_pion_decays=0.0, forced_negative_pions=FORCED_DECAYS)
        agree = differ if stream.requirement.muons > 0 else agree
    positive = (
        (_with(stream, positrons=1, rings=1), agree),
        (_with(stream, positrons=1, rings=-1), differ._replace(pi_plus_as_positron_in_rich=0.0)),
    )
    if stream.requirement.muons > 0 and sum(code in NEGATIVE for code in pdg) < 2:
        return positive
    other = bias._replace(electron_as_pion=0.0, pi_plus_as_positron_in_rich=0.0)
    return (*positive, (_with(stream, positrons=-1), other))


def _of_positrons(bias: RareResponses, pdg: tuple[int, ...]) -> RareResponses:
    """What leads to two positive electron-like tracks and a pion-like one: no more is drawn than they need.

    Positive pions stand in for the positrons that are missing, and an electron for the pion if no other one is left.
    """
    short = min(max(0, 2 - pdg.count(POSITRON)), pdg.count(POSITIVE_PION))
    pions = pdg.count(POSITIVE_PION) - short + pdg.count(NEGATIVE_PION)
    as_positron = NEARLY_ALWAYS * short / max(1, pdg.count(POSITIVE_PION))
    as_pion = NEARLY_ALWAYS / max(1, pdg.count(NEGATIVE_ELECTRON)) if pions == 0 else 0.0
    return bias._replace(
        pi_plus_as_electron=as_positron if bias.pi_plus_as_electron > 0 else 0.0,
        pi_minus_as_electron=0.0,
        electron_as_pion=as_pion if bias.electron_as_pion > 0 else 0.0,
        positron_as_pion=0.0,
        pi_plus_as_positron_in_rich=as_positron if bias.pi_plus_as_electron > 0 else 0.0,
    )


def _with(stream: Stream, **required: int) -> Stream:
    return replace(stream, requirement=stream.requirement._replace(**required))  # type: ignore[arg-type]
