"""rarekaon: columnar searches for rare and forbidden kaon decays.

The three parts are folders at the top of the repository: `rarekaon.analysis`, `rarekaon.processors` and, without code,
`rarekaon.datasets`.
"""

__version__ = "0.1.0"
