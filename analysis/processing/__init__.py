"""The spine of every search: the seal, the processor, the histograms it fills."""
