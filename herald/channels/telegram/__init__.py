"""Telegram: channels and groups, by a bot (https://core.telegram.org/bots/api).

``settings``, ``place`` and ``wire`` decide and wait for nothing; ``channel`` asks.
"""
