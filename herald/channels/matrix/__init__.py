"""One room on Matrix, by the client-server API of its homeserver (https://spec.matrix.org/latest/).

``settings``, ``event``, ``relations``, ``wire``, ``finding``, ``answered`` and ``examining`` decide
and wait for nothing; ``acting`` and ``channel`` put them in order and ask.
"""
