"""Whom to tell what, and when: once, together, and a summary a day.  Pure.

What stands now is compared with what was told. A concern is told when it comes up; again only
after it had been away for a while, longer each time: what flaps is told once and then stands in the
summary. What comes up together is told together, and no more than one such message goes out within
``ALERT_EVERY``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from herald.model.echo import Heard
from herald.model.notice import (
    NONE,
    URGENCY,
    Concern,
    Kind,
    Message,
    Occasion,
    Raised,
    Remembered,
    Round,
    Rules,
    Way,
)
from herald.model.wallclock import ONE_DAY, localise, moment_of

ALERT_EVERY = timedelta(minutes=15)
"""Not more than one message at once within so long; a summary is none."""
REST = timedelta(hours=1)
"""What comes back sooner was never away; doubled each time it was told again."""
LONGEST_REST = timedelta(hours=24)
REMEMBERED_FOR = timedelta(days=7)
"""What has been away for so long is new when it comes back."""

_ALWAYS_AT_ONCE = frozenset({Kind.STORE, Kind.PLANNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one message says, before it has words."""

    occasion: Occasion
    new: tuple[Concern, ...] = ()
    still: tuple[Concern, ...] = ()
    """Told before, and not gone."""
    closed: tuple[Kind, ...] = ()
    """What was told and is no more, by its kind."""
    heard: tuple[Heard, ...] = ()
    """What people wrote since the last summary."""

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """All that stands, what is new first."""
        return self.new + self.still


Write = Callable[[Notice, Way], tuple[str, str]]
"""Puts a notice into a way's words: subject and body."""


def decide(
    concerns: Sequence[Concern],
    known: Remembered,
    rules: Rules,
    *,
    now: datetime,
    write: Write,
    heard: Sequence[Heard] = (),
) -> Round:
    """Return what to say on each way, and what to remember of it.

    The digest goes first: what it tells need not be told at once as well. Of *heard* it tells what
    came since the last one.
    """
    raised = _raised(concerns, known.raised, now=now)
    ripe = [one for one in concerns if _is_ripe(one, raised[one.id], now=now)]
    notice, day, alerted_at = _due(ripe, raised, known, rules, now=now, heard=heard)
    digest_at = known.digest_at
    if day != known.digest_day:
        digest_at = now
    messages: tuple[Message, ...] = ()
    if notice is not None:
        told = {one.id for one in notice.new}
        for name in told:
            was = raised[name]
            raised[name] = replace(was, told_at=now, times=was.times + 1)
        messages = messages_of(notice, rules.ways, now=now, write=write)
    forgotten = tuple(one for one in raised.values() if _is_over(one, now=now))
    before = {one.id: one for one in known.raised}
    return Round(
        raised=tuple(
            one for name, one in raised.items() if one not in forgotten and before.get(name) != one
        ),
        forgotten=tuple(one for one in forgotten if one.id in before),
        messages=messages,
        digest_day=day,
        digest_at=digest_at,
        alerted_at=alerted_at,
    )


def messages_of(
    notice: Notice, ways: Iterable[Way], *, now: datetime, write: Write
) -> tuple[Message, ...]:
    """Return the notice in the words of every way; the id is one for all, and derived."""
    named = [f"{one.kind}:{one.subject}" for one in notice.concerns]
    named += [f"{one.channel}:{one.reply.id}" for one in notice.heard]
    seed = "\n".join([notice.occasion, now.isoformat(), *named])
    name = f"{notice.occasion}-{now:%Y%m%dT%H%M%SZ}-{sha256(seed.encode()).hexdigest()[:12]}"
    made = []
    for way in ways:
        subject, body = write(notice, way)
        made.append(
            Message(
                id=name,
                way=way.name,
                subject=subject,
                body=body,
                made_at=now,
                occasion=notice.occasion,
            )
        )
    return tuple(made)


def _raised(
    concerns: Sequence[Concern], known: Iterable[Raised], *, now: datetime
) -> dict[tuple[Kind, str], Raised]:
    """Return what is known of every concern, as it stands now."""
    raised = {one.id: _not_ahead(one, now) for one in known}
    standing = {one.id: one for one in concerns}
    for name, one in raised.items():
        if name not in standing:
            if one.gone_at is None:
                raised[name] = replace(one, gone_at=now)
        elif one.gone_at is not None:
            raised[name] = _back(one, standing[name], now=now)
    for name in standing:
        if name not in raised:
            raised[name] = Raised(kind=name[0], subject=name[1], raised_at=now)
    return raised


