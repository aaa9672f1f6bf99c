"""Forgetting what is kept long enough. Suppressions stay: they hold a fingerprint alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.bounces import REMEMBERED
from herald.model.mailing import SubscriptionState
from herald.model.retention import Forgotten, Retention
from herald.store.alone import Guarded, alone
from herald.store.batches import AT_ONCE
from herald.store.bounces import bounce
from herald.store.engine import Store
from herald.store.mailing_lists import detach
from herald.store.mailing_tables import (
    consent,
    issue,
    preference_link,
    recipient,
    sign_up,
    subscriber,
    subscription,
)


class StoredRetention:
    """Forgets in the store, in short transactions; doing it again changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def forget(self, kept: Retention, *, now: datetime) -> Forgotten:
        """Forget all that is older than *kept* allows; return how much it was."""
        has_left = (
            (subscription.c.state == SubscriptionState.LEFT.value)
            & (subscription.c.left_at < now - kept.left)
        )  # fmt: skip
        waits = (
            (subscription.c.state == SubscriptionState.PENDING.value)
            & (subscription.c.since < now - kept.unconfirmed)
        )  # fmt: skip
        return Forgotten(
            letters=await self._letters(now - kept.letters),
            left=await self._ties(has_left),
            unconfirmed=await self._ties(waits),
            people=await self._people(now - timedelta(days=1)),
            returns=await self._store.write(partial(_returns, before=now - REMEMBERED)),
        )

    async def _letters(self, before: datetime) -> int:
        wanted = select(issue.c.key).where(issue.c.finished_at < before)
        async with self._store.reading() as connection:
            keys = list(await connection.scalars(wanted))
        forgotten = 0
        for key in keys:
            those = (recipient.c.issue == key) & recipient.c.subscription.is_not(None)
            forgotten += await self._store.write(partial(detach, those=those))
        return forgotten

    async def _ties(self, those: ColumnElement[bool]) -> int:
        forgotten = 0
        while some := await self._store.write(partial(_some_ties, those=those)):
            forgotten += some
        return forgotten

    async def _people(self, before: datetime) -> int:
        return await self._store.write(partial(_nobodies, before=before))


async def _some_ties(connection: AsyncConnection, *, those: ColumnElement[bool]) -> int:
    await alone(connection, Guarded.PEOPLE)
    found = await connection.scalars(select(subscription.c.id).where(those).limit(AT_ONCE))
    ties = list(found)
    if not ties:
        return 0
    await detach(connection, recipient.c.subscription.in_(ties))
    await connection.execute(delete(consent).where(consent.c.subscription.in_(ties)))
    await connection.execute(delete(bounce).where(bounce.c.subscription.in_(ties)))
    await connection.execute(delete(subscription).where(subscription.c.id.in_(ties)))
    return len(ties)


async def _nobodies(connection: AsyncConnection, *, before: datetime) -> int:
    """Forget people who are tied to no list and wait for nothing."""
    await alone(connection, Guarded.PEOPLE)
    waiting = [
        ~exists().where(table.c.address_hash == subscriber.c.address_hash)
        for table in (subscription, sign_up, preference_link)
    ]
    gone = await connection.execute(
        delete(subscriber).where(subscriber.c.created_at < before, *waiting)
    )
    return gone.rowcount


async def _returns(connection: AsyncConnection, *, before: datetime) -> int:
    gone = await connection.execute(delete(bounce).where(bounce.c.at < before))
    return gone.rowcount
