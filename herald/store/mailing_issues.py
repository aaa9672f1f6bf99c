"""Issues and their recipients: the queries behind preparing, claiming and settling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.data.mail_domains import counted_domain
from herald.model.ids import Language, ListId
from herald.model.mailing import (
    STARTED,
    Edition,
    Issue,
    IssueState,
    Progress,
    RecipientState,
    SubscriptionState,
    UncertainCopy,
)
from herald.model.mornings import reader_moment
from herald.store.doubting import WHY, may_be_sent
from herald.store.engine import Store
from herald.store.mailing_claiming import is_suppressed
from herald.store.mailing_paces import forget_paces
from herald.store.mailing_tables import (
    edition,
    issue,
    issue_of,
    issue_values,
    recipient,
    subscriber,
    subscription,
)
from herald.store.upsert import insert_new

_OPEN = (RecipientState.CLAIMED.value, RecipientState.UNCERTAIN.value)
_CRASHED = "Herald stopped before the mail server had answered"
_AT_ONCE = 1000
"""Readers that are held in memory while an audience is frozen, however large it is."""


async def issues(store: Store) -> tuple[Issue, ...]:
    """Return every issue, by due_at and key."""
    async with store.reading() as connection:
        rows = await connection.execute(select(issue).order_by(issue.c.due_at, issue.c.key))
        return tuple(issue_of(row) for row in rows)


async def find_issue(store: Store, key: str) -> Issue | None:
    """Return one issue."""
    async with store.reading() as connection:
        return await _issue(connection, key)


async def editions(store: Store, key: str) -> tuple[Edition, ...]:
    """Return an issue's prepared editions, the first language first."""
    wanted = select(edition).where(edition.c.issue == key).order_by(edition.c.place)
    async with store.reading() as connection:
        return tuple(
            Edition(
                language=Language(row.language), subject=row.subject, text=row.text, html=row.html
            )
            for row in await connection.execute(wanted)
        )


async def save_issue(
    store: Store, changed: Issue, *, was: Issue | None, prepared: Sequence[Edition] | None
) -> bool:
    """Write an issue, fenced by *was*; None for *prepared* leaves its editions as they are."""
    async with store.writing() as connection:
        if await _locked(connection, changed.key) != was or (was and was.state in STARTED):
            return False
        if was is None:
            if not await insert_new(connection, issue, issue_values(changed)):
                return False  # another process was quicker
        else:
            await connection.execute(
                update(issue).where(issue.c.key == changed.key).values(issue_values(changed))
            )
        if prepared is not None:
            await _replace_editions(connection, changed.key, prepared)
        return True


async def freeze_audience(
    store: Store, ready: Issue, choose: Callable[[Language | None], Language], *, now: datetime
) -> int | None:
    """Make a row for everybody who is subscribed and not suppressed; the issue is ``sending``.

    Where the database was put back from a copy, and the issue may have been sent since, every copy
    is uncertain from the start.
    """
    wanted = (
        select(subscription.c.id, subscriber.c.language, subscriber.c.zone, subscriber.c.address)
        .join(subscriber)
        .where(
            subscription.c.list == ready.list,
            subscription.c.state == SubscriptionState.SUBSCRIBED.value,
            ~is_suppressed(),
        )
        .order_by(subscription.c.id)
        .limit(_AT_ONCE)
    )
    async with store.writing() as connection:
        if await _locked(connection, ready.key) != ready or ready.state is not IssueState.PENDING:
            return None
        is_doubtful = await may_be_sent(connection, ready.due_at, now=now)
        begins = RecipientState.UNCERTAIN if is_doubtful else RecipientState.PENDING
        audience, last = 0, ""
        while some := (await connection.execute(wanted.where(subscription.c.id > last))).all():
            rows = [
                {
                    "issue": ready.key,
                    "subscription": row.id,
                    "language": choose(Language(row.language) if row.language else None),
                    "state": begins.value,
                    "reply": WHY if is_doubtful else "",
                    "ended_at": now if is_doubtful else None,
                    "next_at": max(now, reader_moment(ready, row.zone)),
                    "domain": counted_domain(row.address),
                    "attempts": 0,
                    "token": 0,
                }
                for row in some
            ]
            await connection.execute(insert(recipient), rows)
            audience, last = audience + len(rows), some[-1].id
        await forget_paces(connection, now=now)
        await connection.execute(
            update(issue)
            .where(issue.c.key == ready.key)
            .values(state=IssueState.SENDING.value, started_at=now, audience=audience)
        )
        return audience


async def zones(store: Store, mailing_list: ListId) -> frozenset[str]:
    """Return the zones of the readers of a list; an empty one for those who named none."""
    wanted = (
        select(subscriber.c.zone)
        .distinct()
        .select_from(subscription.join(subscriber))
        .where(
            subscription.c.list == mailing_list,
            subscription.c.state == SubscriptionState.SUBSCRIBED.value,
        )
    )
    async with store.reading() as connection:
        return frozenset(await connection.scalars(wanted))


