"""Which decays and events belong to a stream."""
