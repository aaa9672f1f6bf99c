"""Reads what people in the room write to Herald's user. Pure: the pages are given."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from herald.channels.answer import Answer
from herald.channels.markup import plain_text
from herald.channels.matrix.wire import receipt_of
from herald.composing.cleaning import clean
from herald.model.account import Reply

WANTED = json.dumps({"types": ["m.room.message"]})
_QUOTED = re.compile(r"\A(?:> [^\n]*\n)+\n?")
"""How programs once repeated, in plain text, what a message answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody said in the room."""

    id: str
    sender: str
    at: datetime
    text: str
    answers: str
    """The event that it answers, or whose thread it is in; empty for neither."""
    mentions: bool
    """It names the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was said, newest first, and where the next page begins; empty on the last."""

    messages: tuple[Message, ...]
    next: str


def read_page(answer: Answer, *, user: str) -> Page | None:
    """Return a page of what was said; None when it is none. *user* is Herald's own."""
    told = answer.read_object() if answer.is_good else {}
    chunk, end = told.get("chunk"), told.get("end", "")
    if not isinstance(chunk, list) or not isinstance(end, str):
        return None
    read = (_message(values, user) for values in chunk)
    return Page(messages=tuple(one for one in read if one is not None), next=end)


def reply_of(message: Message, *, room: str, via: str, to_own: bool) -> Reply:
    """Return *message* as it is told; *to_own* if what it answers is the user's own."""
    return Reply(
        id=message.id,
        author=message.sender,
        text=message.text,
        url=receipt_of(room, message.id, via=via).url,
        at=message.at,
        answers=message.answers if to_own else "",
    )


def sender_of(answer: Answer) -> str:
    """Return who sent the event in *answer*; empty when it holds none."""
    sender = answer.read_object().get("sender") if answer.is_good else None
    return sender if isinstance(sender, str) else ""


def _message(values: Any, user: str) -> Message | None:
    if not isinstance(values, dict) or not isinstance(values.get("content"), dict):
        return None
    content, stamp = values["content"], values.get("origin_server_ts")
    id_, sender, body = values.get("event_id"), values.get("sender"), content.get("body")
    if not (isinstance(id_, str) and isinstance(sender, str) and isinstance(body, str)):
        return None
    if type(stamp) is not int or not 0 <= stamp < 10**14:
        return None
    relation = _table(content, "m.relates_to")
    if relation.get("rel_type") == "m.replace":
        return None  # what it says in the end is not read, only what it said at first
    formatted = content.get("formatted_body")
    answers = _answers(relation)
    return Message(
        id=id_,
        sender=sender,
        at=datetime.fromtimestamp(stamp / 1000, UTC),
        text=_text(body, formatted, is_answer=bool(answers)),
        answers=answers,
        mentions=_names(content, user, f"{body} {formatted}"),
    )


def _answers(relation: dict[str, Any]) -> str:
    replied = _table(relation, "m.in_reply_to").get("event_id")
    if isinstance(replied, str) and not relation.get("is_falling_back"):
        return replied
    root = relation.get("event_id") if relation.get("rel_type") == "m.thread" else replied
    return root if isinstance(root, str) else ""


def _names(content: dict[str, Any], user: str, written: str) -> bool:
    """Tell whether *user* is mentioned; what tells nothing of mentions is searched for the name."""
    mentions = content.get("m.mentions")
    if isinstance(mentions, dict):
        named = mentions.get("user_ids")
        return isinstance(named, list) and user in named
    return user in written or quote(user) in written


def _text(body: str, formatted: object, *, is_answer: bool) -> str:
    if isinstance(formatted, str) and formatted:
        return plain_text(formatted)
    return clean(_QUOTED.sub("", body) if is_answer else body)


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}
