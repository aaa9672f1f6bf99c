"""Where posts are to be seen, asked for after they were sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from herald.links import ASKED_FOR, Links
from herald.model.delivery import Action, Delivery, DeliveryState, Receipt
from herald.model.ids import ItemId
from herald.ports import Linked
from tests.channels.staged import World, a_world
from tests.fakes.outbox import MemoryOutbox
from tests.makers import NOON, a_delivery
from tests.servers.graph import canned, permalink

NETWORKS = ("instagram", "threads")


def sent(world: World, item: str, **changes: Any) -> Delivery:
    """Make what was sent: a post that the server holds, and whose link nobody knows."""
    values = {"remote_id": world.server.keep(item).id, "sent_at": NOON, **changes}
    return a_delivery(
        channel=world.channel.id,
        network=world.network,
        item=ItemId(item),
        state=DeliveryState.SENT,
        **values,
    )


async def found(world: World, *rows: Delivery) -> list[str]:
    """Look for links once; return those that the outbox has then."""
    outbox = MemoryOutbox(*rows)
    await Links(outbox, {world.channel.id: world.channel}, clock=world.clock).find()
    return [outbox.rows[row.key].url for row in rows]


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_link_that_came_with_no_answer_is_asked_for_and_kept(network: str) -> None:
    async with a_world(network) as world:
        assert isinstance(world.channel, Linked)
        rows = [sent(world, "salt"), sent(world, "mill")]
        assert await found(world, *rows) == [permalink(post) for post in world.server.posts]


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_post_whose_link_is_not_told_keeps_no_other_from_its_own(network: str) -> None:
    async with a_world(network) as world:
        gone = sent(world, "salt", remote_id="404")
        there = sent(world, "mill")
        assert await found(world, gone, there) == ["", permalink(world.server.posts[-1])]


@pytest.mark.parametrize("network", NETWORKS)
async def test_trouble_leaves_a_post_without_its_link_and_nothing_else(network: str) -> None:
    async with a_world(network) as world:
        row = sent(world, "salt")
        world.server.can("GET", row.remote_id, canned(4))
        assert await found(world, row) == [""]
        assert await world.channel.link(Receipt(remote_id=row.remote_id)) == ""


async def test_nothing_is_asked_of_old_posts_corrections_and_what_people_marked_as_sent() -> None:
    async with a_world("threads") as world:
        rows = (
            sent(world, "old", sent_at=NOON - ASKED_FOR - timedelta(seconds=1)),
            sent(world, "gone", action=Action.DELETE),
            sent(world, "marked", remote_id=""),
        )
        assert await found(world, *rows) == ["", "", ""]
        assert world.server.requests == []
