"""Reads what became of statuses, and what people write to the account. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from herald.channels.answer import Answer, NoAnswer, parse_moment
from herald.channels.answered import private_message
from herald.channels.markup import plain_text
from herald.channels.mastodon.wire import receipt_of
from herald.model.account import Reactions, Reply

PAGES_MOST = 25
A_PAGE = 40
NOTIFICATIONS = "/api/v1/notifications"
_OPEN = frozenset({"public", "unlisted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of notifications, newest first."""

    replies: tuple[Reply, ...]
    oldest_id: str
    """Of the last notification on it, to ask for older ones; empty when there was none."""
    oldest_at: datetime | None


def read_reactions(answer: Answer | NoAnswer) -> Reactions | None:
    """Return a status's counts; None when *answer* holds no status."""
    if isinstance(answer, NoAnswer) or not answer.is_good or receipt_of(answer.read()) is None:
        return None
    told = answer.read_object()
    return Reactions(
        boosts=_count(told, "reblogs_count"),
        likes=_count(told, "favourites_count"),
        replies=_count(told, "replies_count"),
    )


def query_for_page(older_than: str) -> Mapping[str, str]:
    """Return the query for a page of mentions, older than a notification's id."""
    older = {"max_id": older_than} if older_than else {}
    return {"types[]": "mention", "limit": str(A_PAGE), **older}


def read_page(answer: Answer, *, host: str) -> Page | None:
    """Return a page of notifications; None when it is none. *host* is the account's own server.

    Not every server keeps to the kinds that were asked for.
    """
    told = answer.read() if answer.is_good else None
    if not isinstance(told, list):
        return None
    read = (_reply(one, host) for one in told if isinstance(one, dict))
    last = told[-1] if told and isinstance(told[-1], dict) else {}
    return Page(
        replies=tuple(reply for reply in read if reply is not None),
        oldest_id=str(last.get("id") or ""),
        oldest_at=parse_moment(last.get("created_at")),
    )


def _reply(notification: dict[str, Any], host: str) -> Reply | None:
    status, account = notification.get("status"), notification.get("account")
    receipt = receipt_of(status)
    if notification.get("type") != "mention" or receipt is None or not isinstance(status, dict):
        return None
    # When it arrived: another server may have sent it later than it was written.
    at = parse_moment(notification.get("created_at")) or parse_moment(status.get("created_at"))
    if at is None:
        return None
    if status.get("visibility") not in _OPEN:
        return private_message(receipt.remote_id, at=at)
    return Reply(
        id=receipt.remote_id,
        author=_author(account if isinstance(account, dict) else {}, host),
        text=plain_text(str(status.get("content") or "")),
        url=receipt.url,
        at=at,
        answers=str(status.get("in_reply_to_id") or ""),
    )


def _author(account: dict[str, Any], host: str) -> str:
    """Return the account as people write it; one of the same server is told without its host."""
    name = str(account.get("acct") or account.get("username") or "")
    return f"@{name}" if "@" in name or not name else f"@{name}@{host}"


def _count(told: dict[str, Any], name: str) -> int | None:
    found = told.get(name)
    return found if type(found) is int and found >= 0 else None
