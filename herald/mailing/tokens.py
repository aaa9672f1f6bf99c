"""The words in a link that show who clicks: signed, unguessable, never too old."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache

from itsdangerous import BadSignature, Signer

from herald.model.joining import SignUpId
from herald.model.mailing import SubscriptionId
from herald.model.preferences import LinkId

_LONGEST = 200
_ID = re.compile(r"[0-9a-f]{32}")
_LEAVING = "herald.unsubscribe"
_JOINING = "herald.confirm"
_PREFERRING = "herald.preferences"
_OWNING = "herald.owner"
"""A signature for one purpose serves no other."""


def unsubscribe_token(subscription: SubscriptionId, key: bytes) -> str:
    """Return the token that stands in a subscriber's unsubscribe link; it never expires."""
    return _signer(key, _LEAVING).sign(subscription).decode()


def read_token(token: str, key: bytes) -> SubscriptionId | None:
    """Return whose *token* it is, or None if this Herald has not signed it."""
    signed = _signed(token, key, _LEAVING)
    return SubscriptionId(signed) if signed is not None else None


def preferences_token(subscription: SubscriptionId, key: bytes) -> str:
    """Return the token of the link in a letter to its reader's preferences; it never expires."""
    return _signer(key, _PREFERRING).sign(subscription).decode()


def read_preferences_token(token: str, key: bytes) -> SubscriptionId | None:
    """Return whose *token* it is, or None if this Herald has not signed it for preferences."""
    signed = _signed(token, key, _PREFERRING)
    return SubscriptionId(signed) if signed is not None else None


def owner_token(link: LinkId, key: bytes) -> str:
    """Return the token of a link that its owner asked for; the link's row says how long."""
    return _signer(key, _OWNING).sign(link).decode()


def read_owner_token(token: str, key: bytes) -> LinkId | None:
    """Return which link's *token* it is, or None if this Herald has not signed it as such."""
    signed = _signed(token, key, _OWNING)
    return LinkId(signed) if signed is not None else None


def confirm_token(request: SignUpId, key: bytes) -> str:
    """Return the token of the link that confirms a request; the request's row says how long."""
    return _signer(key, _JOINING).sign(request).decode()


def read_confirm_token(token: str, key: bytes) -> SignUpId | None:
    """Return whose *token* it is, or None if this Herald has not signed it for confirming."""
    signed = _signed(token, key, _JOINING)
    return SignUpId(signed) if signed is not None else None


def message_id(issue: str, subscription: SubscriptionId, domain: str, key: bytes) -> str:
    """Return the Message-ID of one recipient's copy: the same at every attempt."""
    place = f"message-id\n{issue}\n{subscription}".encode()
    return f"<{hmac.digest(key, place, 'sha256').hex()[:40]}@{domain}>"


def _signed(token: str, key: bytes, purpose: str) -> str | None:
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        signed = _signer(key, purpose).unsign(token).decode()
    except BadSignature:
        return None
    return signed if _ID.fullmatch(signed) else None


@lru_cache(maxsize=8)
def _signer(key: bytes, purpose: str) -> Signer:
    """Return who signs for one purpose; its key is derived once, not for every letter."""
    derived = hmac.digest(key, purpose.encode(), "sha256")
    return Signer(derived, key_derivation="none", digest_method=hashlib.sha256)
