"""rarekaon: columnar searches for rare and forbidden kaon decays."""

__version__ = "0.1.0"
