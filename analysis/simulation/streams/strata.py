"""Strata: parts of a stream that are sampled apart, because different rare responses lead to them.

Every event of the stream is in one stratum, by what is recorded of it; so the samples of the strata together are one of
the stream, whatever is drawn more often in each.
"""

from __future__ import annotations

from dataclasses import replace

from rarekaon.analysis.simulation.detector.particle_response import Bias
from rarekaon.analysis.simulation.detector.transport import PHOTON
from rarekaon.analysis.simulation.streams.requirements import Stream

PION_AS_POSITRON = 0.9
"""Probability to draw a positive pion as a positron with, where two positrons are wanted."""
FORCED_DECAYS = 4.0
"""How many times as often pions decay there, if a negative one may become the muon beside them."""
NEGATIVE_PION = -211


def strata(stream: Stream, bias: Bias, pdg: tuple[int, ...]) -> tuple[tuple[Stream, Bias], ...]:
    """The strata of a stream, each with its own bias. `bias` is the one of the stream as a whole.

    A stream of electron pairs has two: with two positive electron-like tracks, and without. A stream that asks for
    no photon has two strata of a decay with one photon: the photon lies beside a track in the calorimeter, or it is
    missed. Of a decay with two photons there is one stratum: both are missed. Decays with one photon beside a track
    and the other one missed are too rare to be unweighted, and samples drawn from strata leave them out.
    """
    if stream.requirement.no_extra_activity and PHOTON in pdg:
        signs = (1, -1) if pdg.count(PHOTON) == 1 else (-1,)
        return tuple((_with(stream, beside=sign), bias) for sign in signs)
    if stream.requirement.electrons < 2:
        return ((stream, bias),)
    positive = bias
    if bias.pi_plus_as_electron > 0:
        forced = FORCED_DECAYS if NEGATIVE_PION in pdg else bias.forced_pion_decays
        positive = bias._replace(
            pi_plus_as_electron=PION_AS_POSITRON, pi_minus_as_electron=0.0, forced_pion_decays=forced
        )
    return (
        (_with(stream, positrons=1), positive),
        (_with(stream, positrons=-1), bias),
    )


def _with(stream: Stream, **required: int) -> Stream:
    return replace(stream, requirement=stream.requirement._replace(**required))  # type: ignore[arg-type]
