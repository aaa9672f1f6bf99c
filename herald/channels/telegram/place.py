"""Where a post stands on Telegram, as it is kept: ``CHAT/ID``, or ``CHAT/photo/ID+ID``. Pure.

An album is several messages, whose first one bears the caption; text and caption are edited by
different methods. So what is kept says all that a correction must know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from herald.model.delivery import Receipt

_KEPT = re.compile(r"(-?\d+)/(photo/)?(\d+(?:\+\d+)*)")
_SUPERGROUPS = -1_000_000_000_000
"""The numbers of channels and supergroups lie below it; links name how far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """The messages that are one post."""

    chat: int
    ids: tuple[int, ...]
    captioned: bool
    """Its words stand under a picture."""


def receipt_of(result: object) -> Receipt | None:
    """Return what is kept of a message, or of an album's; None when *result* is neither."""
    messages: list[Any] = result if isinstance(result, list) else [result]
    if not messages or not all(_is_message(message) for message in messages):
        return None
    chat, first = messages[0]["chat"], messages[0]["message_id"]
    ids = "+".join(str(message["message_id"]) for message in messages)
    captioned = "photo/" if messages[0].keys() & {"photo", "video"} else ""
    return Receipt(remote_id=f"{chat['id']}/{captioned}{ids}", url=_url(chat, first))


def stands_at(remote_id: str) -> Stands | None:
    """Return where the post of a receipt stands; None when it is no receipt of Telegram's."""
    kept = _KEPT.fullmatch(remote_id)
    if kept is None:
        return None
    ids = tuple(int(one) for one in kept[3].split("+"))
    return Stands(chat=int(kept[1]), ids=ids, captioned=kept[2] is not None)


def _is_message(message: object) -> bool:
    if not isinstance(message, dict) or type(message.get("message_id")) is not int:
        return False
    chat = message.get("chat")
    return isinstance(chat, dict) and type(chat.get("id")) is int


def _url(chat: dict[str, Any], message: int) -> str:
    """Return the post's address; members alone can follow that of a private channel."""
    name = chat.get("username")
    if isinstance(name, str) and name.isascii() and name.replace("_", "").isalnum():
        return f"https://t.me/{name}/{message}"
    if chat["id"] < _SUPERGROUPS:
        return f"https://t.me/c/{_SUPERGROUPS - chat['id']}/{message}"
    return ""
