"""One room on Matrix, by the client-server API of its homeserver (https://spec.matrix.org/latest/).

``settings``, ``event``, ``wire`` and ``finding`` decide and wait for nothing; ``channel`` puts them
in order and asks.
"""
