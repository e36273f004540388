"""Compiled code that reading and simulating share, and the one cache of everything compiled."""
