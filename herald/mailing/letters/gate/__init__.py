"""The gate: no letter leaves that somebody could not read."""
