"""From bytes to a feed, in processes that can be killed."""
