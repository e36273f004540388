"""Weights that undo downscalings: one function for one meaning, so that selections share what they look at."""

from rarekaon.analysis.search.channels import search
from rarekaon.analysis.selection.exposure_weight import exposure_of, prescale_of, product


def test_a_weight_asked_for_twice_is_the_same():
    assert prescale_of("MT") is prescale_of("MT") is not prescale_of("eMT")
    lines = (("MT",), ("minimum_bias",))
    weight = exposure_of(lines[0], relative_to=lines[1])
    assert weight is exposure_of(lines[0], relative_to=lines[1])
    assert product(weight, prescale_of("MT")) is product(weight, prescale_of("MT"))


def test_selections_of_a_single_muon_have_one_weight():
    selections = [s for name in ("mu_n", "mu_nu_nu_nu") for s in search(name, "2016-2018").selections]
    assert len({s.weight for s in selections}) == 1 < len(selections)
