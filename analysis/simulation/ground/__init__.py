"""What the whole simulation stands on: constants, draws, buffers, the beam."""
