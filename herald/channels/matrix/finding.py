"""Reads a room back, to see whether a post arrived. Pure: the pages are given.

Absent is said only when the room was read back beyond the first send, and showed that it was there
before: a room that took another one's place shows nothing of what was sent to the old one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, server_time
from herald.channels.matrix.event import MARK
from herald.channels.matrix.wire import receipt_of, refuses_account
from herald.model.delivery import Absent, CannotTell, Claim, Found, Receipt, Sighting
from herald.model.ids import DeliveryKey

A_PAGE = 100
PAGES_MOST = 50
PAGE_BYTES_MOST = 8_000_000
"""A page of the largest events has 6.5 million."""
WANTED = json.dumps({"types": ["m.room.message", "m.room.create", "m.room.member"]})
"""Messages, and what shows since when there is something to be seen."""
_BEFORE = timedelta(seconds=60)
"""So much earlier than the first send an event may be dated."""
_CLOCKS_AGREE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for, in which room, by whom, and since when it may be there."""

    key: DeliveryKey
    room: str
    via: str
    user: str
    since: datetime
    """On the server's clock, with some time to spare."""
    there_by: datetime
    """Something in the room must be older than this, if it is the room that was sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of the room, as far as it matters here."""

    id: str
    type: str
    sender: str
    sent_at: datetime
    key: str
    is_emptied: bool
    """Somebody deleted it, and its content is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events, newest first, and where the next page begins; empty on the last."""

    events: tuple[Event, ...]
    next: str


def sought_by(
    claim: Claim, *, room: str, via: str, user: str, answer: Answer, now: datetime
) -> Sought:
    """Return what a claim's send would have left; *answer* shows what the server's clock says."""
    first = claim.delivery.first_send_at or claim.delivery.due_at
    there = server_time(answer)
    ahead = timedelta(0) if there is None else there - now
    if abs(ahead) <= _CLOCKS_AGREE:
        ahead = timedelta(0)
    return Sought(
        key=claim.delivery.key,
        room=room,
        via=via,
        user=user,
        # A server's clock that is behind shows the post early; one that is ahead rules out nothing.
        since=first + min(ahead, timedelta(0)) - _BEFORE,
        there_by=first + ahead + _CLOCKS_AGREE,
    )


class Search:
    """What the pages read so far say."""

    def __init__(self, sought: Sought) -> None:
        self._sought = sought
        self._doubt: CannotTell | None = None
        self._was_there = False
        self._starts: set[str] = set()

    def add(self, page: Page) -> Sighting | None:
        """Take the next page; return what is known then, None when another page must be read."""
        sought = self._sought
        for event in page.events:
            self._was_there = self._was_there or event.sent_at <= sought.there_by
            match _judge(event, sought):
                case Receipt() as receipt:
                    return Found(receipt)
                case CannotTell() as unsure:
                    self._doubt = unsure
        if page.events and page.events[-1].sent_at < sought.since:
            return self._doubt or Absent()
        if not page.next:
            return self._at_the_end()
        if page.next in self._starts:
            return CannotTell("the server shows the same page of the room again and again")
        self._starts.add(page.next)
        return None

    def _at_the_end(self) -> Sighting:
        if self._doubt or self._was_there:
            return self._doubt or Absent()
        return CannotTell(
            "the room shows nothing from before the post was sent, so it may have gone to the room"
            " that was there before: look yourself"
        )


def read_user(answer: Answer | NoAnswer) -> str:
    """Return whose token it is; empty when the server does not say."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return ""
    user = answer.read_object().get("user_id")
    return user if isinstance(user, str) and user.startswith("@") else ""


def read_page(answer: Answer | NoAnswer) -> Page | None:
    """Return a page of the room; None when it is none, or an event of it cannot be read."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return None
    told = answer.read_object()
    chunk, end = told.get("chunk"), told.get("end", "")
    if not isinstance(chunk, list) or not isinstance(end, str):
        return None
    events = tuple(_event(values) for values in chunk)
    sound = tuple(event for event in events if event is not None)
    return Page(events=sound, next=end) if len(sound) == len(events) else None


def cannot_tell(answer: Answer | NoAnswer) -> CannotTell:
    """Say why the room cannot be read, and whether asking later may help."""
    if isinstance(answer, NoAnswer):
        return CannotTell(f"the room cannot be read: {answer.why}", again=True)
    why = f"the room cannot be read: the server answered {answer.status}"
    if answer.status == 429:
        return CannotTell(why, again=True)
    if refuses_account(answer):
        return CannotTell("the server does not let this token read the room: is it still in it?")
    return CannotTell(why, again=answer.status >= 500 or answer.is_good)


def _judge(event: Event, sought: Sought) -> Receipt | CannotTell | None:
    """Return the receipt if *event* is what is sought, a doubt if it may be, None if it is not."""
    if event.type != "m.room.message":
        return None
    if event.key == sought.key:
        receipt = receipt_of(sought.room, event.id, via=sought.via)
        if event.sender == sought.user:
            return receipt
        return CannotTell(f"{event.sender} has posted it, or copied it: look at {receipt.url}")
    if event.is_emptied and event.sender == sought.user and event.sent_at >= sought.since:
        return CannotTell("somebody deleted a message of this user since: look whether it was this")
    return None


def _event(values: Any) -> Event | None:
    if not isinstance(values, dict):
        return None
    told = [values.get(name) for name in ("event_id", "type", "sender", "origin_server_ts")]
    match told:
        case [str(id_), str(kind), str(sender), int(stamp)] if 0 <= stamp < 10**14:
            content = values.get("content")
            content = content if isinstance(content, dict) else {}
            mark = content.get(MARK)
            key = mark.get("key") if isinstance(mark, dict) else None
            return Event(
                id=id_,
                type=kind,
                sender=sender,
                sent_at=datetime.fromtimestamp(stamp / 1000, UTC),
                key=key if isinstance(key, str) else "",
                is_emptied="msgtype" not in content,
            )
    return None
