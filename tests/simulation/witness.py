"""Watches a simulated year, and says in the end which promise of the outbox was not kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.campaign import CatchUp
from herald.model.delivery import Claim, Delivery, DeliveryState, Reason
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.simulating.year import Year
from tests.simulation.hindrance import Stops, free_time

S = DeliveryState
GRACE = timedelta(seconds=11)
"""A worker that looks every ten seconds sends so late what it has claimed in time."""
STILL_TRIED = timedelta(hours=3)
"""After its last moment a delivery in doubt is still looked up, for two hours at most."""
LONG_ENOUGH = timedelta(hours=4)
"""A network asks to wait for three hours at most, and what waited then goes out within one."""
TURNS = 2
"""So many posts of one campaign go before another's whose turn it is on the same account: one, and
one more as what is claimed at one moment leaves in the order of its moments."""


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
        self.stops = Stops()

    async def every_day(self) -> None:
        """Note what is stopped."""
        assert self.year is not None
        self.stops.note(await self.year.outbox.stops(), now=self.year.clock.now())

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
        # A network that asks to wait again and again takes up turns, and all the time there is.
        if not self.year.troubles.throttled:
            begun = [row for row in rows if self.requests and row.due_at > self.requests[0][0]]
            self.found += missed(begun, self.year, self.stops, end=end)
            self.found += unfair(self.requests, self.stops)
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


def missed(rows: Sequence[Delivery], year: Year, stops: Stops, *, end: datetime) -> Iterable[str]:
    """Say what was never tried, and had all the time to go."""
    for row in rows:
        waited = row.needs_approval or row.planned_hold or row.moved_from
        if row.state is not S.EXPIRED or row.attempts or waited or row.catch_up != CatchUp.POST:
            continue
        hindered = [*year.away, *stops.spans(row, end=end)]
        if free_time(row, hindered) > LONG_ENOUGH:
            yield f"had {free_time(row, hindered)} to go, and was never tried: {told(row)}"


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


def unfair(requests: Sequence[tuple[datetime, Claim]], stops: Stops) -> Iterable[str]:
    """Say which first request had to wait while another campaign's went out time and again.

    Campaigns that share an account take turns. So from the moment at which something is due, every
    other campaign is served once before its own is, and once more each time that is.
    """
    by_channel: dict[str, list[tuple[datetime, Claim]]] = defaultdict(list)
    for at, claim in requests:
        by_channel[claim.delivery.channel].append((at, claim))
    for channel, sent in by_channel.items():
        for nth, (at, claim) in enumerate(sent):
            row = claim.delivery
            if claim.attempt > 1 or row.needs_approval or row.planned_hold:
                continue
            passed = list(_passed_by(row, sent, nth))
            counts = [Counter(turn) for turn in passed]
            worst = max((count for turn in counts for count in turn.values()), default=0)
            if worst > TURNS and not _was_stopped(row, stops, at):
                yield f"{channel}: {worst} of one campaign went before {told(row)} at {at}"


def _was_stopped(row: Delivery, stops: Stops, at: datetime) -> bool:
    """Tell whether anything of *row* was stopped while it was due."""
    return any(begins < at and ends > row.due_at for begins, ends in stops.spans(row, end=at))


def _passed_by(
    row: Delivery, sent: Sequence[tuple[datetime, Claim]], nth: int
) -> Iterable[list[str]]:
    """Yield the campaigns that were served while *row* was due, between two turns of its own."""
    turn: list[str] = []
    for at, claim in reversed(sent[:nth]):
        if at <= row.due_at + GRACE:
            break
        if claim.delivery.campaign == row.campaign:
            yield turn
            turn = []
        else:
            turn.append(claim.delivery.campaign)
    yield turn


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


def beyond_limits(rows: Iterable[Delivery], files: Mapping[str, dict[str, Any]]) -> Iterable[str]:
    """Say where more was passed on than the limits of its campaign allow, by day or by week."""
    limits = {
        name: {who: spelled.split("/") for who, spelled in told_by["amplify"][0]["limit"].items()}
        for name, told_by in files.items()
        if "amplify" in told_by
    }
    entries: dict[tuple[str, str, str, int], set[str]] = defaultdict(set)
    for row in rows:
        if row.entry is None or row.state is not S.SENT:
            continue
        day = row.due_at.astimezone(ZoneInfo("Europe/Rome")).date().toordinal() - 1
        for who, (_, period) in limits[row.campaign].items():
            name = row.partner or "" if who == "partner" else ""
            entries[row.campaign, who, name, day if period == "day" else day // 7].add(row.entry)
    for (campaign, who, name, period), some in entries.items():
        if len(some) > int(limits[campaign][who][0]):
            yield f"{campaign}, {who} {name}, {period}: {len(some)} entries"


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
