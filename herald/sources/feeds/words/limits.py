"""How much of a document is read at most."""

MOST_ENTRIES = 5_000
"""Entries of one document; the largest of 200 public feeds had 1,046."""

MOST_BYTES = 5 * 1024 * 1024
"""Of a document, unpacked."""
