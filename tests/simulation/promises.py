"""What Herald promises, held against what it does: at every send, plan and look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from herald.clock import SetClock
from herald.model.delivery import Claim, Delivery, DeliveryState, Reason
from herald.model.ids import DeliveryKey
from tests.simulation.accounts import Account
from tests.simulation.world import (
    MARK,
    STATEMENT,
    Campaign,
    Item,
    Owed,
    Slot,
    World,
    begins_at,
    owed,
)

GRACE = timedelta(minutes=3)
"""Between a claim and its send others may have been slow."""
SOON = timedelta(hours=3)
AHEAD = timedelta(days=58)
WAITING = frozenset({DeliveryState.PENDING, DeliveryState.HELD})
MAY_HOLD = frozenset(
    {Reason.APPROVAL, Reason.PERSON, Reason.MOVED, Reason.UNCLEAR, Reason.LATE, Reason.DRAFT}
)


class Broken(AssertionError):
    """A promise was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a network was given."""

    key: DeliveryKey
    channel: str
    language: str
    text: str
    name: str
    """Item and slot by the simulation's names, or the entry's."""
    at: datetime


class Promises:
    """Remembers what people wrote and decided, and what networks were given."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.found: list[str] = []
        self.posts: list[Post] = []
        self.known: dict[str, Campaign] = {}
        """What Herald last read of each campaign without an error."""
        self.channels: dict[str, list[str]] = {}
        self.file_stops: set[tuple[str, str]] = set()
        self.stops: set[tuple[str, str]] = set()
        self.by_hand: set[str] = set()
        """Keys that a person sent on: they may repeat, and be late."""
        self.approved: dict[str, tuple[str, datetime]] = {}
        self.renamed: set[str] = set()
        self.relocated: set[str] = set()
        """Items of which something that was sent may have moved."""
        self.woke_at = clock.now()
        self.quiet = ""
        self.limbo = False
        self._sent: dict[str, Delivery] = {}
        self._setting = ""
        self.read: set[str] = set()
        """Campaigns of which Herald has a sound state."""

    def broken(self, what: str) -> None:
        """Note that a promise was not kept."""
        self.found.append(f"{self.clock.now():%Y-%m-%d %H:%M} {what}")

    def learn(self, world: World, *, limbo: bool) -> None:
        """Take what stands in sound files for what Herald knows from now on."""
        before, self.known = self.known, {}
        for campaign in world.campaigns:
            if not campaign.broken:
                self.known[campaign.id] = deepcopy(campaign)
            elif campaign.id in before:
                self.known[campaign.id] = before[campaign.id]
        self.read = set(self.known)
        if limbo:
            self.known = before | self.known
            self.read -= {one.id for one in world.campaigns if one.broken}
        self.limbo = limbo
        self.channels = deepcopy(world.channels)
        self.quiet = world.quiet
        self.file_stops = (
            {("channel", name) for name in world.paused_channels}
            | {("partner", name) for name in world.paused_partners}
            | {("campaign", one.id) for one in self.known.values() if one.paused}
        )

    # ------------------------------------------------------------------ at a send

    def published_now(self, claim: Claim, now: datetime) -> None:
        """Judge a post at the moment at which its network gets it."""
        row = claim.delivery
        said = (
            f"{row.key[:8]} {row.campaign}/{row.item}/{row.occasion} {row.channel} {row.language}"
        )
        for scope, name in self.stops | self.file_stops:
            stopped = {
                "everything": True,
                "channel": row.channel == name,
                "partner": row.partner == name,
                "campaign": row.campaign == name,
            }[scope]
            if stopped:
                self.broken(f"sent while {scope} {name} is stopped: {said}")
        if any(post.key == row.key for post in self.posts):
            self.broken(f"sent twice: {said}")
        if now > row.not_after_at + GRACE:
            self.broken(f"sent after its time ({row.not_after_at:%m-%d %H:%M}): {said}")
        name = self._entry(claim, said) if row.entry else self._item(claim, said, now)
        self.posts.append(
            Post(
                key=row.key,
                channel=row.channel,
                language=row.language,
                text=claim.payload.text,
                name=name,
                at=now,
            )
        )

    def _entry(self, claim: Claim, said: str) -> str:
        name = claim.payload.text.split("e=")[1].split()[0] if "e=" in claim.payload.text else "?"
        name = f"{name}/{claim.delivery.occasion}"
        self._twice(claim, name, said)
        return name

    def _twice(self, claim: Claim, name: str, said: str) -> None:
        row = claim.delivery
        if row.key in self.by_hand:
            return
        for post in self.posts:
            if (post.channel, post.language) != (row.channel, row.language):
                continue
            if post.key in self.by_hand and post.name == name:
                continue
            if post.name == name and name.split("/", maxsplit=1)[0] not in self.renamed:
                self.broken(f"posted twice, first as {post.key[:8]} at {post.at}: {said}")
            elif post.text == claim.payload.text and row.entry is None:
                self.broken(f"same words twice, first as {post.key[:8]} at {post.at}: {said}")

    def _item(  # noqa: PLR0911 - one return for each kind of name
        self, claim: Claim, said: str, now: datetime
    ) -> str:
        row, text = claim.delivery, claim.payload.text
        campaign = self.known.get(row.campaign)
        item = campaign.item(row.item) if campaign else None
        if row.key in self.by_hand:
            return f"{row.item}/{row.occasion}"
        if campaign is None or item is None:
            self.broken(f"sent though it is in no file: {said}")
            return "?"
        if item.status != "planned":
            self.broken(f"sent though it is {item.status}: {said}")
        found = MARK.search(text)
        if found is None:
            self.broken(f"sent without its words: {said}: {text!r}")
            return "?"
        tag, slot_name, version, language = found.groups()
        self._check_words(claim, campaign, item, (tag, language), said)
        if item.kind == "good_practice":
            return f"{item.tag}/{row.occasion}"
        slot = _slot(item, row.occasion)
        if slot is None:
            self.broken(f"no such occasion in its file: {said}")
            return f"{item.tag}/{slot_name}"
        current = slot.version if slot.own_text else item.version
        if slot.draft:
            self.broken(f"sent as a draft: {said}")
        if int(version) != current:
            self.broken(f"old words v{version}, not v{current}: {said}")
        begins = begins_at(item)
        if slot.form == "before" and begins and now >= begins + GRACE:
            self.broken(f"a reminder after its event: {said}")
        name = f"{item.tag}/{slot.name}"
        if slot.form == "every":
            return f"{name}/{row.occasion}"
        self._twice(claim, name, said)
        return name

    def _check_words(
        self, claim: Claim, campaign: Campaign, item: Item, named: tuple[str, str], said: str
    ) -> None:
        row, text, (tag, language) = claim.delivery, claim.payload.text, named
        if tag != item.tag or language != claim.payload.language:
            self.broken(f"words of another ({text!r}): {said}")
        if campaign.missing != "lead" and claim.payload.language != row.language:
            self.broken(f"another language ({text!r}): {said}")
        spoken = self.channels.get(row.channel, [])
        is_read = campaign.id in self.read
        if is_read and spoken and campaign.missing != "lead" and language not in spoken:
            self.broken(f"the account does not speak it: {said}")
        if campaign.project and f"{STATEMENT} {language}" not in text:
            self.broken(f"no funding statement ({text!r}): {said}")
        is_approved = self.approved.get(row.key) == (text, row.due_at)
        if campaign.approve == "manual" and not is_approved:
            self.broken(f"not approved as sent ({text!r}): {said}")

    # ------------------------------------------------------------------ after planning

    def check_plan(
        self,
        before: Sequence[Delivery],
        rows: Sequence[Delivery],
        world: World,
        *,
        refused: bool,
        confirmed: bool,
    ) -> None:
        """Hold the outbox against the files that were just read."""
        now = self.clock.now()
        by_key = {row.key: row for row in rows}
        wanted: dict[str, Owed] = {}
        for campaign in self.known.values():
            wanted |= {one.key: one for one in owed(campaign, self.channels)}
        sound = {one.id for one in world.campaigns if not one.broken}
        for one in wanted.values():
            if one.campaign in sound and now + SOON < one.earliest < now + AHEAD:
                self._check_owed(one, by_key.get(one.key))
        for row in rows:
            if row.key in wanted or row.campaign not in sound or row.entry is not None:
                continue
            self._check_unowed(row, refused=refused)
        setting = repr((self.channels, self.quiet, self.file_stops))
        same_setting, self._setting = setting == self._setting and not confirmed, setting
        for campaign in world.campaigns:
            if campaign.broken and same_setting:
                self._check_kept(campaign.id, before, by_key)

    def _check_owed(self, one: Owed, row: Delivery | None) -> None:
        told = f"{one.campaign}/{one.item}/{one.slot} {one.channel} {one.language}"
        if row is None:
            self.broken(f"in its file, and nothing waits: {told} at {one.earliest}")
            return
        said = f"{told} {row.key[:8]} {row.state} {row.reason} {row.note!r}"
        if row.state in {DeliveryState.SENT, DeliveryState.CLAIMED, DeliveryState.FAILED}:
            return
        if row.state is DeliveryState.WITHDRAWN and row.reason is Reason.PERSON:
            return
        if row.state not in WAITING:
            self.broken(f"in its file, and does not wait: {said}")
            return
        if not one.earliest <= row.due_at <= one.latest and row.reason is not Reason.UNCLEAR:
            self.broken(f"due at {row.due_at}, not {one.earliest}: {said}")
        if row.state is DeliveryState.HELD:
            if one.draft != (row.reason is Reason.DRAFT) and row.reason not in {
                Reason.MOVED,
                Reason.PERSON,
                Reason.UNCLEAR,
            }:
                self.broken(f"held, draft {one.draft}: {said}")
            if row.reason not in MAY_HOLD:
                self.broken(f"held without cause: {said}")
            if row.reason is Reason.MOVED and one.item not in self.relocated:
                self.broken(f"held as moved, and nothing moved: {said}")
        elif one.draft:
            self.broken(f"a draft is not held: {said}")

    def _check_unowed(self, row: Delivery, *, refused: bool) -> None:
        campaign = self.known[row.campaign]
        item = campaign.item(row.item)
        if item is not None and item.kind == "good_practice" and item.status == "planned":
            return
        if item is not None and item.status == "planned":
            slot = _slot(item, row.occasion)
            if slot is not None and slot.form == "every":
                return
            if slot is not None and (campaign.missing != "skip" or slot.form == "before"):
                return
        if row.key in self.by_hand or row.frozen is not None:
            return
        over = self.clock.now() > row.not_after_at
        if row.state is DeliveryState.PENDING and not over:
            self.broken(f"waits, and no file asks for it: {_told(row)}")
        if row.state is DeliveryState.HELD and row.reason is Reason.WITHDRAWAL and not refused:
            self.broken(f"held for a withdrawal that nobody refused: {_told(row)}")

    def _check_kept(
        self, campaign: str, before: Sequence[Delivery], rows: dict[DeliveryKey, Delivery]
    ) -> None:
        now = self.clock.now()
        for row in before:
            after = rows[row.key]
            if row.campaign != campaign or row.state is after.state or row.entry is not None:
                continue
            if row.occasion.startswith("weekly-") or row.key in self.by_hand:
                continue  # cards are dealt anew by what went out
            if after.state is DeliveryState.WITHDRAWN:
                self.broken(f"a broken file lost a delivery: {_told(after)}")
            if after.state is DeliveryState.EXPIRED and now <= row.not_after_at:
                self.broken(f"a broken file's delivery expired early: {_told(after)}")

    # ------------------------------------------------------------------ at a look

    def check_outbox(self, rows: Sequence[Delivery], *, throttled: set[str]) -> None:
        """Check what must hold whenever nothing is under way."""
        now = self.clock.now()
        posted = {post.key for post in self.posts}
        stops = self.stops | self.file_stops
        for row in rows:
            self._check_told(row, posted)
            if row.state is DeliveryState.PENDING and not row.reason:
                if row.next_at <= now and row.channel not in throttled:
                    self.broken(f"overdue: {_told(row)}")
                if now > row.not_after_at and row.channel not in throttled:
                    self.broken(f"neither sent nor expired: {_told(row)}")
            if (row.reason is Reason.PAUSED) and not stops:
                self.broken(f"paused by nobody: {_told(row)}")
            self._check_hours(row)
        self._check_turns(rows)

    def _check_told(self, row: Delivery, posted: set[DeliveryKey]) -> None:
        if row.state is DeliveryState.SENT:
            self._check_sent(row, posted)
        elif row.key in posted and not _may_be_out(row):
            self.broken(f"it is out there, and does not say so: {_told(row)}")
        if row.state is DeliveryState.EXPIRED and not (row.note or row.error):
            self.broken(f"expired without a word: {_told(row)}")
        if row.state is DeliveryState.FAILED and not row.error:
            self.broken(f"failed without a word: {_told(row)}")

    def _check_turns(self, rows: Sequence[Delivery]) -> None:
        """See that a series posts one card on a day."""
        turns: Counter[tuple[str, ...]] = Counter()
        cards = {i.id for c in self.known.values() for i in c.items if i.kind == "good_practice"}
        for row in rows:
            by_itself = row.key not in self.by_hand
            if row.state is DeliveryState.SENT and row.item in cards and by_itself:
                turns[row.campaign, row.occasion, row.channel, row.language] += 1
        for turn, count in turns.items():
            if count > 1:
                self.broken(f"{count} cards on one day: {turn}")

    def _check_sent(self, row: Delivery, posted: set[DeliveryKey]) -> None:
        if row.key not in posted:
            self.broken(f"sent, and nobody saw it: {_told(row)}")
        first = self._sent.setdefault(row.key, row)
        if first != row:
            self.broken(f"a sent delivery changed: {_told(first)} -> {_told(row)}")

    def _check_hours(self, row: Delivery) -> None:
        """See that what Herald times itself is due when it is welcome."""
        campaign = self.known.get(row.campaign)
        if campaign is None or row.state is not DeliveryState.PENDING or row.key in self.by_hand:
            return
        if campaign.id not in self.read:
            return
        item = campaign.item(row.item)
        slot = _slot(item, row.occasion) if item and item.kind != "good_practice" else None
        if slot is not None and slot.form != "every":
            return
        if row.due_at <= self.clock.now():
            return
        local = row.due_at.astimezone(ZoneInfo(campaign.zone))
        if self.quiet and _within(local.time(), *_hours(self.quiet)):
            self.broken(f"due in quiet hours ({local}): {_told(row)}")
        if campaign.window:
            weekday = local.weekday() < 5
            if not (weekday and _within(local.time(), *_hours(campaign.window["hours"]))):
                self.broken(f"due outside the window ({local}): {_told(row)}")

    def check_account(self, name: str, account: Account) -> None:
        """See that a network holds nothing twice."""
        counts = Counter(claim.delivery.key for claim, _ in account.posts)
        for key, count in counts.items():
            if count > 1:
                self.broken(f"{name} holds {key[:8]} {count} times")


def _slot(item: Item, occasion: str) -> Slot | None:
    for slot in item.slots:
        named = slot.occasion()
        if occasion == named or (slot.form == "every" and occasion[:-11] == named):
            return slot
    return None


def _may_be_out(row: Delivery) -> bool:
    if row.state is DeliveryState.WITHDRAWN:
        return row.reason is Reason.PERSON
    return row.state is DeliveryState.CLAIMED or (
        row.state is DeliveryState.HELD and row.reason is Reason.UNCLEAR
    )


def _hours(spelled: str) -> tuple[time, time]:
    first, last = spelled.split("-")
    return time.fromisoformat(first), time.fromisoformat(last)


def _within(clock: time, first: time, last: time) -> bool:
    if first <= last:
        return first <= clock < last
    return clock >= first or clock < last


def _told(row: Delivery) -> str:
    return (
        f"{row.key[:8]} {row.campaign}/{row.item}/{row.occasion} {row.channel} {row.language}"
        f" {row.state} {row.reason} due {row.due_at:%m-%d %H:%M} next {row.next_at:%m-%d %H:%M}"
        f" until {row.not_after_at:%m-%d %H:%M} {row.note or row.error!r} x{row.attempts}"
    )
