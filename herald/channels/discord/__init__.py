"""Discord: one channel of a server, by a webhook.

``settings`` and ``wire`` decide and wait for nothing; ``channel`` asks.
"""
