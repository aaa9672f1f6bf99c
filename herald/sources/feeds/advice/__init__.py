"""What a partner's web master is told."""
