#!/usr/bin/env bash
# pdg 2026.0: the decays of an antiparticle are those of the particle, charges and all.
#
# Behaviour: branching fractions belong to the pair K+-; asked of the K-, the description and the decay products are
#   still those of the K+.
# Seen: the K- has charge -1 and each of its charged modes ends in +1: K- "decays" to mu+ nu_mu, to pi+ pi+ pi-.
# Guess: mu- nubar_mu and pi- pi- pi+, the charge conjugates, since the particle itself is the right one.
# Why it matters: who fills a decay table, or a list of backgrounds of a K- beam, from `decay_products` gets modes in
#   which charge and lepton number are not conserved.
# rarekaon has its own table of branching fractions of the K+, and a test that each simulated mode conserves charge.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "pdg==2026.0"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import pdg

kaon = pdg.connect().get_particle_by_mcid(-321)
seen = {}
for mode in kaon.exclusive_branching_fractions():
    products = [(product.item, product.multiplier) for product in mode.decay_products]
    if all(item.has_particle for item, _ in products):
        seen[mode.description] = sum(times * item.particle.charge for item, times in products)
print(kaon.name, "has charge", kaon.charge)
for description in ("K+ --> mu+ nu_mu", "K+ --> pi+ pi+ pi-"):
    print(f"one of its decays: {description}, of charge {seen[description]}")
conserved = [description for description, charge in seen.items() if charge == kaon.charge]
print(len(seen), "modes with all products known, of which conserve charge:", len(conserved))
sys.exit(0 if len(seen) > 30 and not conserved else "the behaviour changed")
PY
