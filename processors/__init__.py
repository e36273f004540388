"""One file a channel: what is searched for, its cuts with their values, its histograms.

A channel file binds `SEARCHES`, a tuple of `search.declaration.Search`; it is found by being here.
"""

from rarekaon.analysis.search.channels import search, searches

__all__ = ["search", "searches"]
