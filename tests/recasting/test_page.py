"""What `docs/recasting.md` says is true."""

import doctest
from pathlib import Path

import yaml

from rarekaon.analysis.recasting.table import Table

PAGE = Path(__file__).resolve().parents[2] / "docs/recasting.md"


def test_examples_run():
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert result.attempted > 6
    assert result.failed == 0


def test_the_table_on_the_page_is_a_table():
    (block,) = (part.split("```")[0] for part in PAGE.read_text().split("```yaml")[1:])
    assert Table.model_validate(yaml.safe_load(block)).density == ((1.0, 0.0), (2.0, 5.0))
