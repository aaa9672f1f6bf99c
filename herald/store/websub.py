"""The queries of subscriptions to feeds' hubs, and of what a push changes in a feed's row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.feed import HubLink
from herald.model.ids import FeedId
from herald.model.websub import HubHealth, HubSteps, HubSubscription, check_after_push
from herald.store.alone import Guarded, alone
from herald.store.engine import Store
from herald.store.feed_tables import feed
from herald.store.feed_values import read_hub
from herald.store.upsert import insert_new
from herald.store.websub_tables import hub_subscription as hub

Decide = Callable[[HubSubscription], HubSubscription | None]


class StoredHubs:
    """Subscriptions to hubs in Herald's store (port ``herald.ports.WebSubStore``)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sync_hubs(
        self, decide: Callable[[Mapping[FeedId, HubLink], Sequence[HubSubscription]], HubSteps]
    ) -> HubSteps:
        """Bring the rows in line with the feeds; most of the time there is nothing to write."""
        async with self._store.reading() as connection:
            if decide(*await _feeds_and_hubs(connection)) == HubSteps():
                return HubSteps()

        async def sync(connection: AsyncConnection) -> HubSteps:
            await alone(connection, Guarded.HUBS)
            steps = decide(*await _feeds_and_hubs(connection))
            for gone in steps.forget:
                await connection.execute(delete(hub).where(hub.c.token == gone.token))
            for changed in steps.change:
                await _write(connection, changed)
            for new in steps.begin:
                await insert_new(connection, hub, _values(new))
            return steps

        return await self._store.write(sync)

    async def claim_hubs(
        self, decide: Decide, *, now: datetime, most: int
    ) -> tuple[HubSubscription, ...]:
        """Take those whose hub is to be asked, the longest due first."""
        due = select(hub).where(hub.c.ask_at <= now).order_by(hub.c.ask_at, hub.c.token).limit(most)
        async with self._store.reading() as connection:
            if (await connection.execute(due)).first() is None:
                return ()
        async with self._store.writing() as connection:
            rows = await connection.execute(due.with_for_update(skip_locked=True))
            taken = [await _decide(connection, subscription_of(row), decide) for row in rows.all()]
        return tuple(one for one in taken if one is not None)

    async def hub(self, token: str) -> HubSubscription | None:
        """Return the subscription with this token."""
        async with self._store.reading() as connection:
            row = (await connection.execute(_named(token))).first()
        return None if row is None else subscription_of(row)

    async def change_hub(self, token: str, decide: Decide) -> HubSubscription | None:
        """Write what *decide* makes of a subscription; return it as it was."""
        async with self._store.writing() as connection:
            row = (await connection.execute(_named(token).with_for_update())).first()
            if row is None:
                return None
            was = subscription_of(row)
            await _decide(connection, was, decide)
        return was

    async def save_push(self, token: str, *, now: datetime) -> None:
        """Make a subscription's feed due soon, or owe it a poll while it is being polled."""
        async with self._store.reading() as connection:
            if not _is_news((await connection.execute(_pushed(token))).first(), now=now):
                return
        async with self._store.writing() as connection:
            row = (await connection.execute(_pushed(token))).first()
            if row is None or not _is_news(row, now=now):
                return
            if _is_polled(row, now=now):
                await connection.execute(
                    update(hub).where(hub.c.token == token).values(is_owed=True)
                )
            else:
                await _make_due(connection, row, now=now)

    async def settle_pushes(self, *, now: datetime) -> int:
        """Make the feeds due that were pushed while they were polled."""
        free = or_(feed.c.lease_ends_at.is_(None), feed.c.lease_ends_at <= now)
        owed = _joined().where(hub.c.is_owed, free)
        async with self._store.reading() as connection:
            if (await connection.execute(owed)).first() is None:
                return 0

        async def settle(connection: AsyncConnection) -> int:
            rows = (await connection.execute(owed.order_by(hub.c.token))).all()
            for row in rows:
                await _make_due(connection, row, now=now)
                await connection.execute(
                    update(hub).where(hub.c.token == row.token).values(is_owed=False)
                )
            return len(rows)

        return await self._store.write(settle)

    async def active_hubs(self, *, now: datetime) -> dict[FeedId, HubHealth]:
        """Return how the subscriptions of feeds fare."""
        async with self._store.reading() as connection:
            rows = await connection.execute(select(hub).where(~hub.c.leaving))
            return {FeedId(row.feed): subscription_of(row).health(now=now) for row in rows}


