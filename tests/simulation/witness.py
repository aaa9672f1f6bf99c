"""Watches a simulated year, and says in the end which promise of the outbox was not kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.delivery import Claim, Delivery, DeliveryState, Reason
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.simulating.year import Year

S = DeliveryState
GRACE = timedelta(seconds=11)
"""A worker that looks every ten seconds sends so late what it has claimed in time."""
STILL_TRIED = timedelta(hours=3)
"""After its last moment a delivery in doubt is still looked up, for two hours at most."""
ALL_ALONG = timedelta(hours=2)
"""What is later than that was kept back by something else: a pause, or Herald was off."""
TURNS = 2
"""So many posts of one campaign may pass another's that waits for the same account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A post that a file asks for at a moment of its own."""

    campaign: str
    item: str
    channel: str
    language: str
    local: datetime


class Witness:
    """Remembers every request that left, and what stood in the outbox then."""

    def __init__(self) -> None:
        self.requests: list[tuple[datetime, Claim]] = []
        self.found: list[str] = []
        self.year: Year | None = None

    def watch(self, claim: Claim) -> None:
        """Note a request as it leaves, and judge what can only be judged now."""
        assert self.year is not None
        now, row = self.year.clock.now(), claim.delivery
        self.requests.append((now, claim))
        if now > row.not_after_at + GRACE:
            self.found.append(f"sent after its time: {told(row)} at {now}")
        if now < row.due_at:
            self.found.append(f"sent before its time: {told(row)} at {now}")
        account = self.year.accounts[row.channel]
        within = account.limits.repeat_within
        if claim.delivery.key in account.by_key and within is None:
            self.found.append(f"asked for again though it is there: {told(row)} at {now}")

    def judge(self, rows: Sequence[Delivery], limits: dict[ChannelId, Capabilities]) -> list[str]:
        """Return every promise that was not kept, in words."""
        assert self.year is not None
        end = self.year.clock.now()
        self.found += doubled(self.year)
        self.found += lost(rows, self.year, end=end)
        self.found += too_fast(self.requests, limits)
        self.found += unfair(self.requests)
        return self.found


def doubled(year: Year) -> Iterable[str]:
    """Say what a network holds twice."""
    for name, account in year.accounts.items():
        for posts in account.by_key.values():
            if len(posts) > 1:
                yield f"{name} holds {len(posts)} posts of one key: {told(posts[0].claim.delivery)}"


def lost(rows: Sequence[Delivery], year: Year, *, end: datetime) -> Iterable[str]:
    """Say what was due and has neither gone out nor been accounted for, and who claims it has."""
    stopped = {stop.name for stop in year.stops_left}
    for row in rows:
        there = row.key in year.accounts[row.channel].by_key
        if row.state is S.SENT and not there:
            yield f"called sent, and not there: {told(row)}"
        elif there and not (row.state is S.SENT or in_doubt(row)):
            yield f"there, and does not say so: {told(row)}"
        if row.state is S.HELD and row.reason is Reason.UNCLEAR and not (row.note or row.error):
            yield f"in doubt without a word: {told(row)}"
        if row.due_at > end or stopped & {row.channel, row.campaign}:
            continue
        over = end > row.not_after_at + STILL_TRIED
        if row.state in {S.PENDING, S.CLAIMED} and over:
            yield f"forgotten: {told(row)}"
        if row.state in {S.EXPIRED, S.FAILED} and not (row.note or row.error):
            yield f"{row.state} without a word: {told(row)}"


def unasked(rows: Sequence[Delivery], wanted: Mapping[str, Wanted]) -> Iterable[str]:
    """Say what the files asked for on its eve, and the outbox does not answer for."""
    known = {row.key: row for row in rows}
    for key, what in wanted.items():
        row = known.get(DeliveryKey(key))
        if row is None:
            yield f"never planned: {what}"
        elif row.occasion_local != what.local:
            yield f"planned for another moment than {what}: {told(row)}"
        elif row.state is S.WITHDRAWN:
            yield f"withdrawn though its file asks for it: {told(row)}"


def too_fast(
    requests: Sequence[tuple[datetime, Claim]], limits: dict[ChannelId, Capabilities]
) -> Iterable[str]:
    """Say where an account was asked more often than its pace and its burst allow."""
    asked: dict[ChannelId, list[datetime]] = defaultdict(list)
    for at, claim in requests:
        asked[claim.delivery.channel].append(at)
    for channel, moments in asked.items():
        limit = limits[channel]
        if not limit.pace:
            continue
        burst = max(limit.burst, 1)
        for nth in range(burst, len(moments)):
            if moments[nth] - moments[nth - burst] < limit.pace - GRACE:
                yield f"{channel}: {burst + 1} requests from {moments[nth - burst]}"


def unfair(requests: Sequence[tuple[datetime, Claim]]) -> Iterable[str]:
    """Say which first request had to wait while another campaign's went out time and again."""
    by_channel: dict[str, list[tuple[datetime, Delivery]]] = defaultdict(list)
    for at, claim in requests:
        if claim.attempt == 1:
            by_channel[claim.delivery.channel].append((at, claim.delivery))
    for channel, sent in by_channel.items():
        for (before, one), (at, row) in pairwise(sent):
            if row.due_at >= before or one.campaign == row.campaign or row.needs_approval:
                continue
            if at - row.due_at > ALL_ALONG:
                continue
            passed = [
                other
                for when, other in sent
                if row.due_at <= when < at and other.due_at > row.due_at
            ]
            own = sum(other.campaign == row.campaign for other in passed)
            counts = Counter(other.campaign for other in passed if other.campaign != row.campaign)
            for campaign, count in counts.items():
                if count > own + TURNS:
                    yield f"{channel}: {count} of {campaign} went before {told(row)} at {at}"


def outside_hours(rows: Iterable[Delivery], files: dict[str, dict[str, Any]]) -> Iterable[str]:
    """Say what Herald itself has timed into quiet hours, or out of its campaign's window."""
    for row in rows:
        told_by = files.get(row.campaign)
        if told_by is None or (row.moves and row.entry is None):
            continue
        local = row.due_at.astimezone(ZoneInfo(told_by["timezone"]))
        if not time(8) <= local.time() < time(21):
            yield f"due in quiet hours ({local}): {told(row)}"
        if "window" in told_by:
            days = 6 if told_by["window"]["days"] == "mon-sat" else 5
            inside = time(9) <= local.time() <= time(19) and local.weekday() < days
            if not inside:
                yield f"due outside the window ({local}): {told(row)}"


def beyond_limits(rows: Iterable[Delivery]) -> Iterable[str]:
    """Say which partner was passed on more often on a day than the campaigns' limit."""
    entries: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.entry is not None and row.state is S.SENT:
            day = row.due_at.astimezone(ZoneInfo("Europe/Rome")).date().isoformat()
            entries[row.campaign, row.partner or "", day].add(row.entry)
    yield from (f"{what}: {len(some)} entries" for what, some in entries.items() if len(some) > 2)


def in_doubt(row: Delivery) -> bool:
    """Tell whether the outbox knows that *row* may be out there."""
    return row.state is S.CLAIMED or (row.state is S.HELD and row.reason is Reason.UNCLEAR)


def told(row: Delivery) -> str:
    """Return a row in a line."""
    return (
        f"{row.key[:8]} {row.campaign}/{row.item}/{row.occasion} {row.channel} {row.language}"
        f" {row.state} {row.reason} due {row.due_at:%Y-%m-%d %H:%M} until"
        f" {row.not_after_at:%m-%d %H:%M} {row.note or row.error!r} x{row.attempts}"
    )