async def reap(store: Store, *, now: datetime) -> int:
    """Make every claimed copy whose lease lapsed ``uncertain``; never pending."""
    return await _doubt(store, recipient.c.lease_ends_at <= now, now)


async def abandon(store: Store, *, now: datetime) -> int:
    """Make every claimed copy ``uncertain``."""
    return await _doubt(store, recipient.c.id.is_not(None), now)


async def resolve_uncertain(store: Store, key: str, *, resend: bool, now: datetime) -> int:
    """Send an issue's uncertain copies again, or leave them for good; return how many."""
    values: dict[str, Any] = {"state": RecipientState.HELD.value, "ended_at": now}
    if resend:
        values = {"state": RecipientState.PENDING.value, "next_at": now, "ended_at": None}
    uncertain = (
        recipient.c.issue == key,
        recipient.c.state == RecipientState.UNCERTAIN.value,
    )

    async def resolve(connection: AsyncConnection) -> int:
        written = await connection.execute(update(recipient).where(*uncertain).values(values))
        if resend and written.rowcount:
            # It may have been finished by an earlier decision about other copies.
            await connection.execute(
                update(issue)
                .where(issue.c.key == key, issue.c.state == IssueState.SENT.value)
                .values(state=IssueState.SENDING.value, finished_at=None)
            )
        return int(written.rowcount)

    return await store.write(resolve)


async def progress(store: Store, key: str) -> Progress | None:
    """Return how far an issue has got; None if it is unknown."""
    async with store.reading() as connection:
        found = await _issue(connection, key)
        if found is None:
            return None
        counts = await connection.execute(
            select(recipient.c.state, func.count())
            .where(recipient.c.issue == key)
            .group_by(recipient.c.state)
        )
        next_at = await connection.scalar(
            select(func.min(recipient.c.next_at)).where(
                recipient.c.issue == key, recipient.c.state == RecipientState.DEFERRED.value
            )
        )
        due = await connection.execute(
            select(recipient.c.next_at, func.count())
            .where(recipient.c.issue == key, recipient.c.state == RecipientState.PENDING.value)
            .group_by(recipient.c.next_at)
            .order_by(recipient.c.next_at)
        )
        doubts = await connection.execute(
            select(recipient.c.claimed_at, recipient.c.reply, subscriber.c.address)
            .select_from(recipient)
            .join(subscription, subscription.c.id == recipient.c.subscription, isouter=True)
            .join(
                subscriber,
                subscriber.c.address_hash == subscription.c.address_hash,
                isouter=True,
            )
            .where(recipient.c.issue == key, recipient.c.state == RecipientState.UNCERTAIN.value)
            .order_by(recipient.c.id)
        )
        return Progress(
            issue=found,
            counts=tuple(sorted((RecipientState(state), count) for state, count in counts)),
            next_at=next_at,
            due=tuple((at, count) for at, count in due),
            uncertain=tuple(
                UncertainCopy(
                    address=row.address or "",
                    claimed_at=row.claimed_at,
                    why=row.reply,
                )
                for row in doubts
            ),
        )


async def finish_issue(store: Store, key: str, *, now: datetime) -> bool:
    """Make an issue ``sent`` if its ended copies sum to its audience."""
    current = await progress(store, key)
    if current is None or not current.is_finished:
        return False
    async with store.writing() as connection:
        written = await connection.execute(
            update(issue)
            .where(issue.c.key == key, issue.c.state == IssueState.SENDING.value)
            .values(state=IssueState.SENT.value, finished_at=now)
        )
        return written.rowcount == 1


async def _issue(connection: AsyncConnection, key: str) -> Issue | None:
    row = (await connection.execute(select(issue).where(issue.c.key == key))).one_or_none()
    return None if row is None else issue_of(row)


async def _locked(connection: AsyncConnection, key: str) -> Issue | None:
    """Return an issue that stays as it is until this transaction changes it."""
    wanted = select(issue).where(issue.c.key == key).with_for_update()
    row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else issue_of(row)


async def _replace_editions(
    connection: AsyncConnection, key: str, prepared: Sequence[Edition]
) -> None:
    await connection.execute(delete(edition).where(edition.c.issue == key))
    if prepared:
        await connection.execute(
            insert(edition),
            [
                {
                    "issue": key,
                    "place": place,
                    "language": one.language,
                    "subject": one.subject,
                    "text": one.text,
                    "html": one.html,
                }
                for place, one in enumerate(prepared)
            ],
        )


async def _doubt(store: Store, which: ColumnElement[bool], now: datetime) -> int:
    async def doubt(connection: AsyncConnection) -> int:
        written = await connection.execute(
            update(recipient)
            .where(recipient.c.state == RecipientState.CLAIMED.value, which)
            .values(
                state=RecipientState.UNCERTAIN.value,
                reply=_CRASHED,
                lease_ends_at=None,
                ended_at=now,
            )
        )
        return int(written.rowcount)

    return await store.write(doubt)
