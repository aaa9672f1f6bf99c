"""Handing letters to a mail server: each copy once, through any crash."""
