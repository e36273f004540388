"""What every part may know: units, particles, intervals, the event schema, the trigger lines."""
