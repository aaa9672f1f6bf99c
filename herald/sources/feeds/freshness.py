"""When to ask again: what a server's headers say, and what a feed's own rhythm asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

SHORTEST = timedelta(hours=1)
"""No feed is asked more often, however much it publishes."""
LONGEST = timedelta(hours=24)
"""No feed is asked less often, whatever its headers claim."""
CALENDAR = timedelta(hours=6)
"""A feed with events to come is asked at least so often: a cancellation must arrive in time."""
LONGEST_RETRY_AFTER = timedelta(hours=48)
FIRST_BACKOFF = timedelta(minutes=15)
JITTER = 0.15
"""The most by which a pause is lengthened, so that feeds do not march in step."""
_MEASURED = timedelta(days=28)


def fresh_for(headers: Mapping[str, str], *, now: datetime) -> timedelta:
    """Return how long the answer may be kept: ``max-age``, else ``Expires``; at most 24 h."""
    control = _cache_control(headers.get("Cache-Control", ""))
    if "no-cache" in control or "no-store" in control:
        return timedelta(0)
    if control:
        return _bounded(timedelta(seconds=_seconds(control.get("max-age", ""))))
    expires = _http_date(headers.get("Expires", ""))
    if expires is None:
        return timedelta(0)
    return _bounded(expires - (_http_date(headers.get("Date", "")) or now))


def retry_at(headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    """Return the moment that ``Retry-After`` names, at most 48 h ahead; None without one."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(_seconds(text), LONGEST_RETRY_AFTER.total_seconds()))
    moment = _http_date(text)
    return None if moment is None else min(max(moment, now), now + LONGEST_RETRY_AFTER)


def next_check(*, now: datetime, interval: timedelta, fresh: timedelta, jitter: float) -> datetime:
    """Return when to ask again after a success; *jitter* is a number from 0 to 1."""
    return now + max(interval, fresh) * (1 + JITTER * jitter)


def next_try(*, now: datetime, errors: int, not_before: datetime | None, jitter: float) -> datetime:
    """Return when to ask again after the *errors*-th failure in a row: 15 min, 30 min … 24 h.

    Never before *not_before*, which the server asked for.
    """
    doublings = min(max(errors, 1) - 1, 10)
    pause = min(LONGEST, FIRST_BACKOFF * float(2**doublings)) * (1 + JITTER * jitter)
    return max(now + pause, not_before or now)


def rhythm(published: Iterable[datetime], *, has_events_to_come: bool, now: datetime) -> timedelta:
    """Return the pause that suits a feed: a week by its entries a week, from 1 h to 24 h."""
    recent = sum(1 for moment in published if now - _MEASURED <= moment <= now)
    weeks = _MEASURED / timedelta(days=7)
    pause = timedelta(days=7) / (recent / weeks) if recent else LONGEST
    return max(SHORTEST, min(pause, CALENDAR if has_events_to_come else LONGEST))


def _cache_control(text: str) -> dict[str, str]:
    pairs = (part.strip().lower().partition("=") for part in text.split(","))
    return {name.strip(): value.strip().strip('"') for name, _, value in pairs if name.strip()}


def _seconds(text: str) -> int:
    """Read a count of seconds; anything else, or one of absurd length, counts as none or a year."""
    if not (text.isascii() and text.isdigit()):
        return 0
    return int(text) if len(text) < 9 else 366 * 86_400


def _bounded(span: timedelta) -> timedelta:
    return max(timedelta(0), min(span, LONGEST))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
