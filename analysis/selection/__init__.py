"""Reusable requirements: identification rules and the quantities that selections cut on."""
