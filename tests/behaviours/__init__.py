"""What Herald promises about partner feeds, from a server's bytes to what would be posted."""
