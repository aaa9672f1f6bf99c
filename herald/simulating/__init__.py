"""A network's year ahead, lived through in seconds: the real house on a clock that jumps.

Planning, reconciling, claiming, sending, looking up and settling are Herald's own. Simulated are
the clock, chance, the networks behind the channels, and what partners publish.
"""
