"""Asks what became of posts, and what people write to the account, and reads the answers. Pure.

A server (PDS) knows only its own accounts: what others did is asked of Bluesky's own service (the
AppView), through the account's server (https://atproto.com/specs/xrpc#service-proxying).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from herald.channels.answer import Answer, NoAnswer, parse_moment
from herald.channels.asking import Request
from herald.channels.bluesky.asking import asking
from herald.channels.bluesky.links import parts_of
from herald.channels.bluesky.record import COLLECTION
from herald.composing.cleaning import clean
from herald.model.account import Reactions, Reply

PROXY = {"atproto-proxy": "did:web:api.bsky.app#bsky_appview"}
"""Who is to answer in the server's place."""
POSTS_MOST = 25
"""Posts that one question may be about."""
A_PAGE = 100
PAGES_MOST = 20
_TOLD = frozenset({"reply", "mention"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of notifications, newest first."""

    replies: tuple[Reply, ...]
    next: str
    """Where the next page begins; empty on the last."""
    oldest_at: datetime | None


def ask_for_counts(server: str, uris: Sequence[str]) -> Request:
    """Return the question how often posts were reposted, liked and answered."""
    query = urlencode([("uris", uri) for uri in uris])
    request = asking(server, "app.bsky.feed.getPosts")
    return replace(request, address=f"{request.address}?{query}", headers=PROXY)


def are_posts(uri: str) -> bool:
    """Tell whether a record's URI is a post's: a repost has no counts of its own."""
    parts = parts_of(uri)
    return parts is not None and parts[1] == COLLECTION


def read_counts(answer: Answer | NoAnswer) -> dict[str, Reactions] | None:
    """Return the counts by URI; None when the service did not answer."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    posts = told.get("posts")
    if not isinstance(posts, list):
        return None
    return {
        str(post["uri"]): Reactions(
            boosts=_count(post, "repostCount"),
            likes=_count(post, "likeCount"),
            replies=_count(post, "replyCount"),
        )
        for post in posts
        if isinstance(post, dict) and isinstance(post.get("uri"), str)
    }


def ask_for_page(server: str, cursor: str) -> Request:
    """Return the question for a page of notifications."""
    query = {"limit": str(A_PAGE), **({"cursor": cursor} if cursor else {})}
    request = asking(server, "app.bsky.notification.listNotifications", **query)
    return replace(request, headers=PROXY)


def read_page(answer: Answer, *, did: str) -> Page | None:
    """Return a page of notifications to the account *did*; None when it is none."""
    told = answer.read_object() if answer.is_good else {}
    listed = told.get("notifications")
    if not isinstance(listed, list):
        return None
    read = (_reply(one, did) for one in listed if isinstance(one, dict))
    last = listed[-1] if listed and isinstance(listed[-1], dict) else {}
    cursor = told.get("cursor")
    return Page(
        replies=tuple(reply for reply in read if reply is not None),
        next=cursor if isinstance(cursor, str) and listed else "",
        oldest_at=parse_moment(last.get("indexedAt")),
    )


def _reply(told: dict[str, Any], did: str) -> Reply | None:
    uri, author, record = told.get("uri"), told.get("author"), told.get("record")
    at = parse_moment(told.get("indexedAt"))
    if told.get("reason") not in _TOLD or at is None or not isinstance(uri, str):
        return None
    parts = parts_of(uri)
    if parts is None or not isinstance(author, dict) or not isinstance(record, dict):
        return None
    handle = str(author.get("handle") or parts[0])
    answered = _parent(record)
    return Reply(
        id=uri,
        author=f"@{handle}",
        text=clean(str(record.get("text") or "")),
        url=f"https://bsky.app/profile/{parts[0]}/post/{parts[2]}",
        at=at,
        answers=answered if answered.startswith(f"at://{did}/") else "",
    )


def _parent(record: dict[str, Any]) -> str:
    reply = record.get("reply")
    parent = reply.get("parent") if isinstance(reply, dict) else None
    uri = parent.get("uri") if isinstance(parent, dict) else None
    return uri if isinstance(uri, str) else ""


def _count(told: dict[str, Any], name: str) -> int | None:
    found = told.get(name)
    return found if type(found) is int and found >= 0 else None
