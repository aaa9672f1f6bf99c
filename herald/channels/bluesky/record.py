"""Makes the record of a post and its key, so that equal arguments give equal posts. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from herald.channels.bluesky.facets import facets
from herald.model.delivery import Payload
from herald.model.ids import DeliveryKey
from herald.model.words import EVERY

COLLECTION = "app.bsky.feed.post"
_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"
_LENGTH = 13
_CLOCK_BITS = 10
_FIRST = 1_672_531_200_000_000
"""Microseconds until 2023; the 46 bits of moment that are drawn reach 814 days further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A picture on the server."""

    ref: Mapping[str, Any]
    """As the server gave it."""
    width: int = 0
    """In pixels; 0 where nothing can tell."""
    height: int = 0


def record_key(key: DeliveryKey) -> str:
    """Return the id under which a delivery is posted, the same for ever.

    It has the shape of a TID (https://atproto.com/specs/tid), but all of it is drawn from the key:
    the moment in it lies between 2023 and 2025 and says nothing. Whatever else of a delivery can
    change between two sends, such as when it is due, would make a second id, and a second post.
    """
    drawn = int.from_bytes(hashlib.sha256(f"bluesky {key}".encode()).digest()[:7])
    return _spelled((_FIRST << _CLOCK_BITS) + drawn)


def post_record(
    payload: Payload,
    *,
    created_at: datetime,
    blobs: Sequence[Blob] = (),
    mentions: Mapping[str, str],
) -> dict[str, Any]:
    """Return the record of a post.

    *blobs* are what the server has of the pictures of *payload* whose bytes are kept, in their
    order; *mentions* are DIDs by handle.
    """
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": payload.text,
        "createdAt": spelled_moment(created_at),
    }
    if payload.language != EVERY:
        record["langs"] = [payload.language.replace("_", "-")]
    if found := facets(payload.text, link=payload.link, mentions=mentions):
        record["facets"] = found
    if embed := _pictures(payload, blobs) or _card(payload):
        record["embed"] = embed
    return record


def is_same_post(record: object, wanted: Payload) -> bool:
    """Tell whether *record* says what *wanted* says: its text in its language.

    Facets, card and moment may differ: what a mention resolves to, and when a post was first sent,
    can change between two sends of one post.
    """
    if not isinstance(record, dict):
        return False
    told = () if wanted.language == EVERY else (wanted.language.replace("_", "-"),)
    langs = record.get("langs")
    return record.get("text") == wanted.text and tuple(langs if langs is not None else ()) == told


def spelled_moment(moment: datetime) -> str:
    """Return *moment* as Bluesky's own app writes it, to the millisecond."""
    spelled = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return spelled.replace("+00:00", "Z")


def _pictures(payload: Payload, blobs: Sequence[Blob]) -> dict[str, Any]:
    kept = [media for media in payload.media if media.sha256]
    if not blobs:
        return {}
    images = [
        {"image": dict(blob.ref), "alt": media.alt, **_shape(blob)}
        for media, blob in zip(kept, blobs, strict=True)
    ]
    return {"$type": "app.bsky.embed.images", "images": images}


def _shape(blob: Blob) -> dict[str, Any]:
    """Return the place that apps keep free for a picture; without it they show a square of it."""
    if not (blob.width and blob.height):
        return {}
    return {"aspectRatio": {"width": blob.width, "height": blob.height}}


def _card(payload: Payload) -> dict[str, Any]:
    """Return the card of the post's link: the network fetches no page to make one."""
    if not payload.link.startswith(("https://", "http://")):
        return {}
    title = payload.title or urlsplit(payload.link).netloc.removeprefix("www.")
    external = {"uri": payload.link, "title": title, "description": ""}
    return {"$type": "app.bsky.embed.external", "external": external}


def _spelled(number: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
