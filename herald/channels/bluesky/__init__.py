"""Bluesky, and every personal data server (PDS) of the AT Protocol.

``settings``, ``facets``, ``record``, ``links``, ``wire``, ``finding``, ``answered`` and
``examining`` decide and wait for nothing; ``asking`` builds requests; ``session`` signs in and
asks; ``acting`` and ``channel`` put them in order.
"""
