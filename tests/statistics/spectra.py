"""A falling missing-mass background and a resolution that shrinks towards the end, for the peak-search tests."""

import numpy as np

from rarekaon.analysis.statistics.global_significance import BackgroundSpectrum


def resolution(masses):
    return np.interp(masses, [200.0, 384.0], [3.5, 1.0])


def background(events=40_000.0):
    edges = np.arange(188.0, 386.25, 0.5)
    middle = (edges[:-1] + edges[1:]) / 2
    shape = np.exp(-(middle - 188) / 70) * (1 - ((middle - 188) / 205) ** 4)
    return BackgroundSpectrum(edges, events * shape / shape.sum())


def toy(seed=1, events=40_000.0):
    return background(events).toy(np.random.default_rng(seed))
