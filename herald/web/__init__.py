"""The public endpoints: health, and leaving a mailing list."""
