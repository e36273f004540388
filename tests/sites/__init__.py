"""Real services for tests: a one-node SLURM, servers of files; and stand-ins for what no package registry has.

Everything listens on loopback, keeps its files in a folder of its own and ends with the test that started it.
"""
