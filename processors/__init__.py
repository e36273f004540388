"""One file a channel: what is searched for, its cuts with their values, its histograms.

A channel file binds `SEARCHES`, a tuple of `analysis.search.Search`; it is found by being here.
"""

from analysis.channels import search, searches

__all__ = ["search", "searches"]