def _back(one: Raised, concern: Concern, *, now: datetime) -> Raised:
    """Return a concern that came back: the same one, unless it had been away for long."""
    if one.told_at is None:
        # What must last is counted anew; what need not is not hidden by coming and going.
        return replace(one, gone_at=None, raised_at=now if concern.lasting else one.raised_at)
    rest = min(REST * 2 ** min(max(one.times - 1, 0), 8), LONGEST_REST)
    if one.gone_at is None or now - one.gone_at < rest:
        return replace(one, gone_at=None)
    return replace(one, gone_at=None, raised_at=now, told_at=None)


def _not_ahead(one: Raised, now: datetime) -> Raised:
    """Return a memory without moments that lie ahead: the clock was set back since."""
    return replace(
        one,
        raised_at=min(one.raised_at, now),
        told_at=one.told_at and min(one.told_at, now),
        gone_at=one.gone_at and min(one.gone_at, now),
    )


def _is_over(one: Raised, *, now: datetime) -> bool:
    keep = REST if one.told_at is None else REMEMBERED_FOR
    return one.gone_at is not None and one.gone_at <= now - keep


def _is_ripe(concern: Concern, one: Raised, *, now: datetime) -> bool:
    begun = one.raised_at if concern.since is None else min(one.raised_at, concern.since)
    return now - begun >= concern.lasting


def _due(
    ripe: Sequence[Concern],
    raised: dict[tuple[Kind, str], Raised],
    known: Remembered,
    rules: Rules,
    *,
    now: datetime,
    heard: Sequence[Heard],
) -> tuple[Notice | None, date | None, datetime | None]:
    """Return what is to be said now, with the digest's day and the last alert's moment."""
    if not rules.ways:
        return None, known.digest_day, known.alerted_at
    new = tuple(one for one in _in_order(ripe) if raised[one.id].told_at is None)
    day = due_digest(known.digest_day, rules, now=now)
    if day is not None and known.digest_day is not None and day > known.digest_day:
        still = tuple(one for one in _in_order(ripe) if raised[one.id].told_at is not None)
        closed = tuple(
            one.kind
            for one in sorted(raised.values(), key=lambda each: URGENCY[each.kind])
            if _was_closed(one, known.digest_at)
        )
        since = known.digest_at or now - ONE_DAY
        told = tuple(one for one in heard if since < one.heard_at <= now)
        notice = Notice(occasion=Occasion.DIGEST, new=new, still=still, closed=closed, heard=told)
        is_empty = not (new or still or closed or told)
        return (None if is_empty else notice), day, known.alerted_at
    urgent = tuple(one for one in new if one.kind in rules.at_once | _ALWAYS_AT_ONCE)
    if urgent and _may_alert(urgent, raised, known.alerted_at, rules, now=now):
        return Notice(occasion=Occasion.ALERT, new=urgent), day, now
    return None, day, known.alerted_at


def _may_alert(
    urgent: Iterable[Concern],
    raised: dict[tuple[Kind, str], Raised],
    alerted_at: datetime | None,
    rules: Rules,
    *,
    now: datetime,
) -> bool:
    if alerted_at is not None and NONE <= now - alerted_at < ALERT_EVERY:
        return False
    return any(now - raised[one.id].raised_at >= rules.gather for one in urgent)


def _was_closed(one: Raised, last: datetime | None) -> bool:
    return (
        one.told_at is not None and one.gone_at is not None and (last is None or one.gone_at > last)
    )


def due_digest(done: date | None, rules: Rules, *, now: datetime) -> date | None:
    """Return the last local day whose digest is due or done by *now*; *done* if none is.

    A moment that a clock change skips moves forward by the gap, over midnight too; of one that
    happens twice the first counts. A day that is over has no digest any more. Where none was ever
    due before (*done* is None), the days up to now count as done: nothing was missed.
    """
    today = localise(now, rules.zone).date()
    if done is not None and done > today + ONE_DAY:
        return today  # the clock had run ahead
    due = done
    for day in (today - ONE_DAY, today):
        at = moment_of(datetime.combine(day, rules.digest), rules.zone)
        is_today = localise(at, rules.zone).date() == today
        if (due is None or day > due) and at <= now and is_today:
            due = day
    return today - ONE_DAY if due is None else due


def _in_order(concerns: Iterable[Concern]) -> list[Concern]:
    return sorted(concerns, key=lambda one: (URGENCY[one.kind], one.subject))
