"""Asks how an account fares, what became of its posts, and what people write to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herald.channels.answer import Answer, NoAnswer
from herald.channels.bluesky.answered import (
    PAGES_MOST,
    POSTS_MOST,
    are_posts,
    ask_for_counts,
    ask_for_page,
    read_counts,
    read_page,
)
from herald.channels.bluesky.asking import asking
from herald.channels.bluesky.examining import (
    PROFILES,
    account_findings,
    handle_findings,
    password_findings,
    profile_findings,
    sign_in_finding,
)
from herald.channels.bluesky.finding import ask_for_did
from herald.channels.bluesky.session import SignedIn
from herald.channels.bluesky.wire import Hindrance, Session, is_absent
from herald.composing.cleaning import clean
from herald.errors import ChannelUnreachable
from herald.model.account import Finding, Reactions, Reply
from herald.model.delivery import Receipt


async def examined(signed_in: SignedIn, handle: str, *, now: datetime) -> tuple[Finding, ...]:
    """Tell how the account signs in, where its handle leads, and what its profile lacks."""
    session = await signed_in.session()
    if not isinstance(session, Session):
        return (sign_in_finding(session),)
    server, did = signed_in.server, session.did
    answer = await signed_in.authorised(asking(server, "com.atproto.server.getSession"))
    if not isinstance(answer, Answer | NoAnswer):
        return (sign_in_finding(answer),)
    resolved = await signed_in.public(ask_for_did(server, handle))
    profile = await _profile(signed_in, did)
    return (
        *account_findings(answer, handle=handle, now=now),
        *password_findings(session),
        *handle_findings(resolved, handle=handle, did=did),
        *profile_findings(profile),
    )


async def profile_of(signed_in: SignedIn) -> str:
    """Return what the account's profile says; raise ChannelUnreachable when it cannot be read."""
    session = await signed_in.session()
    if not isinstance(session, Session):
        raise ChannelUnreachable(session.why)
    answer = await _profile(signed_in, session.did)
    if is_absent(answer):
        return ""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    profile = told.get("value")
    if not isinstance(profile, dict):
        raise ChannelUnreachable(f"the profile cannot be read: {_why(answer)}")
    return clean(str(profile.get("description") or ""))


async def _profile(signed_in: SignedIn, did: str) -> Answer | NoAnswer:
    method = "com.atproto.repo.getRecord"
    request = asking(signed_in.server, method, repo=did, collection=PROFILES, rkey="self")
    return await signed_in.public(request)


async def counted(signed_in: SignedIn, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
    """Return the counts of posts by URI; what is not told is left out."""
    uris = [one.remote_id for one in receipts if are_posts(one.remote_id)]
    found: dict[str, Reactions] = {}
    if not uris or not isinstance(await signed_in.session(), Session):
        return found
    for start in range(0, len(uris), POSTS_MOST):
        request = ask_for_counts(signed_in.server, uris[start : start + POSTS_MOST])
        answer = await signed_in.authorised(request)
        counts = read_counts(answer) if isinstance(answer, Answer | NoAnswer) else None
        if counts is None:
            break
        found |= counts
    return found


async def replies_since(signed_in: SignedIn, since: datetime) -> tuple[Reply, ...]:
    """Return what people wrote to the account, the oldest first.

    Raises ChannelUnreachable when it is not told.
    """
    session = await signed_in.session()
    if not isinstance(session, Session):
        raise ChannelUnreachable(session.why)
    found: dict[str, Reply] = {}
    cursor = ""
    for _ in range(PAGES_MOST):
        answer = await signed_in.authorised(ask_for_page(signed_in.server, cursor))
        page = read_page(answer, did=session.did) if isinstance(answer, Answer) else None
        if page is None:
            raise ChannelUnreachable(f"Bluesky does not tell who answered: {_why(answer)}")
        found |= {reply.id: reply for reply in page.replies if reply.at >= since}
        is_last = not page.next or page.next == cursor
        if is_last or page.oldest_at is None or page.oldest_at < since:
            break
        cursor = page.next
    return tuple(sorted(found.values(), key=lambda reply: (reply.at, reply.id)))


def _why(answer: Answer | NoAnswer | Hindrance) -> str:
    return f"it answered {answer.status}" if isinstance(answer, Answer) else answer.why
