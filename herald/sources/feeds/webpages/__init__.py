"""Web pages, as far as they tell of feeds and events."""
