"""Makes the record of a post and its key, so that equal arguments give equal posts. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from herald.channels.bluesky.facets import facets
from herald.model.card import LinkCard
from herald.model.delivery import Payload
from herald.model.ids import DeliveryKey
from herald.model.words import EVERY

COLLECTION = "app.bsky.feed.post"
REPOSTS = "app.bsky.feed.repost"
_LANGUAGES_MOST = 3
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
    card: Mapping[str, Any] | None = None,
    mentions: Mapping[str, str],
    reply: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the record of a post.

    *blobs* are what the server has of the pictures of *payload* whose bytes are kept, in their
    order, *card* is shown where there are none; *mentions* are DIDs by handle; *reply* is what it
    says of the post that it answers.
    """
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": payload.text,
        "createdAt": spelled_moment(created_at),
    }
    if langs := _languages(payload):
        record["langs"] = list(langs)
    if reply:
        record["reply"] = dict(reply)
    if found := facets(payload.text, link=payload.link, mentions=mentions):
        record["facets"] = found
    if embed := _pictures(payload, blobs) or card:
        record["embed"] = dict(embed)
    return record


def is_same_post(record: object, wanted: Payload) -> bool:
    """Tell whether *record* says what *wanted* says: its text in its language.

    Facets, card and moment may differ: what a mention resolves to, and when a post was first sent,
    can change between two sends of one post.
    """
    if not isinstance(record, dict):
        return False
    langs = record.get("langs")
    told = tuple(langs) if isinstance(langs, list) else ()
    return record.get("text") == wanted.text and told == _languages(wanted)


def reply_to(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an answer says of the record *told* (``getRecord``); None if it is no record.

    The root of a thread is the one that the answered post names, or that post itself.
    """
    uri, cid, value = (told.get(name) for name in ("uri", "cid", "value"))
    if not (isinstance(uri, str) and isinstance(cid, str) and isinstance(value, dict)):
        return None
    parent = {"uri": uri, "cid": cid}
    own = value.get("reply")
    root = own.get("root") if isinstance(own, dict) else None
    return {"root": root if isinstance(root, dict) else parent, "parent": parent}


def repost_record(subject: Mapping[str, str], *, created_at: datetime) -> dict[str, Any]:
    """Return the record that shares the post *subject*, by URI and content."""
    return {"$type": REPOSTS, "subject": dict(subject), "createdAt": spelled_moment(created_at)}


def link_card(payload: Payload, card: LinkCard | None, thumb: Blob | None) -> dict[str, Any]:
    """Return the card of a post's link: what its page says, else what the post says of it."""
    site = urlsplit(payload.link).netloc.removeprefix("www.")
    external: dict[str, Any] = {
        "uri": payload.link,
        "title": (card.title if card else "") or payload.title or site,
        "description": card.description if card else "",
    }
    if thumb is not None:
        external["thumb"] = dict(thumb.ref)
    return {"$type": "app.bsky.embed.external", "external": external}


def spelled_moment(moment: datetime) -> str:
    """Return *moment* as Bluesky's own app writes it, to the millisecond."""
    spelled = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return spelled.replace("+00:00", "Z")


def _languages(payload: Payload) -> tuple[str, ...]:
    """Return the languages of a post, the main one first, as many as the network takes."""
    tags = (payload.language, *payload.also)
    spelled = (tag.replace("_", "-") for tag in tags if tag != EVERY)
    return tuple(dict.fromkeys(spelled))[:_LANGUAGES_MOST]


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


def _spelled(number: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
