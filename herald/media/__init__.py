"""Pictures made ready for each network."""
