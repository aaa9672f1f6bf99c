"""Builds the event that a post is in a room. Pure.

A post is always one event, so that no crash can leave half of it or repeat half of it: a picture
carries the text as its caption (https://spec.matrix.org/latest/client-server-api/#media-captions).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from typing import Any

from herald.composing.entities import URL
from herald.model.delivery import Media, Payload
from herald.model.ids import DeliveryKey
from herald.model.picture import Picture
from herald.model.words import EVERY

MARK = "herald-heritage.delivery"
"""The field of an event that says which delivery it is; other programs ignore what they do not
know."""
EVENT_MOST = 65_536
"""Bytes of a whole event (https://spec.matrix.org/latest/client-server-api/#size-limits)."""
CONTENT_MOST = EVENT_MOST - 5_000
"""What is left when the server has added sender, signatures and the events before it."""
_PICTURE = "\U0001f5bc\ufe0f"
"""Stands before a description: a frame, in every language the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A picture on the server."""

    uri: str
    """``mxc://server/id``."""
    picture: Picture
    media: Media


def transaction_id(key: DeliveryKey) -> str:
    """Return the id under which a repeat is the same event to the server."""
    return f"herald-{key}"


def content_of(
    payload: Payload,
    *,
    key: DeliveryKey,
    picture: Uploaded | None = None,
    relation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of a post's ``m.room.message``; equal arguments, equal content.

    ``m.text``, as programs notify nobody of an ``m.notice``, show it pale, and bridges drop it; a
    picture could not be one anyway. Nobody is ever mentioned, a text with ``@room`` in it included
    (https://spec.matrix.org/latest/client-server-api/#user-and-room-mentions).
    """
    alt = picture.media.alt if picture else ""
    body = "\n\n".join(part for part in (payload.text, alt and f"{_PICTURE} {alt}") if part)
    language = "" if payload.language == EVERY else str(payload.language)
    content: dict[str, Any] = {
        "msgtype": "m.text",
        "body": body,
        "m.mentions": {},
        MARK: {"key": str(key), **({"language": language} if language else {})},
    }
    if picture:
        content |= _of_picture(picture)
    if relation:
        content["m.relates_to"] = dict(relation)
    formatted = {"format": "org.matrix.custom.html", "formatted_body": as_html(body, language)}
    # Without its second form a very long text is still whole.
    return content | formatted if size_of(content | formatted) <= CONTENT_MOST else content


def file_name(media: Media, picture: Picture) -> str:
    """Return what a picture is called: the original's name, with the ending of what it is now."""
    return f"{PurePosixPath(media.file).stem or 'picture'}{picture.ending}"


def is_too_large(content: dict[str, Any]) -> bool:
    """Tell whether no server takes an event with this *content*."""
    return size_of(content) > CONTENT_MOST


def spelled(content: dict[str, Any]) -> bytes:
    """Return the body of the request that sends *content*."""
    return json.dumps(content).encode()


def as_html(text: str, language: str) -> str:
    """Return *text* as HTML that says its *language*, where only links do something.

    The plain text is repeated to the letter: paragraphs, line breaks, nothing of it as markup.
    """
    told = f' lang="{escape(language)}"' if language else ""
    return "".join(f"<p{told}>{_lines(part)}</p>" for part in text.split("\n\n") if part)


def _lines(text: str) -> str:
    parts, end = [], 0
    for match in URL.finditer(text):
        link = match[0]
        if link.casefold().startswith(("https://", "http://")):
            shown = escape(link)
            parts += [escape(text[end : match.start()]), f'<a href="{shown}">{shown}</a>']
            end = match.end()
    return "".join([*parts, escape(text[end:])]).replace("\n", "<br>")


def _of_picture(picture: Uploaded) -> dict[str, Any]:
    there = picture.picture
    info: dict[str, Any] = {"mimetype": there.media_type, "size": len(there.content)}
    if there.width and there.height:
        # Programs keep this place free until the picture is there.
        info |= {"w": there.width, "h": there.height}
    return {
        "msgtype": "m.video" if there.is_video else "m.image",
        "filename": file_name(picture.media, there),
        "url": picture.uri,
        "info": info,
    }


def size_of(content: dict[str, Any]) -> int:
    """Return how many bytes *content* takes of an event, in canonical JSON."""
    return len(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            errors="surrogatepass"
        )
    )
