"""Constants against the Particle Data Group's table, decays against conservation laws."""

import pytest
from particle import Particle as Reference

from rarekaon.analysis.contract import particles
from rarekaon.analysis.contract.particles import BY_PDG, PARTICLES, Decay, particle

TABULATED = ["K+", "K-", "pi+", "pi-", "pi0", "e-", "e+", "mu-", "mu+"]


@pytest.mark.parametrize("name", TABULATED)
def test_masses_and_charges_are_those_of_the_table(name):
    reference = Reference.from_pdgid(particle(name).pdg)
    assert particle(name).mass == pytest.approx(reference.mass, rel=1e-7)
    assert particle(name).charge == reference.charge


@pytest.mark.parametrize(("name", "ctau"), [("K+", "CTAU_K"), ("pi+", "CTAU_PI"), ("mu-", "CTAU_MU")])
def test_lifetimes_are_those_of_the_table(name, ctau):
    assert getattr(particles, ctau) == pytest.approx(Reference.from_pdgid(particle(name).pdg).ctau, rel=1e-6)


def test_antiparticles_mirror_particles():
    for p in PARTICLES.values():
        if -p.pdg in BY_PDG:
            anti = BY_PDG[-p.pdg]
            assert (anti.mass, anti.charge) == (p.mass, -p.charge)
            assert anti.lepton_numbers == tuple(-n for n in p.lepton_numbers)


@pytest.mark.parametrize(
    ("descriptor", "change"),
    [
        ("K+ -> pi- e+ e+", -2),
        ("K+ -> pi- mu+ mu+", -2),
        ("K+ -> pi- mu+ e+", -2),
        ("K+ -> pi+ e+ e-", 0),
        ("K+ -> mu+ nu_mu", 0),
        ("K+ -> pi+ pi- e+ nu_e", 0),
    ],
)
def test_lepton_numbers(descriptor, change):
    decay = Decay(descriptor)
    assert decay.charge_conserved
    assert sum(sum(p.lepton_numbers) for p in decay.products) == change


@pytest.mark.parametrize("text", ["K+ pi- e+", "K+ ->", "K+ -> pi- q", "-> pi+"])
def test_a_malformed_decay_is_refused(text):
    with pytest.raises(ValueError, match=r"write a decay like|write it like|unknown particle"):
        Decay(text)
