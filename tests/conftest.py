"""Settings that hold for all tests."""

from hypothesis import settings

# The first call of a kernel may load or compile it: how long an example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
