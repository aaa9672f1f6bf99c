"""Reads an account's own posts back, to see whether one arrived. Changes nothing.

Absent is said only when every page back to the moment of the first send was read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, parse_moment, server_time
from herald.channels.meta.errors import GraphError, Trouble, read_error
from herald.channels.meta.likeness import Likeness, compare
from herald.model.delivery import Absent, CannotTell, Claim, Found, Receipt, Sighting

PAGE_MOST = 50
"""Posts that one page is asked to hold: every network of Meta's takes that."""
_PAGES_MOST = 25
_BEFORE = timedelta(seconds=60)
"""So much earlier than the first send a post may be dated, as clocks differ."""
_ASKED_BEFORE = timedelta(hours=1)
"""So much earlier still the network is asked to begin: its own clock may be behind."""
_CLOCKS_AGREE = timedelta(seconds=5)
_CLOSED = frozenset(
    {Trouble.TOKEN, Trouble.RIGHTS, Trouble.ACCOUNT, Trouble.VERSION, Trouble.MISSING}
)

AskPage = Callable[[dict[str, str]], Awaitable[Answer | NoAnswer]]
"""Asks for one page of the account's posts, with what narrows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for, and since when it may be there."""

    text: str
    since: datetime

    @property
    def asked_since(self) -> str:
        """From when on the network is asked, in seconds since 1970."""
        return str(int((self.since - _ASKED_BEFORE).timestamp()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a network calls the parts of a post."""

    text: str
    at: str
    receipt: Callable[[dict[str, Any]], Receipt]

    def asked(self, *more: str) -> str:
        """Return the fields to ask for."""
        return ",".join(("id", self.text, self.at, *more))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    receipt: Receipt
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    posts: tuple[_Post, ...]
    after: str
    """Where the next page begins; empty when this is the last."""


def sought_by(claim: Claim) -> Sought:
    """Return what a claim's send would have left; without a send on record, since it was due."""
    first = claim.delivery.first_send_at or claim.delivery.due_at
    return Sought(text=claim.payload.text, since=first - _BEFORE)


async def look_back(ask: AskPage, sought: Sought, fields: Fields, *, now: datetime) -> Sighting:
    """Return whether the account's own posts hold what is *sought*."""
    if sought.since > now:
        # Only a clock that was set back since can cause this; nothing can be ruled out by time.
        return CannotTell("this machine's clock was set back since it was sent: look yourself")
    doubt: CannotTell | None = None
    seen: set[str] = set()
    after = ""
    for _ in range(_PAGES_MOST):
        narrowed = {"limit": str(PAGE_MOST), "since": sought.asked_since}
        answer = await ask(narrowed | ({"after": after} if after else {}))
        page = _read_page(answer, fields)
        if page is None:
            return unreadable(answer)
        since = _on_its_clock(sought.since, answer, now=now)
        found = _in_page(page, sought, since=since)
        if isinstance(found, Receipt):
            return Found(found)
        doubt = found or doubt
        if not page.after or _is_older(page, since):
            return doubt or Absent()
        if page.after in seen:
            return CannotTell("the network shows the same page of posts again and again")
        after = page.after
        seen.add(after)
    return CannotTell(f"more than {_PAGES_MOST} pages of posts since it was sent: look yourself")


def unreadable(answer: Answer | NoAnswer) -> CannotTell:
    """Say that own posts cannot be read, and whether asking again may help."""
    if isinstance(answer, NoAnswer):
        return CannotTell(f"own posts cannot be read: {answer.why}", again=True)
    error = read_error(answer)
    if error is None:
        again = answer.status not in {401, 403, 404}
        why = f"own posts cannot be read: the server answered {answer.status}"
        return CannotTell(why, again=again)
    return CannotTell(_why(error), again=error.trouble not in _CLOSED)


def _why(error: GraphError) -> str:
    return f"own posts cannot be read with this access token: {error.named}, {error.said}"


def _is_older(page: _Page, since: datetime) -> bool:
    """Tell whether all of a page is older than what is sought: not every server heeds ``since``."""
    before = since - _ASKED_BEFORE
    return bool(page.posts) and all(post.at < before for post in page.posts)


def _in_page(page: _Page, sought: Sought, *, since: datetime) -> Receipt | CannotTell | None:
    """Return the receipt of what is sought, a doubt if something may be it, else None."""
    doubt = None
    for post in page.posts:
        if post.at < since:
            continue
        match compare(post.text, sought.text):
            case Likeness.SAME:
                return post.receipt
            case Likeness.PERHAPS:
                where = post.receipt.url or post.receipt.remote_id
                doubt = CannotTell(f"{where} is nearly the same: look whether it is this one")
    return doubt


def _on_its_clock(since: datetime, answer: Answer | NoAnswer, *, now: datetime) -> datetime:
    """Return *since* moved back by as much as the server's clock is behind this machine's."""
    there = server_time(answer) if isinstance(answer, Answer) else None
    if there is None or now - there <= _CLOCKS_AGREE:
        return since
    return since - (now - there)


def _read_page(answer: Answer | NoAnswer, fields: Fields) -> _Page | None:
    """Return a page; None when it is none, holds what has no id or date, or hides the next one."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return None
    told = answer.read_object()
    held, paging = told.get("data"), told.get("paging", {})
    if not isinstance(held, list) or not isinstance(paging, dict):
        return None
    posts = [_post(values, fields) for values in held]
    sound = tuple(post for post in posts if post is not None)
    after = ""
    if paging.get("next"):
        # The address of the next page holds the token, and may lead anywhere: it is not followed.
        cursors = paging.get("cursors")
        after = cursors.get("after", "") if isinstance(cursors, dict) else ""
        if not isinstance(after, str) or not after:
            return None
    return _Page(posts=sound, after=after) if len(sound) == len(posts) else None


def _post(values: Any, fields: Fields) -> _Post | None:
    if not isinstance(values, dict) or not isinstance(values.get("id"), str):
        return None
    at = parse_moment(values.get(fields.at))
    if at is None:
        return None
    text = values.get(fields.text)
    return _Post(receipt=fields.receipt(values), text=text if isinstance(text, str) else "", at=at)
