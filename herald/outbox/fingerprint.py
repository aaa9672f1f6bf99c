"""Short names for what must be told apart: a payload's content, a set of withdrawals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from herald.model.delivery import Payload
from herald.model.ids import DeliveryKey

_DIGITS = 12
"""Hexadecimal digits that a person may have to type; 48 bits."""


def payload_fingerprint(payload: Payload) -> str:
    """Return a name for what *payload* shows: its words, link and pictures, not its counts."""
    pictures = [(each.file, each.url, each.alt, each.sha256) for each in payload.media]
    return _hash([payload.text, payload.title, payload.link, payload.language, pictures])


def withdrawal_hash(keys: Iterable[DeliveryKey]) -> str:
    """Return the hash by which a person confirms that exactly *keys* are withdrawn."""
    return _hash(sorted(keys))


def _hash(value: object) -> str:
    spelled = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # a lone surrogate, which JSON escapes can bring in, has no UTF-8
    return hashlib.sha256(spelled.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
