"""DKIM: signing what Herald sends, and verifying what came through a mail server (RFC 6376)."""
