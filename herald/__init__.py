"""Herald schedules and amplifies what heritage networks say, in every language they speak."""

__version__ = "0.1.0"
