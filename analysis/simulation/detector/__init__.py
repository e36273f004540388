"""The way of particles through the detector, and what each part of it answers."""
