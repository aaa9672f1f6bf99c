"""The manual, and what writes its reference."""
