"""A short number for what an account says in one language: equal words have equal numbers.

It only finds candidates, among a million rows, for a comparison of the words themselves.
"""

from __future__ import annotations

import json
from hashlib import blake2b

from herald.model.delivery import Delivery

_BYTES = 8
"""As many as a database's integer holds."""


def said_by(delivery: Delivery) -> int:
    """Return the number of what *delivery* said or is to say."""
    text = (delivery.frozen or delivery.payload).text
    return said_number(delivery.channel, delivery.language, text)


def said_number(channel: str, language: str, text: str) -> int:
    """Return the number of *text* in *language* on *channel*."""
    spelled = "\0".join((channel, language, text))
    # a lone surrogate, which JSON escapes can bring in, has no UTF-8
    digest = blake2b(spelled.encode(errors="surrogatepass"), digest_size=_BYTES).digest()
    return int.from_bytes(digest, signed=True)


def said_hash(channel: str, language: str, payload: str) -> int:
    """Return the number of a payload as it is stored."""
    return said_number(channel, language, json.loads(payload)["text"])
