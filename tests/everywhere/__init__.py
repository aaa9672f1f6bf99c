"""What holds on every network alike."""
