"""Signs calls after Standard Webhooks, for posts and for notices alike. Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: what is
signed is ``id.timestamp.body``; the id is the same at every try, by which a receiver knows a
repeat; the timestamp is that of the try, which receivers refuse when it is five minutes old.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from hashlib import sha256

_PREFIX = "whsec_"
_KEY_LEAST = 24
_KEY_MOST = 64

HOW_TO_MAKE_ONE = (
    "must be whsec_ and at least 24 bytes in Base64; openssl rand -base64 32 makes them"
)
"""For people, after the name of the variable."""


def signing_key(secret: str) -> bytes | None:
    """Return the key of a secret ``whsec_BASE64``; None for what is none."""
    if not secret.startswith(_PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if _KEY_LEAST <= len(key) <= _KEY_MOST else None


def signature(key: bytes, *, name: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``."""
    signed = f"{name}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def signed_headers(key: bytes, *, name: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows who calls, and what it has got already."""
    timestamp = int(now.timestamp())
    return {
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(key, name=name, timestamp=timestamp, body=body),
    }
