"""Who reads: lists, joining, leaving, preferences, and what is kept of a person."""
