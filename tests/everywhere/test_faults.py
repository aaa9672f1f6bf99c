"""Every fault on every network, met by every kind of delivery: how it ends, and in how many posts.

Through the real worker and the real store, on a clock that is moved until nothing moves any more.
What the manual says of it (docs/why/delivery.md) is held to what is seen here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from herald.channels.registry import BROUGHT_ALONG
from herald.model.delivery import Action, DeliveryState, Reason
from herald.model.ids import DeliveryKey, ItemId
from herald.model.network import Handle
from herald.outbox.correcting import Way
from tests.everywhere.faults import ON_THE_WAY, Kind, Trouble, can_meet, mend, spoil
from tests.everywhere.networks import ROADS
from tests.everywhere.world import World, a_world, next_part
from tests.servers.mastodon import BEHAVIOURS

PAGE = (Path(__file__).parents[2] / "docs" / "why" / "delivery.md").read_text(encoding="utf-8")
HEADING = "## What each fault ends in"

PERSONAS = {each.name for each in BEHAVIOURS} - {"mastodon"}
"""Servers like Mastodon: what is written for it holds there, as far as they let it."""
LOSSES = (Trouble.LOST_BEFORE, Trouble.LOST_AFTER, Trouble.WRONG_JSON)
IN_DOUBT = frozenset(ON_THE_WAY)
DONE_ALREADY = IN_DOUBT - {Trouble.LOST_BEFORE}
"""The network has done what it was asked for, and Herald does not know."""
OF_GATEWAYS = frozenset({Trouble.ERROR_AFTER, Trouble.GATEWAY_AFTER})
SUBJECTS = (
    "The salt house has opened",
    "Basket makers meet on Friday",
    "A walk between rice fields",
    "Who remembers the drovers?",
    "Hop pickers sang this song",
    "Eleven guides for one mill",
    "Bread on a plate of clay",
    "The ferry is back again",
    "Old maps of our valley",
    "How a boat was tarred here",
    "Bells of seven flocks ring",
)
"""What is said in one place, so different that none is taken for another."""

ONCE, FAILED, HELD, STOPPED = "once", "failed", "held", "stopped, then once"
ENDS = {
    (DeliveryState.SENT, None): ONCE,
    (DeliveryState.FAILED, None): FAILED,
    (DeliveryState.HELD, Reason.UNCLEAR): HELD,
}


@dataclass(frozen=True)
class End:
    """How a delivery ended, and what the network has done of it then."""

    how: str
    done: bool


def expected(world: World, kind: Kind, trouble: Trouble) -> End:
    """Return what the promises of docs/why/delivery.md come to, by what the network offers."""
    blind = world.limits.handle is Handle.NOTHING and world.limits.repeat_within is None
    done = trouble in DONE_ALREADY
    if world.name == "apprise":  # it tells a refusal from nothing else
        return End(ONCE, True) if trouble is Trouble.WRONG_JSON else End(HELD, done)
    match trouble:
        case Trouble.REFUSED | Trouble.PICTURE_REFUSED:
            return End(FAILED, False)
        case Trouble.TOKEN:
            return End(STOPPED, True)
        case _ if blind and trouble in IN_DOUBT and kind in {Kind.PICTURE, Kind.PLAIN, Kind.PART}:
            return End(HELD, done)
    return End(ONCE, True)


def is_open(world: World, kind: Kind) -> bool:
    """Tell whether there is such a delivery on that network."""
    limits, by = world.limits, getattr(getattr(world.place, "server", None), "behaviour", None)
    return {
        Kind.PICTURE: limits.media_most > 0,
        Kind.PLAIN: not world.needs_pictures,
        Kind.PART: limits.threads,
        Kind.EDIT: Action.EDIT in limits.actions and getattr(by, "edits", 200) == 200,
        # Takahe answers 500 for what is gone: a deletion whose answer was lost is made again for
        # two days and then held. That long way is gone by tests/delivery.
        Kind.DELETE: Action.DELETE in limits.actions and getattr(by, "unknown", 404) == 404,
    }[kind]


async def begun(world: World, kind: Kind, nth: int) -> tuple[DeliveryKey, str]:
    """Do what comes before the delivery that meets the fault; return its key and its words."""
    text = SUBJECTS[nth]
    pictures = int(kind is Kind.PICTURE or world.needs_pictures)
    first = world.wanted(text, pictures=pictures, item=ItemId(f"item-{nth}"))
    if kind in {Kind.PICTURE, Kind.PLAIN}:
        return first.key, text
    if kind is Kind.PART:
        second = next_part(world, first, f"And so it went on: {text}")
        await world.enqueue(first, second)
        await world.worker().drain()
        return second.key, second.payload.text
    await world.enqueue(first)
    await world.rest()
    return first.key, text


async def wanted(
    world: World, kind: Kind, nth: int, key: DeliveryKey, said: str
) -> tuple[DeliveryKey, str]:
    """Bring the delivery into the outbox that meets the fault, where it is not there yet."""
    text = SUBJECTS[nth]
    match kind:
        case Kind.PICTURE | Kind.PLAIN:
            pictures = int(kind is Kind.PICTURE or world.needs_pictures)
            await world.enqueue(world.wanted(text, pictures=pictures, item=ItemId(f"item-{nth}")))
        case Kind.EDIT | Kind.DELETE:
            sent = await world.row(key)
            assert sent.state is DeliveryState.SENT
            way = Way.EDIT if kind is Kind.EDIT else Way.DELETE
            changed = f"No more of this: {text}" if way is Way.EDIT else text
            return await world.correct(sent, replace(sent.payload, text=changed), way), changed
    return key, said


async def ended(world: World, kind: Kind, nth: int, trouble: Trouble) -> End:
    """Let one delivery meet *trouble*; return its end."""
    key, said = await begun(world, kind, nth)
    was = world.texts()
    spoil(world, kind, trouble)
    key, said = await wanted(world, kind, nth, key, said)
    stops = await world.rest()
    how = ""
    if stops:
        assert [(stop.scope, stop.name) for stop in stops] == [("channel", "here")]
        assert (await world.row(key)).state is DeliveryState.PENDING
        assert world.texts() == was
        how = "stopped, then "
    mend(world)
    for stop in stops:
        await world.store.resume(stop.scope, stop.name)
        await world.rest()
    row = await world.row(key)
    told = row.reason if row.state is DeliveryState.HELD else None
    assert row.error or row.state is not DeliveryState.FAILED, "it failed without a word"
    done = has_done(world, kind, said, was)
    return End(how + ENDS.get((row.state, told), f"{row.state} {row.reason}"), done)


def has_done(world: World, kind: Kind, said: str, was: list[str]) -> bool:
    """Tell whether the network has done what it was told, and see that it has done no more."""
    there = world.texts()
    if kind is Kind.DELETE:
        left = [text for text in was if text != said]
        assert there in (was, left)
        return there == left
    assert there.count(said) <= 1, "it is there twice"
    assert len(there) == len(was) + (said in there and kind is not Kind.EDIT)
    return said in there


def troubles(world: World, kind: Kind) -> tuple[Trouble, ...]:
    """Return what a delivery is tried with; in every run all for the posts of the manual's table.

    Servers like Mastodon meet what differs there; what a gateway says is met once by each network.
    """
    if os.environ.get("HERALD_EVERY_FAULT") or kind is of_the_manual(world):
        return LOSSES if world.name in PERSONAS else tuple(Trouble)
    if world.name in PERSONAS:
        return LOSSES[:2]
    return tuple(each for each in Trouble if each not in OF_GATEWAYS)


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
@pytest.mark.parametrize("name", ROADS)
async def test_every_fault_ends_as_promised_and_never_in_two_posts(
    name: str, kind: Kind, tmp_path: Path
) -> None:
    async with a_world(name, tmp_path) as world:
        if not is_open(world, kind):
            return  # planning wants none there, and a channel refuses it (tests/channels)
        met = [each for each in troubles(world, kind) if can_meet(world, kind, each)]
        seen = {each: await ended(world, kind, nth, each) for nth, each in enumerate(met)}
        assert seen == {each: expected(world, kind, each) for each in met}
        there = world.texts()
        world.clock.advance(timedelta(days=1))
        await world.rest()
        assert world.texts() == there
        if kind is of_the_manual(world) and name not in PERSONAS:
            assert told_of(name) == {trouble: end.how for trouble, end in seen.items()}


def of_the_manual(world: World) -> Kind:
    """Return of which delivery the manual's table tells: a post with a picture, where it can be."""
    return Kind.PICTURE if world.limits.media_most else Kind.PLAIN


# --- the manual ------------------------------------------------------------------------------


def table() -> dict[str, dict[str, str]]:
    """Return the manual's table: by network, what each fault of a post with a picture ends in."""
    _, _, below = PAGE.partition(HEADING)
    lines = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = cells[0][1:]
    return {row[0]: dict(zip(heads, row[1:], strict=True)) for row in cells[2:]}


def told_of(name: str) -> dict[str, str]:
    """Return what the manual tells of *name*, without what cannot be there."""
    return {head: cell for head, cell in table()[name].items() if cell != "–"}


def test_the_manual_tells_of_every_network_and_fault() -> None:
    for cells in table().values():
        assert list(cells) == list(Trouble)
    named = {name.partition(" ")[0] for name in table()}
    assert named == set(BROUGHT_ALONG) | {"screen"}


def test_every_network_is_tried_here() -> None:
    tried = {"mastodon" if name in PERSONAS else name.partition(" ")[0] for name in ROADS}
    assert tried == set(BROUGHT_ALONG) | {"screen"}
