"""What every part may know: units, particles, the event schema, the trigger lines."""
