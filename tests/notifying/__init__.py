"""Telling officers, against servers that speak what the real ones do."""
