"""Benchmarks: ratios measured in one run, so that they mean something on any machine.

A module here offers `benchmarks() -> list[dict]`, each dict with

    name            what was measured
    ratio           measured time (or memory) over that of `to`, medians of interleaved repeats
    to              what it is compared with
    goal            the ratio wanted, and whether it is an upper or a lower bound, e.g. "<= 1.4"

and, where they apply, `events`, `user_seconds_per_million` and `peak_memory_mb`; others are kept as they are.
"""
