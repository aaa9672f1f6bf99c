"""Reads a page's posts back, to see whether one arrived. Changes nothing.

Absent is said only when every post that was changed since the first send was read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer, server_time
from herald.channels.linkedin.likeness import Likeness, compare
from herald.channels.linkedin.rest import Rest, spelled
from herald.channels.linkedin.wire import is_gone, receipt_of
from herald.model.delivery import Absent, Action, CannotTell, Claim, Found, Receipt, Sighting

_BEFORE = timedelta(seconds=60)
"""So much earlier than the first send a post may be dated, as clocks differ."""
_CLOCKS_AGREE = timedelta(seconds=5)
_A_PAGE = 50
_PAGES_MOST = 20


def page_of_posts(author: str, *, start: int = 0, count: int = _A_PAGE) -> dict[str, str]:
    """Return the query for the page's own posts, the one that was changed last coming first."""
    return {
        "q": "author",
        "author": author,
        "count": str(count),
        "start": str(start),
        "sortBy": "LAST_MODIFIED",
    }


async def look_for(rest: Rest, claim: Claim, *, author: str, now: datetime) -> Sighting:
    """Return whether the page holds a post."""
    first = claim.delivery.first_send_at or claim.delivery.due_at
    since = first - _BEFORE
    if since > now:
        # Only a clock that was set back since can cause this; nothing can be ruled out by time.
        return CannotTell("this machine's clock was set back since it was sent: look yourself")
    doubt: CannotTell | None = None
    start, last = 0, ""
    for _ in range(_PAGES_MOST):
        answer = await rest.read("posts", page_of_posts(author, start=start), finds=True)
        posts = _posts(answer)
        if posts is None or not isinstance(answer, Answer):
            return cannot_tell(answer, "the page's posts")
        if last and last not in {post["id"] for post in posts}:
            # A post that left moved the others up: one may have slipped between two pages.
            return CannotTell("the page's posts changed while they were read", again=True)
        found = _judge(posts, claim, since=_on_its_clock(since, answer, now=now))
        if isinstance(found, Receipt):
            return Found(found)
        doubt = doubt or found
        if len(posts) < _A_PAGE or _moment(posts[-1], "lastModifiedAt") < since:
            return doubt or Absent()
        start, last = start + len(posts) - 1, posts[-1]["id"]
    return CannotTell(f"more than {_PAGES_MOST} pages of posts since it was sent: look yourself")


async def look_at(rest: Rest, claim: Claim, target: Receipt) -> Sighting:
    """Return whether an edit or a deletion of *target* was done."""
    wants_gone = claim.delivery.action is Action.DELETE
    answer = await rest.read(f"posts/{spelled(target.remote_id)}")
    if is_gone(answer):
        return Found(target) if wants_gone else CannotTell("the post is no longer on LinkedIn")
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    if not isinstance(told.get("commentary"), str):
        return cannot_tell(answer, "the post")
    if wants_gone:
        return Absent()
    return Found(target) if compare(told, claim.payload) is Likeness.SAME else Absent()


def cannot_tell(answer: Answer | NoAnswer, what: str) -> CannotTell:
    """Return why *what* cannot be read, and whether asking later may help."""
    if isinstance(answer, NoAnswer):
        return CannotTell(f"{what} cannot be read: {answer.why}", again=True)
    if answer.status == 403:
        return CannotTell(f"{what} cannot be read: the token lacks r_organization_social")
    again = answer.status == 429 or answer.status >= 500 or answer.is_good
    return CannotTell(f"{what} cannot be read: LinkedIn answered {answer.status}", again=again)


def _judge(
    posts: list[dict[str, Any]], claim: Claim, *, since: datetime
) -> Receipt | CannotTell | None:
    """Return the post that is sought, a doubt if one may be it, None if none is."""
    doubt: CannotTell | None = None
    for post in posts:
        if _moment(post, "createdAt") < since:
            continue
        match compare(post, claim.payload):
            case Likeness.SAME:
                return receipt_of(post["id"])
            case Likeness.PERHAPS:
                where = receipt_of(post["id"]).url
                doubt = CannotTell(f"{where} is nearly the same: look whether it is this one")
    return doubt


def _posts(answer: Answer | NoAnswer) -> list[dict[str, Any]] | None:
    """Return the posts of a page; None when it is no page of posts with an id and moments."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    elements = told.get("elements")
    if not isinstance(elements, list):
        return None
    return elements if all(_is_post(element) for element in elements) else None


def _is_post(element: object) -> bool:
    if not isinstance(element, dict) or not isinstance(element.get("id"), str):
        return False
    moments = (element.get("createdAt"), element.get("lastModifiedAt"))
    return all(type(one) is int and 0 < one < 10**14 for one in moments)


def _moment(post: dict[str, Any], name: str) -> datetime:
    return datetime.fromtimestamp(post[name] / 1000, UTC)


def _on_its_clock(since: datetime, answer: Answer, *, now: datetime) -> datetime:
    """Return *since* moved back by as much as LinkedIn's clock is behind this machine's."""
    there = server_time(answer)
    if there is None or now - there <= _CLOCKS_AGREE:
        return since
    return since - (now - there)
