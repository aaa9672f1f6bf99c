"""Newsletters: lists, issues, messages, SMTP."""
