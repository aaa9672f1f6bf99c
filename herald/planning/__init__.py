"""Deciding what goes out where and when. Pure: same input, same plan."""
