"""Telling a webhook, signed after Standard Webhooks.

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

from herald.model.notice import Message, NotNow, Telling, Told
from herald.notifying.posting import request

_PREFIX = "whsec_"
_KEY_LEAST = 24
_KEY_MOST = 64


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


class ByWebhook:
    """Posts to one address."""

    def __init__(self, url: str, key: bytes) -> None:
        self._url = url
        self._key = key

    async def tell(self, message: Message, *, now: datetime) -> Telling:
        """Post the message's JSON; whoever knows its id already answers the same."""
        body = message.body.encode()
        timestamp = int(now.timestamp())
        answer = await request(
            "POST",
            self._url,
            body=body,
            headers={
                "Content-Type": "application/json",
                "User-Agent": "Herald",
                "webhook-id": message.id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(
                    self._key, name=message.id, timestamp=timestamp, body=body
                ),
            },
        )
        if isinstance(answer, NotNow):
            return answer
        if answer.is_success:
            return Told()
        if 300 <= answer.status < 400:
            return NotNow("it answers with another address, which is not followed: write that one")
        return NotNow(f"it answered {answer.status}", answer.retry_after)
