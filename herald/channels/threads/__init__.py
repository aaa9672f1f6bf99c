"""Publishes on a Threads profile."""
