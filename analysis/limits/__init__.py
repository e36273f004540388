"""Limits of the searches as `LimitRecord`s, from the printed numbers or from histograms."""
