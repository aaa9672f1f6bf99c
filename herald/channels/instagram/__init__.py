"""Publishes on an Instagram professional account."""
