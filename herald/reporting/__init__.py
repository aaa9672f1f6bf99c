"""Telling people what happened and what will."""
