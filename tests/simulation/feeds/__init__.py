"""A year of two hundred partners' feeds, lived by dice on a clock that jumps."""