def subscription_of(row: Row[Any]) -> HubSubscription:
    """Return the subscription that a row holds."""
    return HubSubscription(
        token=row.token,
        secret=row.secret,
        feed=FeedId(row.feed),
        link=HubLink(hub=row.hub, topic=row.topic),
        callback=row.callback,
        ask_at=row.ask_at,
        expects_until=row.expects_until,
        errors=row.errors,
        lease_ends_at=row.lease_ends_at,
        leaving=row.leaving,
        denied=row.denied,
        trouble=row.trouble,
        refused_at=row.refused_at,
        is_owed=row.is_owed,
    )


def _values(subscription: HubSubscription) -> dict[str, Any]:
    return {
        "token": subscription.token,
        "secret": subscription.secret,
        "feed": subscription.feed,
        "hub": subscription.link.hub,
        "topic": subscription.link.topic,
        "callback": subscription.callback,
        "ask_at": subscription.ask_at,
        "expects_until": subscription.expects_until,
        "errors": subscription.errors,
        "lease_ends_at": subscription.lease_ends_at,
        "leaving": subscription.leaving,
        "denied": subscription.denied,
        "trouble": subscription.trouble,
        "refused_at": subscription.refused_at,
        "is_owed": subscription.is_owed,
    }


async def _feeds_and_hubs(
    connection: AsyncConnection,
) -> tuple[dict[FeedId, HubLink], tuple[HubSubscription, ...]]:
    named = await connection.execute(
        select(feed.c.id, feed.c.hub).where(feed.c.configured, ~feed.c.gone, feed.c.hub != "")
    )
    links = {FeedId(row.id): link for row in named if (link := read_hub(row.hub)) is not None}
    rows = await connection.execute(select(hub).order_by(hub.c.token))
    return links, tuple(subscription_of(row) for row in rows)


async def _write(connection: AsyncConnection, subscription: HubSubscription) -> None:
    await connection.execute(
        update(hub).where(hub.c.token == subscription.token).values(_values(subscription))
    )


async def _decide(
    connection: AsyncConnection, was: HubSubscription, decide: Decide
) -> HubSubscription | None:
    changed = decide(was)
    if changed is None:
        await connection.execute(delete(hub).where(hub.c.token == was.token))
    elif changed != was:
        await _write(connection, changed)
    return changed


def _named(token: str) -> Select[Any]:
    return select(hub).where(hub.c.token == token)


def _joined() -> Select[Any]:
    """Select of pushed feeds what decides when they are polled."""
    return select(
        hub.c.token,
        hub.c.is_owed,
        feed.c.id,
        feed.c.errors,
        feed.c.next_check_at,
        feed.c.checked_at,
        feed.c.lease_ends_at,
    ).join_from(hub, feed, feed.c.id == hub.c.feed)


def _pushed(token: str) -> Select[Any]:
    return _joined().where(hub.c.token == token, feed.c.configured, ~feed.c.gone)


def _is_polled(row: Row[Any], *, now: datetime) -> bool:
    return bool(row.lease_ends_at is not None and row.lease_ends_at > now)


def _is_news(row: Row[Any] | None, *, now: datetime) -> bool:
    """Tell whether a push has anything to write: one of many within a minute has not."""
    if row is None:
        return False
    if _is_polled(row, now=now):
        return not row.is_owed
    return bool(row.errors == 0 and _check_at(row, now=now) < row.next_check_at)


def _check_at(row: Row[Any], *, now: datetime) -> datetime:
    return check_after_push(row.next_check_at, row.checked_at, now=now)


async def _make_due(connection: AsyncConnection, row: Row[Any], *, now: datetime) -> None:
    """Bring a feed's next poll forward; one in trouble keeps the pause that its server asked for.

    Fenced by the moment that was read: a poll that was written since knows better.
    """
    if row.errors == 0:
        await connection.execute(
            update(feed)
            .where(feed.c.id == row.id, feed.c.next_check_at == row.next_check_at)
            .values(next_check_at=_check_at(row, now=now))
        )
