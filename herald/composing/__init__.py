"""Deciding the words of each post: language, templates, counting, fitting, visibility. Pure."""
