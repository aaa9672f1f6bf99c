"""Says what an event answers, changes or deletes, and reads whether that is still there. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request
from herald.channels.matrix.event import (
    CONTENT_MOST,
    MARK,
    size_of,
)
from herald.channels.matrix.wire import code_of, room_address
from herald.model.ids import DeliveryKey

_FALLBACK_MOST = 1_000
"""Characters of an edit that programs show which know no edits."""


def answering(target: str, *, root: str = "") -> dict[str, Any]:
    """Return the relation of an answer to the event *target*, in the thread of *root* if any.

    The parts of a thread stand beside the room's talk; a single answer stands in it
    (https://spec.matrix.org/latest/client-server-api/#threading).
    """
    reply = {"m.in_reply_to": {"event_id": target}}
    if not root:
        return reply
    # Programs that know no threads show it as an answer to the part before.
    return {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, **reply}


def editing(
    content: dict[str, Any], *, target: str, key: DeliveryKey, original: DeliveryKey | None
) -> dict[str, Any]:
    """Return the content of the event that puts *content* in place of the event *target*'s.

    It bears the mark of its own delivery, *key*, by which it is found; what is shown keeps the mark
    of the *original* (https://spec.matrix.org/latest/client-server-api/#event-replacements).
    """
    mark = content[MARK]
    shown = content | {MARK: mark | {"key": str(original or key)}}
    edit = {
        "msgtype": "m.text",
        "body": f"* {content['body'][:_FALLBACK_MOST]}",
        "m.mentions": {},
        MARK: mark | {"key": str(key)},
        "m.new_content": shown,
        "m.relates_to": {"rel_type": "m.replace", "event_id": target},
    }
    if size_of(edit) > CONTENT_MOST:
        plain = {k: v for k, v in shown.items() if k not in {"format", "formatted_body"}}
        edit["m.new_content"] = plain
    return edit


def read_event(server: str, room: str, event: str) -> Request:
    """Return the request for one event."""
    address = f"{room_address(server, room)}/event/{quote(event, safe='')}"
    return Request(method="GET", address=address)


def read_edits(server: str, room: str, event: str) -> Request:
    """Return the request for the edits of an event, of which a hundred are more than enough."""
    where = f"{quote(room, safe='')}/relations/{quote(event, safe='')}/m.replace"
    address = f"{server}/_matrix/client/v1/rooms/{where}"
    return Request(method="GET", address=address, query={"limit": "100"})


def redact(server: str, room: str, event: str, *, transaction: str) -> Request:
    """Return the request that deletes an event; under the same *transaction* a repeat is none."""
    where = f"{quote(event, safe='')}/{quote(transaction, safe='')}"
    address = f"{room_address(server, room)}/redact/{where}"
    return Request(method="PUT", address=address, body=b"{}")


def is_gone(answer: Answer | NoAnswer) -> bool:
    """Tell whether an event is not there, or was deleted and is empty."""
    if isinstance(answer, NoAnswer):
        return False
    if answer.status == 404:
        return code_of(answer) == "M_NOT_FOUND"
    told = answer.read_object() if answer.is_good else {}
    return "event_id" in told and not told.get("content")


def is_there(answer: Answer | NoAnswer) -> bool:
    """Tell whether *answer* shows an event with something in it."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    return "event_id" in told and bool(told.get("content"))


def edits_in(answer: Answer | NoAnswer) -> tuple[str, ...] | None:
    """Return the ids of the edits that are not deleted; None when *answer* does not tell."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    chunk = told.get("chunk")
    if not isinstance(chunk, list):
        return None
    return tuple(
        str(one["event_id"])
        for one in chunk
        if isinstance(one, dict) and one.get("content") and isinstance(one.get("event_id"), str)
    )
