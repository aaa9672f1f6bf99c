"""Gives entries their moments: partners in turn, oldest first, where there is room."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from itertools import zip_longest

from herald.model.campaign import DEFAULT_AT, Amplify, Campaign
from herald.model.feed import Entry
from herald.model.ids import EntryId, ItemId, OccasionId, PartnerId
from herald.model.plan import Skipped
from herald.model.wallclock import localise, moment_of
from herald.planning.amplify_room import Room
from herald.planning.amplify_when import Wanted
from herald.planning.window import Opening

MOST_WAITING = 200
"""Entries of one rule that are given a moment at one time; more is no news but an archive."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DAYS = 400
"""Periods that are looked at for room; a year of full days is no room."""
_ONE_SECOND = timedelta(seconds=1)
_MOST_APART = 59
"""Seconds: entries of one moment follow each other in their order, all within its minute."""

Key = tuple[EntryId, OccasionId]
"""What has one moment, whatever its channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry's moment before it is known whether there is room for it."""

    entry: Entry
    partner: PartnerId
    wanted: Wanted
    campaign: Campaign
    rule: Amplify

    @property
    def key(self) -> Key:
        """What it is known by in the outbox."""
        return self.entry.id, self.wanted.occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A candidate with its moment."""

    candidate: Candidate
    local: datetime
    zone: str
    due_at: datetime
    not_after_at: datetime


def in_turn(
    new: Iterable[Candidate], served: Mapping[PartnerId, datetime]
) -> tuple[Candidate, ...]:
    """Let partners take turns, oldest entries first; who was passed on longest ago begins."""
    queues: dict[PartnerId, list[Candidate]] = defaultdict(list)
    for candidate in new:
        queues[candidate.partner].append(candidate)
    for queue in queues.values():
        queue.sort(key=lambda one: (one.wanted.order, one.entry.id, one.wanted.occasion))
    order = sorted(queues, key=lambda partner: (served.get(partner, _LONG_AGO), partner))
    rounds = zip_longest(*(queues[partner] for partner in order))
    return tuple(one for turn in rounds for one in turn if one is not None)


def place(
    room: Room, opened: Opening, turns: Sequence[Candidate], *, now: datetime
) -> tuple[tuple[Placed, ...], tuple[Skipped, ...]]:
    """Give each in its turn the first moment that is welcome and has room."""
    placed: list[Placed] = []
    skipped: list[Skipped] = []
    for candidate in turns:
        wanted = candidate.wanted
        if _is_over(wanted, now=now):
            if wanted.is_exact and not candidate.entry.seeded and wanted.ends_at > now:
                skipped.append(_told(candidate, "its moment had passed when Herald first saw it"))
            continue
        due_at = _slot(candidate, room, opened, now=now) if len(placed) < MOST_WAITING else None
        if due_at is None:
            skipped.append(_told(candidate, "the limits, window and quiet hours leave no room"))
            continue
        room.take(candidate.partner, due_at)
        placed.append(_placed(candidate, due_at))
    return _one_after_the_other(placed, room, opened, now=now), tuple(skipped)


def _is_over(wanted: Wanted, *, now: datetime) -> bool:
    """Tell whether it is too late: what has a moment of its own is late after that."""
    return now >= wanted.ends_at or (wanted.is_exact and now > wanted.earliest + wanted.late)


def _slot(candidate: Candidate, room: Room, opened: Opening, *, now: datetime) -> datetime | None:
    wanted = candidate.wanted
    at = wanted.earliest if wanted.is_exact else max(wanted.earliest, now.replace(microsecond=0))
    for _ in range(_MOST_DAYS):
        opens = opened.next_opening(at)
        if opens is None or opens >= wanted.ends_at:
            return None
        if room.has_room(candidate.partner, opens):
            return opens
        at = _morning(room.opens_after(candidate.partner, opens), opened)
    return None


def _morning(at: datetime, opened: Opening) -> datetime:
    """Return the usual time of a day that begins at *at*, where nothing is quiet: not midnight."""
    local = localise(at, opened.zone)
    if not opened.is_always or local.time() != time.min:
        return at
    return moment_of(datetime.combine(local.date(), DEFAULT_AT), opened.zone)


def _placed(candidate: Candidate, due_at: datetime) -> Placed:
    wanted = candidate.wanted
    latest = due_at + wanted.late
    return Placed(
        candidate=candidate,
        local=wanted.local,
        zone=wanted.zone,
        due_at=due_at,
        not_after_at=latest if wanted.bound is None else min(latest, wanted.bound),
    )


def _one_after_the_other(
    placed: Sequence[Placed], room: Room, opened: Opening, *, now: datetime
) -> tuple[Placed, ...]:
    """Put seconds between what is due at one moment, so that it goes out in its order.

    What is due now is due a few seconds ago: it must not wait for the next look at the clock. But
    it must not be due in the quiet before, or on the day before, whose limit is reached.
    """
    together = Counter(one.due_at for one in placed if not one.candidate.wanted.is_exact)
    seen: Counter[datetime] = Counter()
    spread = []
    for one in placed:
        if one.candidate.wanted.is_exact:
            spread.append(one)
            continue
        place = min(seen[one.due_at], _MOST_APART)
        behind = min(together[one.due_at] - 1, _MOST_APART) if one.due_at <= now else 0
        first = one.due_at - behind * _ONE_SECOND
        if not (opened.holds(first) and room.is_one_period(first, one.due_at)):
            behind = 0
        seen[one.due_at] += 1
        spread.append(replace(one, due_at=one.due_at + (place - behind) * _ONE_SECOND))
    return tuple(spread)


def _told(candidate: Candidate, reason: str) -> Skipped:
    return Skipped(
        campaign=candidate.campaign.id,
        item=ItemId(candidate.entry.id),
        language=candidate.entry.language,
        occasion=candidate.wanted.occasion,
        reason=reason,
    )
