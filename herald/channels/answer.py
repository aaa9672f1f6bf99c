"""What came back from a server, or that nothing did; and what its headers say about waiting."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

_SAID_MOST = 200
"""Characters of a server's own words that are kept."""
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
PERHAPS_DONE = frozenset({408, 409, 425})
"""Given by proxies and by servers that may still be working on the request."""
_A_YEAR = 366 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. Header names are in lower case; the token never stands in it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Tell whether the server says that it did what was asked."""
        return 200 <= self.status < 300

    def read(self) -> Any:
        """Return the body read as JSON; None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def read_object(self) -> dict[str, Any]:
        """Return the JSON object in the body; empty when it is something else."""
        found = self.read()
        return found if isinstance(found, dict) else {}

    def said(self) -> str:
        """Return the server's own words about an error, on one line; empty when it has none."""
        found = self.read_object()
        # Mastodon explains an error in error_description, Bluesky in message, Laravel alone there.
        told = (found.get(name) for name in ("error_description", "message", "error"))
        words = next((word for word in told if isinstance(word, str) and word), None)
        if words is None:
            plain = _MARKUP.sub(" ", self.body[:20_000].decode("utf-8", "replace"))
            words = "" if found else html.unescape(plain)
        words = "".join(c if c.isprintable() else " " for c in words)
        return " ".join(words.split())[:_SAID_MOST]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No whole answer came back."""

    why: str
    reached: bool = True
    """False only if nothing of the request can have left this machine."""


def said_by(answer: Answer) -> str:
    """Return the server's own words about an error after a colon; empty when it has none."""
    said = answer.said()
    return f": {said}" if said else ""


def server_time(answer: Answer) -> datetime | None:
    """Return the moment at which the server says it answered, to the second."""
    return _http_date(answer.headers.get("date", ""))


def asked_to_wait(answer: Answer, *, now: datetime) -> timedelta | None:
    """Return how long a server asks to be left alone; None where it does not say.

    ``Retry-After`` is seconds or a date; ``X-RateLimit-Reset`` is an ISO moment (Mastodon,
    GoToSocial), ``RateLimit-Reset`` seconds since 1970 (Bluesky); either may be seconds from now.
    Moments are on the server's clock.
    """
    there = server_time(answer) or now
    names = ("retry-after", "x-ratelimit-reset", "ratelimit-reset")
    waits = (_wait(answer.headers.get(name, ""), there) for name in names)
    return next((wait for wait in waits if wait is not None), None)


def _wait(value: str, there: datetime) -> timedelta | None:
    value = value.strip()
    if re.fullmatch(r"\d{1,12}(\.\d*)?", value):
        seconds = float(value)
        # So many seconds from now, or since 1970.
        seconds -= there.timestamp() if seconds > _A_YEAR else 0
        return timedelta(seconds=seconds) if seconds > 0 else None
    moment = _http_date(value) or parse_moment(value)
    return moment - there if moment and moment > there else None


def parse_moment(value: object) -> datetime | None:
    """Return an ISO moment in UTC; None when *value* is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
