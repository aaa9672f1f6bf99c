"""Partner feeds: fetched, parsed, identified."""
