"""Sending what is due, once, and settling what came of it."""
