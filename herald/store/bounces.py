"""Mail that came back: what each said, and the end of a subscription that follows.

A row names a subscription and never an address; it goes with the person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Column, Index, String, Table, Text, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.bounces import (
    REMEMBERED,
    BounceCounts,
    BounceKind,
    CopyOf,
    Effect,
    ReturnedMail,
)
from herald.model.doubts import BY_ITS_RETURN
from herald.model.ids import ListId
from herald.model.mailing import (
    EVERY_LIST,
    RecipientState,
    SubscriptionState,
    SuppressionReason,
)
from herald.store.alone import Guarded, alone
from herald.store.engine import Store
from herald.store.mailing_tables import recipient, subscription, suppression
from herald.store.tables import Moment, metadata, text_column
from herald.store.upsert import insert_new

bounce = Table(
    "bounce",
    metadata,
    Column("subscription", String(32), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    text_column("issue"),
    Column("kind", Text, server_default="", nullable=False),
    text_column("status"),
    text_column("diagnostic"),
    Column("at", Moment, nullable=False),
    Index(None, "issue", "kind"),
    Index(None, "at"),
)
"""One row per mail that came back and counted; forgotten after a while."""

_WAITING = (RecipientState.PENDING.value, RecipientState.DEFERRED.value)
_DOUBTFUL = (RecipientState.UNCERTAIN.value, RecipientState.HELD.value)
_FAILED = (BounceKind.HARD.value, BounceKind.SOFT.value)

Decide = Callable[[tuple[datetime, ...]], SuppressionReason | None]


class StoredBounces:
    """What came back, in the store; the port's docstrings are the contract."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record_bounce(
        self, returned: ReturnedMail, copy: CopyOf, decide: Decide, *, now: datetime
    ) -> Effect:
        """Count a mail that came back, and end what *decide* says is to end."""
        return await self._store.write(
            partial(_record, returned=returned, copy=copy, decide=decide, now=now)
        )

    async def arrived(self, copy: CopyOf, *, now: datetime) -> bool:
        """Make a copy accepted of which nobody knew it; tell whether that was news."""

        async def accept(connection: AsyncConnection) -> bool:
            written = await connection.execute(
                update(recipient)
                .where(
                    recipient.c.id == copy.recipient,
                    recipient.c.subscription == copy.subscription,
                    recipient.c.state.in_(_DOUBTFUL),
                )
                .values(state=RecipientState.ACCEPTED.value, reply=BY_ITS_RETURN, ended_at=now)
            )
            return bool(written.rowcount)

        return await self._store.write(accept)

    async def bounced_of_issue(self, issue: str) -> BounceCounts:
        """Return how many copies of an issue came back, and of how many was complained."""
        async with self._store.reading() as connection:
            return BounceCounts(
                bounced=await _people(connection, issue, _FAILED),
                complained=await _people(connection, issue, (BounceKind.COMPLAINT.value,)),
            )

    async def bounced_of_list(self, mailing_list: ListId) -> BounceCounts:
        """Return how many people of a list are written to no more because mail came back."""
        wanted = (
            select(suppression.c.reason, func.count(subscription.c.id.distinct()).label("people"))
            .join(subscription, subscription.c.address_hash == suppression.c.address_hash)
            .where(
                subscription.c.list == mailing_list,
                suppression.c.list == EVERY_LIST,
            )
            .group_by(suppression.c.reason)
        )
        async with self._store.reading() as connection:
            counts = {row.reason: row.people for row in await connection.execute(wanted)}
        return BounceCounts(
            bounced=counts.get(SuppressionReason.BOUNCED.value, 0),
            complained=counts.get(SuppressionReason.COMPLAINED.value, 0),
        )


async def _record(
    connection: AsyncConnection,
    *,
    returned: ReturnedMail,
    copy: CopyOf,
    decide: Decide,
    now: datetime,
) -> Effect:
    await alone(connection, Guarded.PEOPLE)
    await connection.execute(delete(bounce).where(bounce.c.at < now - REMEMBERED))
    person = (
        await connection.execute(
            select(subscription.c.address_hash, subscription.c.since).where(
                subscription.c.id == copy.subscription
            )
        )
    ).one_or_none()
    if person is None:
        return Effect.UNKNOWN
    row = {
        "subscription": copy.subscription,
        "fingerprint": returned.fingerprint,
        "issue": await _issue_of(connection, copy),
        "kind": returned.kind.value,
        "status": returned.status,
        "diagnostic": returned.diagnostic,
        "at": now,
    }
    if not await insert_new(connection, bounce, row):
        return Effect.KNOWN
    failed_at = await connection.scalars(
        select(bounce.c.at).where(
            bounce.c.subscription == copy.subscription,
            bounce.c.kind.in_(_FAILED),
            # Whoever came back has answered a mail: what failed before is over.
            bounce.c.at >= person.since,
        )
    )
    reason = decide(tuple(failed_at))
    if reason is None:
        return Effect.COUNTED
    await _end(connection, person.address_hash, reason, now)
    return Effect.ENDED


async def _people(connection: AsyncConnection, issue: str, kinds: tuple[str, ...]) -> int:
    wanted = select(func.count(bounce.c.subscription.distinct())).where(
        bounce.c.issue == issue, bounce.c.kind.in_(kinds)
    )
    return int((await connection.execute(wanted)).scalar_one())


async def _issue_of(connection: AsyncConnection, copy: CopyOf) -> str:
    """Return the issue of a copy; empty if its row is not, or no longer, this person's."""
    if copy.recipient is None:
        return ""
    found = await connection.scalar(
        select(recipient.c.issue).where(
            recipient.c.id == copy.recipient, recipient.c.subscription == copy.subscription
        )
    )
    return found or ""


async def _end(
    connection: AsyncConnection, address: str, reason: SuppressionReason, now: datetime
) -> None:
    """Write to an address no more, on any list, copies that are not claimed included."""
    theirs = select(subscription.c.id).where(subscription.c.address_hash == address)
    row = {"address_hash": address, "list": EVERY_LIST, "reason": reason.value, "at": now}
    await insert_new(connection, suppression, row)
    await connection.execute(
        update(subscription)
        .where(
            subscription.c.address_hash == address,
            subscription.c.state != SubscriptionState.LEFT.value,
        )
        .values(state=SubscriptionState.LEFT.value, left_at=now)
    )
    await connection.execute(
        update(recipient)
        .where(recipient.c.subscription.in_(theirs), recipient.c.state.in_(_WAITING))
        .values(state=RecipientState.SUPPRESSED.value, ended_at=now)
    )
