"""Planning reads little of the past, and plans as if it had read everything.

A network lives for two years by dice, in steps of days: things are sent, fail, are held or
withdrawn, files are edited, and now and then nothing happens for half a year. At each step the plan
and its comparison with the outbox are made twice, of everything and of what the store gives.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.mailing.letters.select import _first_posts
from herald.model.campaign import (
    After,
    Amplify,
    Anchored,
    Approve,
    At,
    Before,
    Campaign,
    ChannelOverride,
    Every,
    Item,
    Kind,
    Now,
    Quota,
    Series,
    Status,
)
from herald.model.configuration import Configuration
from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import (
    CampaignId,
    ChannelId,
    EntryId,
    FeedId,
    ItemId,
    Language,
    OccasionId,
    PartnerId,
)
from herald.model.network import Capabilities
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.model.reach import CampaignReach, Reach
from herald.model.recurrence import parse_recurrence
from herald.model.span import parse_span
from herald.model.words import Words
from herald.outbox.reconcile import reconcile
from herald.planning.plan import make_plan
from herald.planning.reach import reach_of
from herald.store.engine import Store, open_store
from herald.store.outbox import StoredOutbox
from tests.makers import (
    NOON,
    SOMEWHERE,
    a_campaign,
    a_channel,
    a_delivery,
    a_partner,
    a_payload,
    a_planned_delivery,
    an_item,
    an_occasion,
)

BEGINS = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
FEDI, SKY, TOOTS = ChannelId("fedi"), ChannelId("sky"), ChannelId("toots")
PARTNERS = tuple(PartnerId(name) for name in ("argenta", "delta", "mill", "salt"))
CONFIGURATION = Configuration(
    zone="Europe/Rome",
    channels={
        FEDI: a_channel(),
        SKY: a_channel(id=SKY, languages=(Language("en"),)),
        TOOTS: a_channel(id=TOOTS, network="mastodon"),
    },
    partners={name: a_partner(id=name) for name in PARTNERS},
)
S = DeliveryState
DAY = timedelta(days=1)
ENDS = (S.SENT,) * 6 + (S.FAILED, S.EXPIRED, S.WITHDRAWN, S.HELD)


class Network:
    """Files, entries and an outbox, moved on by dice."""

    def __init__(self, outbox: StoredOutbox, dice: random.Random) -> None:
        self.outbox = outbox
        self.dice = dice
        self.now = BEGINS
        self.entries: list[Entry] = []
        self.doubts = dice.random() < 0.3
        """Some things wait for ever for somebody to look, which lets planning look back as far."""
        self.left_out = 0
        self.number = 0
        self.items = [self._item() for _ in range(6)]
        self.cards = [self._card(nth) for nth in range(4)]

    async def step(self, days: int) -> None:
        """Let time pass, compare, plan, and let what is due come to an end."""
        self.now += timedelta(days=days, minutes=self.dice.randrange(600))
        self._edit()
        campaigns = tuple(self._campaigns())
        plan = await self._compared(campaigns)
        await self.outbox.reconcile(
            plan, lambda rows: reconcile(plan, rows, now=self.now), now=self.now
        )
        await self._end_what_is_due(self.now + timedelta(days=self.dice.choice((1, 9, 40))))

    async def _compared(self, campaigns: tuple[Campaign, ...]) -> Plan:
        span = {
            "now": self.now,
            "first": self.now - timedelta(days=self.dice.choice((0, 0, 0, 30))),
            "last": self.now + timedelta(days=60),
        }
        known = [one for one in self.entries if one.first_seen_at > self.now - timedelta(days=60)]
        reach = reach_of(campaigns, CONFIGURATION, known, **span)
        full, within = await self.outbox.history(), await self.outbox.history_within(reach)
        assert set(within.deliveries) <= set(full.deliveries)
        assert within.first_seen == full.first_seen
        self.left_out += len(full.deliveries) - len(within.deliveries)
        plan, same = (
            make_plan(
                campaigns,
                CONFIGURATION,
                entries=known,
                history=history,
                capabilities={FEDI: Capabilities(), SKY: Capabilities()},
                **span,
            )
            for history in (full, within)
        )
        for name in Plan.__slots__:
            assert getattr(same, name) == getattr(plan, name), name
        rows = await self.outbox.concerned_by(plan)
        assert reconcile(plan, rows, now=self.now) == reconcile(plan, full.deliveries, now=self.now)
        posts, posted = _first_posts(full), _first_posts(within)
        places = [(one.campaign, item) for one in reach.campaigns for item, _ in one.items]
        assert [posted.get(each) for each in places] == [posts.get(each) for each in places]
        return plan

    async def _end_what_is_due(self, until: datetime) -> None:
        rows = await self.outbox.list_deliveries(states=(S.PENDING, S.HELD))
        ended = [self._ended(row) for row in rows if row.due_at <= until]
        steps = tuple(
            Step(change=Change.CHANGED, key=row.key, planned=None, state=row.state, after=row)
            for row in ended
        )
        plan = Plan(made_at=self.now, first=self.now, last=self.now)
        await self.outbox.reconcile(
            plan, lambda _: Reconciliation(steps=steps, hash="", withdrawals=0), now=self.now
        )
        self.now = max(self.now, until)

    def _ended(self, row: Delivery) -> Delivery:
        if row.state is S.HELD and self.dice.random() < 0.2:
            return row
        state = self.dice.choice(ENDS)
        by_hand = self.dice.random() < 0.5
        held = Reason.UNCLEAR if self.doubts else Reason.PERSON
        reasons = {S.HELD: held, S.WITHDRAWN: Reason.PERSON if by_hand else None}
        sent = {"frozen": row.payload, "first_send_at": row.due_at, "sent_at": row.due_at}
        if state is S.SENT and self.dice.random() < 0.1:
            sent["frozen"] = replace(row.payload, text=f"{row.payload.text} By hand.")
        return replace(
            row,
            state=state,
            reason=reasons.get(state),
            note="",
            approved=row.content_hash if self.dice.random() < 0.2 else "",
            **(sent if state is S.SENT else {}),
        )

    # ------------------------------------------------------------------ what files and feeds say

    def _edit(self) -> None:
        """Add and drop items, move and rename some, call some off; bring news."""
        for nth, item in enumerate(self.items):
            match self.dice.randrange(9):
                case 0:
                    self.items[nth] = self._item()
                case 1:
                    self.items[nth] = replace(item, post=(self._occasion(item), *item.post[1:]))
                case 2:
                    self.items[nth] = replace(item, status=Status.CANCELLED)
                case 3 if item.begins is not None:
                    self.items[nth] = replace(item, begins=self._local())
                case 4:
                    self.items[nth] = replace(item, id=ItemId(f"{item.id}-renamed"))
        if self.dice.random() < 0.3:
            self.number += 1
            self.cards[self.dice.randrange(4)] = self._card(100 + self.number)
        for _ in range(self.dice.randrange(5)):
            self.entries.append(self._entry())
        if self.entries and self.dice.random() < 0.4:
            nth = self.dice.randrange(len(self.entries))
            self.entries[nth] = replace(self.entries[nth], withdrawn=True)

    def _campaigns(self) -> Iterator[Campaign]:
        weekly = Every(recurrence=parse_recurrence("wednesday"), at=time(10))
        rule = Amplify(
            partners=("*",),
            limit_partner=Quota(count=1, period=timedelta(days=3)),
            limit_total=Quota(count=4, period=timedelta(days=21)),
            approve=Approve.FIRST,
            channels=(FEDI,),
            translate=(("title", (Language("en"),)),),
            post=(an_occasion(Before(span=parse_span("3d"))),),
            place=SOMEWHERE,
        )
        yield a_campaign(
            *self.items[:3],
            *self.cards,
            channels=(FEDI, SKY),
            amplify=(rule,),
            series=(
                Series(id="turns", kinds=(Kind.GOOD_PRACTICE,), every=weekly, place=SOMEWHERE),
                Series(id="turns-2", kinds=(Kind.GOOD_PRACTICE,), every=weekly, place=SOMEWHERE),
            ),
        )
        boosts = replace(rule, boost=True, channels=(TOOTS,), translate=(), post=())
        voices = a_campaign(*self.items[3:], id=CampaignId("others"), channels=(FEDI,))
        yield replace(voices, amplify=(boosts,))

    def _local(self) -> datetime:
        ahead = timedelta(hours=self.dice.randrange(-300, 1500))
        return (self.now + ahead).replace(tzinfo=None, minute=0, second=0, microsecond=0)

    def _item(self) -> Item:
        self.number += 1
        words = Words.of({"en": f"Told {self.number % 9}.", "it": f"Detto {self.number % 9}."})
        begins = self._local() if self.dice.random() < 0.5 else None
        made = an_item(id=ItemId(f"item-{self.number}"), text=words, begins=begins)
        return replace(made, post=tuple(self._occasion(made) for _ in range(2)))

    def _occasion(self, item: Item) -> Any:
        whens: list[Any] = [
            At(local=self._local()),
            Now(),
            Every(recurrence=parse_recurrence("friday"), at=time(12)),
            Anchored(anchor="museum_day", before=parse_span("7d")),
        ]
        if item.begins is not None:
            whens = [Before(span=parse_span("14d")), Before(span=parse_span("2d"))]
            whens.append(After(span=parse_span("2d")))
        when = self.dice.choice(whens)
        named = OccasionId("own") if self.dice.random() < 0.2 else None
        other = ChannelOverride(channel=SKY, on=self._local())
        return an_occasion(
            when,
            id=named,
            text=Words.of({"en": f"Words {self.dice.randrange(6)}."}),
            on_channel=(other,) if self.dice.random() < 0.1 else (),
        )

    def _card(self, nth: int) -> Item:
        return an_item(id=ItemId(f"card-{nth}"), kind=Kind.GOOD_PRACTICE, post=None)

    def _entry(self) -> Entry:
        self.number += 1
        partner = self.dice.choice(PARTNERS[: 2 + self.number % 3])
        name, event = f"{partner}-{self.number}", None
        if self.dice.random() < 0.3:
            begins = (self.now + timedelta(days=self.dice.randrange(2, 50))).replace(minute=0)
            event = EntryEvent(begins_at=begins, finishes_at=begins + timedelta(hours=2))
        content = ParsedEntry(
            guid=name, title=f"Story {name}", link=f"https://example.org/{name}", event=event
        )
        if self.dice.random() < 0.3:
            content = replace(content, title="", event=None, post_of="mastodon")
        return Entry(
            id=EntryId(name),
            feed=FeedId(partner),
            partners=(partner,),
            language=Language("it"),
            content=content,
            fingerprint="f",
            first_seen_at=self.now,
        )


@pytest.mark.parametrize("seed", range(5))
async def test_a_plan_of_what_can_matter_is_the_plan_of_everything(
    tmp_path: Path, seed: int
) -> None:
    await _plans_are_equal(await open_store("sqlite:///herald.db", tmp_path), seed)


async def test_every_store_finds_what_can_matter(store_url: str, tmp_path: Path) -> None:
    await _plans_are_equal(await open_store(store_url, tmp_path), 0)


async def _plans_are_equal(store: Store, seed: int) -> None:
    network = Network(StoredOutbox(store), random.Random(seed))
    try:
        for days in (0, 2, 5, 9, 16, 30, 1, 200, 3, 8, 1, 365, 2, 4):
            await network.step(days)
    finally:
        await store.close()
    assert network.left_out > 100


# One by one


REACH = Reach(
    begins=NOON,
    first=NOON,
    last=NOON + 60 * DAY,
    back=9 * DAY,
    news_back=20 * DAY,
    campaigns=(CampaignReach(campaign=CampaignId("stories"), items=((ItemId("walk"), 9 * DAY),)),),
    partners=(PARTNERS[0],),
)


def sent(days_ago: int, **changes: Any) -> Delivery:
    """Make what was sent so long ago, of an item that no file has."""
    due_at = NOON - days_ago * DAY
    values: dict[str, Any] = {"item": ItemId("gone"), "occasion": OccasionId(f"ago-{days_ago}")}
    return a_delivery(**(values | changes), due_at=due_at, state=S.SENT, sent_at=due_at)


def news(days_ago: int, **changes: Any) -> Delivery:
    """Make news of a partner that was passed on so long ago."""
    name = f"news-{days_ago}"
    told = {"item": ItemId(name), "entry": EntryId(name), "partner": PARTNERS[0]} | changes
    return sent(days_ago, **told)


@pytest.fixture
async def outbox(store_url: str, tmp_path: Path) -> AsyncIterator[StoredOutbox]:
    store = await open_store(store_url, tmp_path)
    yield StoredOutbox(store)
    await store.close()


async def keep(outbox: StoredOutbox, *rows: Delivery) -> None:
    steps = tuple(
        Step(change=Change.NEW, key=row.key, planned=None, state=row.state, after=row)
        for row in rows
    )
    plan = Plan(made_at=NOON, first=NOON, last=NOON)
    difference = Reconciliation(steps=steps, hash="", withdrawals=0)
    await outbox.reconcile(plan, lambda _: difference, now=NOON)


async def days_read(outbox: StoredOutbox, reach: Reach = REACH) -> set[int]:
    found = await outbox.history_within(reach)
    return {(NOON - row.due_at).days for row in found.deliveries}


async def test_old_deliveries_of_what_no_file_has_are_not_read(outbox: StoredOutbox) -> None:
    await keep(outbox, sent(8), sent(10), sent(400), sent(500, campaign=CampaignId("another")))
    assert await days_read(outbox) == {8}


async def test_what_an_edit_can_move_is_read_however_old_it_is(outbox: StoredOutbox) -> None:
    walk = {"item": ItemId("walk")}
    await keep(outbox, sent(400, moves=True, **walk), sent(500, **walk), sent(600, moves=True))
    assert await days_read(outbox) == {400}


async def test_news_is_read_as_far_back_as_limits_count(outbox: StoredOutbox) -> None:
    await keep(outbox, *(news(days) for days in (1, 15, 19, 21, 30)), sent(15))
    assert await days_read(outbox) == {1, 15, 19}


async def test_a_silent_partners_last_turn_and_two_reasons_of_trust_are_read(
    outbox: StoredOutbox,
) -> None:
    of_another = {"partner": PARTNERS[1]}
    await keep(outbox, news(300), news(301), news(320), news(400), news(200, **of_another))
    assert await days_read(outbox) == {300, 301}
    twice = {"entry": EntryId("news-300"), "item": ItemId("news-300")}
    await keep(outbox, news(299, **twice))
    assert await days_read(outbox) == {299, 300, 301}


async def test_a_moved_occasion_is_compared_with_what_was_sent_and_with_its_answer(
    outbox: StoredOutbox,
) -> None:
    walk = {"item": ItemId("walk"), "moves": True}
    old, other = sent(400, **walk), sent(500, item=ItemId("salt"), moves=True)
    answer = replace(sent(300), state=S.FAILED, moved_from=old.key)
    await keep(outbox, old, other, answer, sent(200, item=ItemId("walk")))
    planned = a_planned_delivery(item=ItemId("walk"), due_at=NOON + DAY)
    plan = Plan(made_at=NOON, first=NOON, last=NOON + 60 * DAY, deliveries=(planned,))
    found = {row.key for row in await outbox.concerned_by(plan)}
    assert found == {old.key, answer.key}


async def test_late_words_are_compared_with_what_was_said_ever_before(
    outbox: StoredOutbox,
) -> None:
    said, other = sent(400), sent(500, payload=a_payload(text="Something else"))
    frozen = replace(sent(600), payload=a_payload(text="Edited since"), frozen=a_payload())
    await keep(outbox, said, other, frozen)
    planned = a_planned_delivery(due_at=NOON, occasion=OccasionId("again"), payload=a_payload())
    plan = Plan(made_at=NOON, first=NOON, last=NOON + 60 * DAY, deliveries=(planned,))
    found = {row.key for row in await outbox.concerned_by(plan)}
    assert found == {said.key, frozen.key}
