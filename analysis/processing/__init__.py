"""The spine of every search: the blinding, the processor, the histograms it fills."""
