"""What is there beside the decay: accidental signals, pileup, beam particles."""
