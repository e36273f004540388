#!/usr/bin/env bash
# pdg 2026.0: the "exclusive" branching fractions of the K+ overlap, and one of them is negative.
#
# Behaviour: parts of a mode stand beside the whole (structure-dependent and direct emission, interference), with one
#   made-up decay product whose name is the whole text; an upper limit is a value like the others, but for `is_limit`.
# Seen: the measured fractions of the K+ sum to 1.0066; pi+ pi0 gamma (INT) has -4.24e-06; K+ --> e+ nu_e nu nubar
#   gives the value 6e-05, its limit.
# Guess: exclusive modes do not overlap; their sum is 1 or a little less, radiation included, and a fraction is
#   positive.
# Why it matters: a cocktail of decays made from the list counts radiative decays twice, and weights by a negative
#   number or by a limit.
# rarekaon has its own table of branching fractions, each with its source.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "pdg==2026.0"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys

import pdg

modes = {mode.description: mode for mode in pdg.connect().get_particle_by_name("K+").exclusive_branching_fractions()}
total = round(sum(mode.value for mode in modes.values() if not mode.is_limit), 4)
negative = {text: mode.value for text, mode in modes.items() if mode.value < 0}
part = modes["K+ --> pi+ pi0 gamma (DE)"]
limit = modes["K+ --> e+ nu_e nu nubar"]
print(len(modes), "modes; sum of the measured ones:", total)
print("negative:", negative)
print("decay products of", part.description, ":", [product.item.name for product in part.decay_products])
print("value of", limit.description, ":", limit.value, "is_limit", limit.is_limit)
seen = (total, negative, [product.item.name for product in part.decay_products], limit.value)
expected = (1.0066, {"K+ --> pi+ pi0 gamma (INT)": -4.24e-06}, ["pi+ pi0 gamma (DE)"], 6e-05)
sys.exit(0 if seen == expected else "the behaviour changed")
PY
