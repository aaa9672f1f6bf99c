"""When to ask again: what a server's headers say, and what a feed's own rhythm asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from herald.model.feed import Cadence

SHORTEST = timedelta(hours=1)
"""No feed is asked more often by its own rhythm, however much it publishes."""
SHORTEST_AGREED = timedelta(minutes=15)
"""No feed is asked more often, whatever its partner agrees to."""
LONGEST = timedelta(hours=24)
"""No feed is asked less often, whatever its headers claim; hours and days in which it wants no
requests may add to it."""
CALENDAR = timedelta(hours=6)
"""A feed with events to come is asked at least so often: a cancellation must arrive in time."""
LONGEST_RETRY_AFTER = timedelta(hours=48)
FIRST_BACKOFF = timedelta(minutes=15)
JITTER = 0.15
"""The most by which a pause is lengthened, so that feeds do not march in step."""
_MEASURED = timedelta(days=28)
_ANY_TIME = Cadence()


def fresh_for(headers: Mapping[str, str], *, now: datetime) -> timedelta:
    """Return how long the answer may still be kept, at most 24 h (RFC 9111, section 4.2).

    ``max-age``, else ``Expires`` since ``Date``; less the ``Age`` that a cache on the way adds.
    ``no-cache`` and ``no-store`` cancel both; an ``Expires`` that is no date means now.
    """
    control = _cache_control(headers.get("Cache-Control", ""))
    if "no-cache" in control or "no-store" in control:
        return timedelta(0)
    age = timedelta(seconds=_seconds(headers.get("Age", "").strip()))
    if "max-age" in control:
        return _bounded(timedelta(seconds=_seconds(control["max-age"])) - age)
    expires = _http_date(headers.get("Expires", ""))
    if expires is None:
        return timedelta(0)
    return _bounded(expires - (_http_date(headers.get("Date", "")) or now) - age)


def validators_are_promises(headers: Mapping[str, str]) -> bool:
    """Tell whether an unchanged validator promises an unchanged document.

    A server that writes ``Expires: 0`` or ``-1`` has caching switched off, by a setting for all
    its pages; a validator beside it comes from elsewhere and is known to stay when the document
    changes (Miniflux drops it, too). Such a feed is asked for the whole document; an equal hash
    of it still spares the reading. A date in the past, WordPress' 1984, means only "ask again",
    and a ``max-age`` of more than nothing outweighs ``Expires``.
    """
    if headers.get("Expires", "").strip() not in {"0", "-1"}:
        return True
    control = _cache_control(headers.get("Cache-Control", ""))
    return _seconds(control.get("max-age", "")) > 0


def retry_at(headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    """Return the moment that ``Retry-After`` names, at most 48 h ahead; None without one."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(_seconds(text), LONGEST_RETRY_AFTER.total_seconds()))
    moment = _http_date(text)
    return None if moment is None else min(max(moment, now), now + LONGEST_RETRY_AFTER)


def next_check(
    *,
    now: datetime,
    interval: timedelta,
    fresh: timedelta,
    cadence: Cadence = _ANY_TIME,
    has_validators: bool = True,
    every: timedelta | None = None,
    jitter: float,
) -> datetime:
    """Return when to ask again after a success; *jitter* is a number from 0 to 1.

    The pause is *interval*, the feed's own rhythm, or *every*, which its partner agreed to;
    what the server and the document ask for lengthens it. Then the moment is moved out of the
    hours and days in which the feed wants no requests.
    """
    own = _own_pause(interval, has_validators=has_validators, every=every)
    pause = max(own, min(fresh, LONGEST), min(cadence.pause, LONGEST))
    return _open(now + pause * (1 + JITTER * jitter), cadence, jitter=jitter)


def next_try(*, now: datetime, errors: int, not_before: datetime | None, jitter: float) -> datetime:
    """Return when to ask again after the *errors*-th failure in a row: 15 min, 30 min … 24 h.

    Never before *not_before*, which the server asked for.
    """
    doublings = min(max(errors, 1) - 1, 10)
    pause = min(LONGEST, FIRST_BACKOFF * float(2**doublings)) * (1 + JITTER * jitter)
    return max(now + pause, not_before or now)


def rhythm(
    published: Iterable[datetime],
    *,
    has_events_to_come: bool,
    now: datetime,
    has_validators: bool = True,
) -> timedelta:
    """Return the pause that suits a feed: a week by its entries a week, from 1 h to 24 h.

    Without validators every request costs the server the whole document, so once a day is
    enough. A calendar is an exception: most make their document anew for every request, without
    validators, and a cancellation that arrives a day late has sent people to a closed door; four
    small downloads a day are worth that.
    """
    if not has_validators:
        return CALENDAR if has_events_to_come else LONGEST
    recent = sum(1 for moment in published if now - _MEASURED <= moment <= now)
    weeks = _MEASURED / timedelta(days=7)
    pause = timedelta(days=7) / (recent / weeks) if recent else LONGEST
    return max(SHORTEST, min(pause, CALENDAR if has_events_to_come else LONGEST))


def _own_pause(interval: timedelta, *, has_validators: bool, every: timedelta | None) -> timedelta:
    if every is not None:
        return max(every, SHORTEST_AGREED)
    if has_validators:
        return interval
    # The interval of a feed that always came without validators is a calendar's or a day (see
    # rhythm); where it once had some, a short one is no reason to ask more than a calendar.
    return CALENDAR if interval <= CALENDAR else LONGEST


def _open(moment: datetime, cadence: Cadence, *, jitter: float) -> datetime:
    """Return *moment*, or the start of the next hour in which the feed wants requests.

    A feed that closes every hour or every day cannot mean it, and is not heard.
    """
    hours = frozenset(range(24)) - cadence.closed_hours or frozenset(range(24))
    days = frozenset(range(7)) - cadence.closed_days or frozenset(range(7))
    if moment.hour in hours and moment.weekday() in days:
        return moment
    start = moment.replace(minute=0, second=0, microsecond=0)
    while start.hour not in hours or start.weekday() not in days:
        start += timedelta(hours=1)
    return start + timedelta(hours=1) * JITTER * jitter


@lru_cache(maxsize=256)
def _cache_control(text: str) -> Mapping[str, str]:
    # Kept, because thousands of servers send the same few lines.
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
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
