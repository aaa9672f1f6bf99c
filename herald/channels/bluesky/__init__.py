"""Bluesky, and every personal data server (PDS) of the AT Protocol.

``settings``, ``facets``, ``record``, ``wire`` and ``finding`` decide and wait for nothing;
``asking`` carries one request; ``session`` signs in; ``channel`` puts them in order.
"""
