"""The same tests on every implementation of a port."""
