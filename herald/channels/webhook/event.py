"""Builds what a webhook is told about a post. Pure.

The frame (type, timestamp, data) is that of Standard Webhooks; docs/how-to/connect-webhook.md says
what stands in it. A repeat is told the same to the byte, as long as its pictures stay where they
are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from herald.model.delivery import Claim, Media, Payload, Receipt
from herald.model.ids import DeliveryKey
from herald.model.picture import Picture
from herald.model.words import EVERY

TYPE = "herald.post"
"""The type of every call of a channel; those of notices are ``herald.alert`` and others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture as the receiver gets it."""

    media: Media
    picture: Picture | None = None
    """What is sent; None where only the address of the original is known."""
    address: str = ""
    """Where everybody can fetch it; without one its bytes are in the call itself."""


def event_of(claim: Claim, pictures: Sequence[Shown] = ()) -> bytes:
    """Return the body of the call."""
    delivery, payload = claim.delivery, claim.payload
    data = {
        "id": delivery.key,
        "action": delivery.action.value,
        "text": payload.text,
        "title": payload.title,
        "link": payload.link,
        "language": _tag(payload),
        "languages": [tag for tag in (_tag(payload), *payload.also) if tag],
        "media": [_picture(shown) for shown in pictures],
        "target": _post(delivery.target, claim.target),
        "thread": _post(delivery.thread, claim.root),
        "part": delivery.part,
        "channel": delivery.channel,
        "campaign": delivery.campaign,
        "item": delivery.item,
        "occasion": delivery.occasion,
        "partner": delivery.partner,
        "due_at": _spelled(delivery.due_at),
    }
    frame = {
        "type": TYPE,
        # Of the first try: the header has the moment of this one.
        "timestamp": _spelled(delivery.first_send_at or delivery.due_at),
        "data": data,
    }
    return json.dumps(frame).encode()


def _tag(payload: Payload) -> str | None:
    return None if payload.language == EVERY else payload.language


def _post(key: DeliveryKey | None, receipt: Receipt | None) -> dict[str, str] | None:
    """Return how an earlier post is named to the receiver: by our id for it, and by its own."""
    if key is None or receipt is None:
        return None
    return {"id": key, "remote_id": receipt.remote_id, "url": receipt.url}


def _picture(shown: Shown) -> dict[str, Any]:
    media, picture = shown.media, shown.picture
    told: dict[str, Any] = {
        "alt": media.alt,
        "credit": media.credit,
        "licence": media.licence,
    }
    if picture is None:
        return {"url": media.url, "media_type": media.media_type or None, **told}
    return {
        **({"url": shown.address} if shown.address else {"data": _as_text(picture.content)}),
        "media_type": picture.media_type,
        "sha256": picture.sha256,
        "width": picture.width or None,
        "height": picture.height or None,
        **told,
    }


def _as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
