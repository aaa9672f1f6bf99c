"""What Facebook, Instagram and Threads share: how one asks Meta's Graph, and what it answers."""
