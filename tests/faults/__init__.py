"""What is left after processes were killed: nothing twice, nothing lost."""
