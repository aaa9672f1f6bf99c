"""What a letter says and looks like, from the plan to the public archive."""
