"""Reads an account's own statuses back, to see whether a post arrived. Blocking, changes nothing.

Absent is said only when every page back to the moment of the first send was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, parse_moment, server_time
from herald.channels.mastodon.likeness import Likeness, compare_content, could_be_in, is_source
from herald.channels.mastodon.limits import keeps_language
from herald.channels.mastodon.reading import Conversation
from herald.channels.mastodon.wire import receipt_of, refuses_token
from herald.model.delivery import Absent, CannotTell, Claim, Found, Receipt, Sighting
from herald.model.ids import Language

_BEFORE = timedelta(seconds=60)
"""So much earlier than the first send a status may be dated, as clocks differ."""
_CLOCKS_AGREE = timedelta(seconds=5)
_PAGES_MOST = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for, and since when it may be there."""

    text: str
    language: Language
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status of the account, as far as it matters here."""

    receipt: Receipt
    created_at: datetime
    content: str
    language: object
    is_reblog: bool


def sought_by(claim: Claim) -> Sought:
    """Return what a claim's send would have left; without a send on record, since it was due."""
    delivery = claim.delivery
    first = delivery.first_send_at or delivery.due_at
    return Sought(text=claim.payload.text, language=claim.payload.language, since=first - _BEFORE)


def look_up(conversation: Conversation, sought: Sought, *, now: datetime) -> Sighting:
    """Return whether the account's own statuses hold what is *sought*."""
    if sought.since > now:
        # Only a clock that was set back since can cause this; nothing can be ruled out by time.
        return CannotTell("this machine's clock was set back since it was sent: look yourself")
    account = conversation.own_account()
    if isinstance(account, NoAnswer) or not account.is_good:
        return cannot_tell(account)
    account_id = account.read_object().get("id")
    if not isinstance(account_id, str | int):
        return CannotTell("the server does not say whose token it is", again=True)
    since = _on_its_clock(sought.since, account, now=now)
    return _page_back(conversation, sought, account_id=str(account_id), since=since)


def _page_back(
    conversation: Conversation, sought: Sought, *, account_id: str, since: datetime
) -> Sighting:
    doubt: CannotTell | None = None
    seen: set[str] = set()
    oldest: str | None = None
    for _ in range(_PAGES_MOST):
        answer = conversation.statuses(account_id, older_than=oldest)
        page = _statuses(answer)
        if page is None:
            return cannot_tell(answer)
        for status in page:
            match _judge(conversation, status, sought, since=since):
                case Receipt() as receipt:
                    return Found(receipt)
                case CannotTell() as unsure:
                    doubt = unsure
        if not page or page[-1].created_at < since:
            return doubt or Absent()
        oldest = page[-1].receipt.remote_id
        if oldest in seen:
            return CannotTell("the server shows the same page of posts again and again")
        seen.add(oldest)
    return CannotTell(f"more than {_PAGES_MOST} pages of posts since it was sent: look yourself")


def _judge(
    conversation: Conversation, status: Status, sought: Sought, *, since: datetime
) -> Receipt | CannotTell | None:
    """Return the receipt if *status* is what is sought, a doubt if it may be, None if it is not."""
    if status.is_reblog or status.created_at < since:
        return None
    likeness = compare_content(status.content, sought.text)
    if likeness is not Likeness.OTHER and not could_be_in(status.language, sought.language):
        keeps = keeps_language(_instance(conversation))
        if keeps is None:
            where = status.receipt.url or status.receipt.remote_id
            why = f"{where} says the same or nearly, marked as another language: look yourself"
            return CannotTell(why)
        if keeps:
            return None
    if likeness is Likeness.SAME:
        return status.receipt
    return _by_source(conversation, status, sought, likeness)


def _by_source(
    conversation: Conversation, status: Status, sought: Sought, likeness: Likeness
) -> Receipt | CannotTell | None:
    """Judge a status by its source; where there is none, what is nearly the same is a doubt."""
    source = conversation.source(status.receipt.remote_id)
    text = source.read_object().get("text") if isinstance(source, Answer) else None
    if isinstance(text, str):
        return status.receipt if is_source(text, sought.text) else None
    if likeness is Likeness.OTHER:
        return None
    again = isinstance(source, NoAnswer) or source.status == 429 or source.status >= 500
    where = status.receipt.url or status.receipt.remote_id
    return CannotTell(f"{where} is nearly the same: look whether it is this one", again=again)


def _instance(conversation: Conversation) -> dict[str, Any]:
    """Return what the server says of itself, to know whether it keeps a status's language."""
    for ask in (conversation.instance_v2, conversation.instance_v1):
        answer = ask()
        if isinstance(answer, Answer) and answer.is_good and (told := answer.read_object()):
            return told
    return {}


def _on_its_clock(since: datetime, answer: Answer, *, now: datetime) -> datetime:
    """Return *since* moved back by as much as the server's clock is behind this machine's."""
    there = server_time(answer)
    if there is None or now - there <= _CLOCKS_AGREE:
        return since
    return since - (now - there)


def _statuses(answer: Answer | NoAnswer) -> tuple[Status, ...] | None:
    """Return the statuses of a page; None when it is no page of statuses with an id and a date."""
    page = answer.read() if isinstance(answer, Answer) and answer.is_good else None
    if not isinstance(page, list):
        return None
    read = tuple(_status(values) for values in page)
    sound = tuple(status for status in read if status is not None)
    return sound if len(sound) == len(read) else None


def _status(values: Any) -> Status | None:
    receipt = receipt_of(values)
    if receipt is None:
        return None
    created_at = parse_moment(values.get("created_at"))
    if created_at is None:
        return None
    return Status(
        receipt=receipt,
        created_at=created_at,
        content=str(values.get("content") or ""),
        language=values.get("language"),
        is_reblog=bool(values.get("reblog")),
    )


def cannot_tell(answer: Answer | NoAnswer) -> CannotTell:
    """Say why own posts cannot be read, and whether asking later may help."""
    if isinstance(answer, NoAnswer):
        return CannotTell(f"own posts cannot be read: {answer.why}", again=True)
    if refuses_token(answer):
        why = "the server does not let this token read own posts: it needs read:accounts and"
        return CannotTell(f"{why} read:statuses ({answer.status})")
    again = answer.status == 429 or answer.status >= 500 or answer.is_good
    return CannotTell(f"own posts cannot be read: the server answered {answer.status}", again=again)
