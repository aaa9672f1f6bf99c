"""Sending, judging, settling and looking up."""
