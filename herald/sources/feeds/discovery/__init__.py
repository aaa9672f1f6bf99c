"""Finding the feeds of a site."""
