"""How many letters mail servers, senders and providers take, and how that is kept to.  Pure.

A limit is written as mail providers write theirs, ``300/hour``.  It is kept as a rate: so many at
once, and then one after every pace.  Both are chosen so that no stretch of time of the limit's
length ever holds more than its count, whenever that stretch begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

ANY_DOMAIN = "*"
"""Stands for each domain that is not named; each is counted by itself."""

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)
"""A domain that asks us to slow down is left alone, each time twice as long, up to this."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_PART_OF_DAY, _PART_OF_HOUR = 2, 10
"""Half of a day's count, and a tenth of an hour's, may go at once: a small list need not wait for
hours, and a large one still gets nearly the whole of the hour's count."""
_AT_ONCE = timedelta(seconds=5)
"""Of shorter limits, what this time earns may go at once: senders do not wake for every letter."""

_THROTTLING = re.compile(r"\b4\.7\.\d{1,3}\b")
_SERVICE_NOT_AVAILABLE = 421


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLimit:
    """At most *count* letters in any *period*."""

    count: int
    period: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLimits:
    """What newsletters keep to; several limits on one thing hold all together."""

    relay: tuple[MailLimit, ...] = ()
    """All letters through the mail server's account."""
    sender: tuple[MailLimit, ...] = ()
    """Letters of each sender's address."""
    domains: tuple[tuple[str, tuple[MailLimit, ...]], ...] = ()
    """Letters to the addresses of a domain; ANY_DOMAIN stands for each that is not named."""

    @property
    def is_any(self) -> bool:
        """Tell whether there is a limit at all."""
        return bool(self.relay or self.sender or self.domains)

    def of_domain(self, domain: str) -> tuple[MailLimit, ...]:
        """Return the limits of one domain."""
        named = dict(self.domains)
        return named.get(domain, named.get(ANY_DOMAIN, ())) if domain else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A limit as it is kept."""

    pace: timedelta
    """One letter is earned in this time."""
    burst: int
    """Letters that may go at once after a long silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Something that lets nothing more go out for now."""

    kind: str
    """relay, sender, domain, or rest: a domain that asked us to slow down."""
    name: str
    limit: str = ""
    """As it is written in the settings; empty for a rest."""
    until: datetime


def rate_of(limit: MailLimit) -> Rate:
    """Return how *limit* is kept: never more than its count in any stretch of its period.

    A limit by the second may be passed once, by what five seconds earn; it holds on average.
    """
    burst = max(1, min(_at_once(limit), limit.count))
    earned = limit.count - burst + 1 if burst <= max(limit.count // 2, 1) else limit.count
    whole, rest = divmod(limit.period, timedelta(microseconds=1) * earned)
    return Rate(pace=timedelta(microseconds=whole + bool(rest)), burst=burst)


def spelled(limit: MailLimit) -> str:
    """Return a limit as people write it."""
    seconds = round(limit.period.total_seconds())
    names = {1: "second", 60: "minute", 3600: "hour", 86_400: "day", 604_800: "week"}
    return f"{limit.count}/{names.get(seconds, f'{seconds}s')}"


def is_throttling(code: int | None, said: str) -> bool:
    """Tell whether an answer asks us to slow down: 421, or 4.7.x of RFC 3463 (security, policy)."""
    is_deferral = code is not None and 400 <= code < 500
    return is_deferral and (code == _SERVICE_NOT_AVAILABLE or bool(_THROTTLING.search(said)))


def next_rest(
    ends: datetime | None, forgotten_at: datetime | None, *, now: datetime
) -> tuple[datetime, datetime]:
    """Return until when a domain rests that has just asked for it, and when that is forgotten.

    *ends* and *forgotten_at* are of the last rest. Who asks while it rests had been written to
    before: nothing changes. Who asks again soon after it rests twice as long.
    """
    if ends is not None and forgotten_at is not None and now < ends <= now + LONGEST_REST:
        return ends, forgotten_at
    length = FIRST_REST
    if ends is not None and forgotten_at is not None and ends <= now < forgotten_at:
        length = min((forgotten_at - ends) * 2, LONGEST_REST)
    return now + length, now + 2 * length


def _at_once(limit: MailLimit) -> int:
    if limit.period >= _DAY:
        return limit.count // _PART_OF_DAY
    if limit.period >= _HOUR:
        return limit.count // _PART_OF_HOUR
    return -(-limit.count * _AT_ONCE // limit.period)
