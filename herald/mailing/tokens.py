"""The words in a link that show who clicks: signed, unguessable, never too old."""

from __future__ import annotations

import hashlib
import hmac
import re

from itsdangerous import BadSignature, Signer

from herald.model.mailing import SubscriptionId

_LONGEST = 200
_ID = re.compile(r"[0-9a-f]{32}")
_PURPOSE = "herald.unsubscribe"
"""A signature for one purpose serves no other."""


def unsubscribe_token(subscription: SubscriptionId, key: bytes) -> str:
    """Return the token that stands in a subscriber's unsubscribe link; it never expires."""
    return _signer(key).sign(subscription).decode()


def read_token(token: str, key: bytes) -> SubscriptionId | None:
    """Return whose *token* it is, or None if this Herald has not signed it."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        signed = _signer(key).unsign(token).decode()
    except BadSignature:
        return None
    return SubscriptionId(signed) if _ID.fullmatch(signed) else None


def message_id(issue: str, subscription: SubscriptionId, domain: str, key: bytes) -> str:
    """Return the Message-ID of one recipient's copy: the same at every attempt."""
    place = f"message-id\n{issue}\n{subscription}".encode()
    return f"<{hmac.new(key, place, hashlib.sha256).hexdigest()[:40]}@{domain}>"


def _signer(key: bytes) -> Signer:
    return Signer(key, salt=_PURPOSE, key_derivation="hmac", digest_method=hashlib.sha256)
