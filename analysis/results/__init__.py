"""Records on disk and what made them."""
