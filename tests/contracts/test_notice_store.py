"""What every store of notices promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from herald.model.campaign import CatchUp
from herald.model.delivery import Action, DeliveryState, Reason
from herald.model.ids import ChannelId
from herald.model.notice import (
    Kind,
    Message,
    NotNow,
    Occasion,
    Raised,
    Refused,
    Remembered,
    Round,
    Told,
    Unsure,
)
from herald.store.engine import Store, open_store
from herald.store.notices import StoredNotices, wait_after
from herald.store.rows import insert_rows
from tests.makers import NOON, a_delivery

MINUTE = timedelta(minutes=1)
LEASE = 5 * MINUTE
TURN = 3 * MINUTE
NOTHING = Round()
ONE = Raised(kind=Kind.FAILED, subject="fedi/stories/mill", raised_at=NOON)


@pytest.fixture
async def database(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(store_url, tmp_path)
    yield store
    await store.close()


@pytest.fixture
def store(database: Store) -> StoredNotices:
    return StoredNotices(database)


def a_message(name: str = "alert-1", way: str = "matrix", **changes) -> Message:
    values = {
        "id": name,
        "way": way,
        "subject": "Herald: it failed",
        "body": "žlahtni pozdravi 🏛️\n",
        "made_at": NOON,
        "occasion": Occasion.ALERT,
    }
    return Message(**(values | changes))


async def look(
    store: StoredNotices, round_: Round = NOTHING, *, owner: str = "a", now=NOON
) -> Remembered | None:
    """Let *owner* look; return what it found, None where it was not its turn."""
    seen: list[Remembered] = []

    def decide(known: Remembered) -> Round:
        seen.append(known)
        return round_

    done = await store.observe(decide, owner=owner, now=now, lease=TURN)
    return seen[-1] if done is not None else None


async def claim(store: StoredNotices, *, way: str = "matrix", owner: str = "a", now=NOON):
    return await store.claim_message(way, owner=owner, now=now, lease=LEASE)


# ---------------------------------------------------------------- what was told


async def test_what_was_raised_and_when_is_remembered(store):
    assert await look(store) == Remembered()
    told = replace(ONE, told_at=NOON, gone_at=NOON + MINUTE, times=2)
    await look(
        store,
        Round(raised=(told,), digest_day=date(2027, 5, 10), digest_at=NOON, alerted_at=NOON),
    )
    assert await look(store) == Remembered(
        raised=(told,), digest_day=date(2027, 5, 10), digest_at=NOON, alerted_at=NOON
    )


async def test_what_changes_is_written_and_what_is_forgotten_is_gone(store):
    other = replace(ONE, kind=Kind.FEED)
    await look(store, Round(raised=(ONE, other)))
    await look(store, Round(raised=(replace(ONE, times=1),), forgotten=(other,)))
    found = await look(store)
    assert found is not None
    assert found.raised == (replace(ONE, times=1),)


async def test_one_process_looks_until_its_turn_has_lapsed_or_is_given_up(store):
    assert await look(store, owner="a") is not None
    assert await look(store, owner="b", now=NOON + TURN - MINUTE) is None
    assert await look(store, owner="a", now=NOON + 2 * MINUTE) is not None
    assert await look(store, owner="b", now=NOON + 2 * MINUTE + TURN) is not None
    assert await look(store, owner="a", now=NOON + 2 * MINUTE + TURN) is None
    await store.end_turn(owner="a")
    assert await look(store, owner="a", now=NOON + 2 * MINUTE + TURN) is None
    await store.end_turn(owner="b")
    assert await look(store, owner="a", now=NOON + 2 * MINUTE + TURN) is not None


async def test_of_many_that_look_at_once_one_decides(store):
    round_ = Round(messages=(a_message(),))
    looks = await asyncio.gather(*(look(store, round_, owner=f"p{nth}") for nth in range(8)))
    assert sum(found is not None for found in looks) == 1
    claims = await asyncio.gather(*(claim(store, owner=f"p{nth}") for nth in range(8)))
    assert sum(found is not None for found in claims) == 1


async def test_a_decision_that_fails_changes_nothing(store, database):
    def decide(known: Remembered) -> Round:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.observe(decide, owner="a", now=NOON, lease=TURN)
    assert await look(store, owner="b") is not None


# ---------------------------------------------------------------- what is owed


async def test_a_message_is_taken_as_it_was_written_and_told_once(store):
    await look(store, Round(messages=(a_message(), a_message(way="webhook"))))
    owed = await claim(store)
    assert owed is not None
    assert owed.message == a_message()
    assert await claim(store) is None
    assert await store.settle_message(owed, Told(), now=NOON)
    assert await claim(store, now=NOON + 10 * LEASE) is None
    assert await claim(store, way="webhook") is not None


async def test_the_same_message_written_again_is_not_owed_again(store):
    await look(store, Round(messages=(a_message(),)))
    owed = await claim(store)
    await store.settle_message(owed, Told(), now=NOON)
    await look(store, Round(messages=(a_message(),)))
    assert await claim(store) is None


async def test_what_could_not_be_sent_is_owed_again_after_a_wait_that_doubles(store):
    await look(store, Round(messages=(a_message(),)))
    now = NOON
    for wait in (1, 2, 4):
        owed = await claim(store, now=now)
        await store.settle_message(owed, NotNow("down"), now=now)
        assert await claim(store, now=now + wait * MINUTE - timedelta(seconds=1)) is None
        now += wait * MINUTE


def test_no_wait_is_longer_than_an_hour():
    waits = [wait_after(attempts, NotNow("down")) for attempts in range(100)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)


async def test_a_wait_that_the_other_side_asks_for_is_kept_up_to_an_hour(store):
    await look(store, Round(messages=(a_message(),)))
    owed = await claim(store)
    await store.settle_message(owed, NotNow("slowly", 30 * MINUTE), now=NOON)
    assert await claim(store, now=NOON + 29 * MINUTE) is None
    again = await claim(store, now=NOON + 30 * MINUTE)
    await store.settle_message(again, NotNow("slowly", timedelta(days=9)), now=NOON)
    assert await claim(store, now=NOON + 60 * MINUTE) is not None


async def test_a_message_whose_sender_died_is_sent_once_more_and_never_a_third_time(store):
    await look(store, Round(messages=(a_message(),)))
    first = await claim(store)
    assert await claim(store, now=NOON + LEASE - MINUTE) is None
    second = await claim(store, owner="b", now=NOON + LEASE)
    assert second is not None
    assert second.message == first.message
    assert not await store.settle_message(first, Told(), now=NOON + LEASE)
    assert await claim(store, now=NOON + 10 * LEASE) is None
    assert not await store.settle_message(second, Told(), now=NOON + 11 * LEASE)


async def test_a_message_that_may_have_arrived_is_sent_once_more_and_never_a_third_time(store):
    await look(store, Round(messages=(a_message(),)))
    for _ in range(2):
        owed = await claim(store)
        assert owed is not None
        await store.settle_message(owed, Unsure("no answer"), now=NOON)
    assert await claim(store, now=NOON + 10 * LEASE) is None


async def test_what_is_refused_is_not_sent_again(store):
    await look(store, Round(messages=(a_message(),)))
    await store.settle_message(await claim(store), Refused("550"), now=NOON)
    assert await claim(store, now=NOON + 10 * LEASE) is None


async def test_one_who_is_alone_takes_over_at_once(store):
    await look(store, Round(messages=(a_message(),)), owner="dead")
    await claim(store, owner="dead")
    await store.end_leases()
    assert await look(store, owner="alive") is not None
    assert await claim(store, owner="alive") is not None


async def test_a_summary_takes_the_place_of_what_its_way_still_owes(store):
    await look(store, Round(messages=(a_message(), a_message("alert-2", way="webhook"))))
    digest = a_message("digest-1", occasion=Occasion.DIGEST, made_at=NOON + MINUTE)
    await look(store, Round(messages=(digest,)))
    owed = await claim(store, now=NOON + MINUTE)
    assert owed.message == digest
    assert await claim(store, now=NOON + MINUTE) is None
    assert await claim(store, way="webhook") is not None


async def test_what_could_not_be_sent_for_days_is_given_up(store):
    await look(store, Round(messages=(a_message(),)))
    assert await claim(store, now=NOON + timedelta(days=3)) is None


async def test_one_way_that_is_owed_much_keeps_its_order(store):
    messages = tuple(a_message(f"alert-{nth}", made_at=NOON + nth * MINUTE) for nth in range(4))
    await look(store, Round(messages=messages[::-1]), now=NOON)
    later = NOON + 10 * MINUTE
    names = [(await claim(store, now=later)).message.id for _ in range(4)]
    assert names == [one.id for one in messages]


# ---------------------------------------------------------------- what stands still


async def put(database: Store, **changes) -> None:
    async with database.writing() as connection:
        await insert_rows(connection, [a_delivery(**changes)])


BY_HAND = [ChannelId("facebook")]


STANDING = [
    ({"state": DeliveryState.HELD, "reason": Reason.APPROVAL}, True),
    ({"state": DeliveryState.HELD, "reason": Reason.UNCLEAR}, True),
    ({"state": DeliveryState.HELD, "reason": Reason.DRAFT}, False),
    ({"state": DeliveryState.HELD, "reason": Reason.PERSON}, False),
    ({"state": DeliveryState.FAILED}, True),
    ({"state": DeliveryState.FAILED, "due_at": NOON - timedelta(days=2)}, False),
    ({"state": DeliveryState.CLAIMED, "unclear_at": NOON}, True),
    ({"state": DeliveryState.FAILED, "action": Action.BOOST}, False),
    ({"state": DeliveryState.CLAIMED}, False),
    ({"state": DeliveryState.PENDING}, False),
    ({"state": DeliveryState.SENT, "channel": "facebook", "network": "manual"}, True),
    ({"state": DeliveryState.SENT, "channel": "facebook", "url": "https://a.example"}, False),
    ({"state": DeliveryState.SENT}, False),
    ({"state": DeliveryState.EXPIRED}, True),
    ({"state": DeliveryState.EXPIRED, "catch_up": CatchUp.SKIP}, False),
    ({"state": DeliveryState.EXPIRED, "not_after_at": NOON - timedelta(days=4)}, False),
]
"""What stands in the outbox, and whether an officer should know."""


async def test_what_needs_a_person_is_found_and_nothing_else(store, database):
    for nth, (changes, _) in enumerate(STANDING):
        await put(database, key=f"{nth:064}", item=f"item-{nth}", **changes)
    found = await store.stuck(now=NOON, by_hand=BY_HAND)
    assert {one.item: (one.state, one.reason) for one in found} == {
        f"item-{nth}": (changes["state"], changes.get("reason"))
        for nth, (changes, is_told) in enumerate(STANDING)
        if is_told
    }


async def test_deliveries_of_one_item_on_one_channel_are_told_together(store, database):
    for nth, language in enumerate(("en", "it", "pl")):
        await put(
            database,
            key=f"{nth:064}",
            language=language,
            state=DeliveryState.FAILED,
            due_at=NOON + nth * MINUTE,
            error="too long",
            note="",
        )
    (one,) = await store.stuck(now=NOON, by_hand=())
    assert (one.count, one.due_at, one.key) == (3, NOON, f"{0:064}")
    assert one.said == "too long"
