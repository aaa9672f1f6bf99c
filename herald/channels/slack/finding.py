"""Finds a post among the messages of a channel, by the mark that it bears. Pure.

The mark is the message's metadata, which programs see and people do not
(https://docs.slack.dev/messaging/message-metadata). The moments of messages are on Slack's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, server_time
from herald.channels.slack.wire import Stands, error_of, is_done
from herald.model.delivery import CannotTell, Payload
from herald.model.ids import DeliveryKey
from herald.model.words import EVERY

MARK = "herald_delivery"
"""The kind of metadata that says which delivery a message is."""
A_PAGE = 200
PAGES_MOST = 25
_EARLIER = timedelta(minutes=10)
"""So much before its first send a post is looked for, for clocks that are not quite right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some messages of a channel, the newest first; or of a thread, the oldest first."""

    messages: tuple[dict[str, Any], ...]
    next: str
    """Where the next page begins; '' after the last one."""


def mark(key: DeliveryKey, payload: Payload) -> dict[str, Any]:
    """Return the metadata of a post."""
    said = {"key": str(key)}
    if payload.language != EVERY:
        said["language"] = str(payload.language)
    return {"event_type": MARK, "event_payload": said}


def read_page(answer: Answer | NoAnswer) -> Page | None:
    """Return a page of messages; None when *answer* is none."""
    if isinstance(answer, NoAnswer) or not is_done(answer):
        return None
    told = answer.read_object()
    messages, about = told.get("messages"), told.get("response_metadata")
    if not isinstance(messages, list):
        return None
    cursor = about.get("next_cursor") if isinstance(about, dict) else ""
    if told.get("has_more") is True and not cursor:
        return None  # there is more, and no way to it
    return Page(
        messages=tuple(one for one in messages if isinstance(one, dict)), next=str(cursor or "")
    )


def find(page: Page, key: DeliveryKey, *, channel: str, root: str) -> Stands | None:
    """Return where the post *key* is among the messages of *page*."""
    for message in page.messages:
        metadata = message.get("metadata")
        said = metadata.get("event_payload") if isinstance(metadata, dict) else None
        if isinstance(said, dict) and said.get("key") == key and isinstance(message["ts"], str):
            return Stands(channel=channel, ts=message["ts"], root=root)
    return None


def earliest(answer: Answer, *, first_send_at: datetime, now: datetime) -> datetime:
    """Return the moment on Slack's clock before which the post cannot be."""
    ahead = max(now - (server_time(answer) or now), timedelta(0))
    return first_send_at - ahead - _EARLIER


def reaches(page: Page, moment: datetime) -> bool:
    """Tell whether a page of a channel goes back to before *moment*, or to its beginning."""
    if not page.next:
        return True
    return any(_seconds(message) < moment.timestamp() for message in page.messages)


def cannot_tell(answer: Answer | NoAnswer) -> CannotTell:
    """Say why a channel could not be read, and whether asking later may help."""
    if isinstance(answer, NoAnswer):
        return CannotTell(f"the channel cannot be read: {answer.why}", again=True)
    said = error_of(answer)
    waits = answer.status == 429 or answer.status >= 500 or said in {"ratelimited", "fatal_error"}
    again = waits or said in {"internal_error", "service_unavailable", "request_timeout", ""}
    why = f"the channel cannot be read ({answer.status}{f', {said}' if said else ''})"
    return CannotTell(why, again)


def _seconds(message: dict[str, Any]) -> float:
    try:
        return float(message.get("ts", ""))
    except (TypeError, ValueError):
        return float("inf")
