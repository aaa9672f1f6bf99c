"""Reads a web address that is a secret as a whole: whoever knows it can post."""

from __future__ import annotations

from urllib.parse import urlsplit

from herald.channels.settings import server_address


def secret_address(value: str, *, like: str) -> tuple[str, str]:
    """Return scheme and host of the address *value*, and its path without a slash at the end.

    Raises ValueError in an editor's words, which never show the address; *like* is how one begins.
    Without TLS only a server on this machine may be asked.
    """
    value = value.strip()
    if not value.isascii() or any(not c.isprintable() or c == " " for c in value):
        raise ValueError(f"it has characters that no address has: copy it again ({like}...)")
    try:
        parts = urlsplit(value)
        origin = server_address(f"{parts.scheme}://{parts.netloc}", like=like)
    except ValueError:
        # The words of the cause may show the address, which is the secret.
        raise ValueError(f"it is no such address: copy it again ({like}...)") from None
    return origin, parts.path.rstrip("/")
