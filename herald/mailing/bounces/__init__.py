"""Mail that comes back: where to, whose it is, what it says, and what follows."""
