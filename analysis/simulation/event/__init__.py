"""One event: the loop over decays, the trigger, the record."""
