"""Which decays are drawn: generation, adaptive grids, what is worth tracking."""
