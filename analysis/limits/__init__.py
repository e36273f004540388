"""Limits of the searches as `LimitRecord`s, from the published numbers or from histograms."""
