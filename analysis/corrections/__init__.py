"""Particle identification measured from control samples: probabilities against momentum, in correctionlib files."""
