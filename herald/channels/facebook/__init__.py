"""Publishes on a Facebook Page."""
