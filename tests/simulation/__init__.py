"""Weeks of a small network's life on a clock that runs fast, and what must hold through them."""
