"""Which entries are one piece of news."""
