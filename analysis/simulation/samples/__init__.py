"""Whole samples: blocks, weighted samples, pseudo-data, files."""
