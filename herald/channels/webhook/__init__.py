"""A program of one's own that publishes what Herald sends it, signed after Standard Webhooks.

``settings``, ``event`` and ``wire`` decide and wait for nothing; ``channel`` puts them in order.
What a receiver must do stands in docs/how-to/connect-webhook.md.
"""
