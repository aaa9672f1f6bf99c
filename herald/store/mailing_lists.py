"""Who is on which list: the queries behind importing, leaving and erasing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import ListId
from herald.model.mailing import (
    ENDED,
    EVERY_LIST,
    AddressHash,
    Candidate,
    Fate,
    RecipientState,
    RowReport,
    Subscriber,
    SubscriptionId,
    SubscriptionState,
    SuppressionReason,
)
from herald.store.alone import Guarded, alone
from herald.store.bounces import bounce
from herald.store.engine import Store
from herald.store.mailing_tables import (
    consent,
    preference_link,
    recipient,
    secret,
    sign_up,
    subscriber,
    subscriber_of,
    subscription,
    suppression,
)
from herald.store.upsert import insert_new

_KEY_NAME = "mailing"
_KEY_BYTES = 32
_WAITING = (RecipientState.PENDING.value, RecipientState.DEFERRED.value)
_PEOPLE = subscription.join(subscriber)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_UNPROVEN = "nothing says when the person agreed: receives nothing before confirming"


async def mailing_key(store: Store) -> bytes:
    """Return the instance's secret, made at the first call."""
    wanted = select(secret.c.value).where(secret.c.name == _KEY_NAME)
    async with store.reading() as connection:
        found = await connection.scalar(wanted)
    if found is not None:
        return bytes(found)
    async with store.writing() as connection:
        # Two processes may get here at once: one's key is kept, and both read that one.
        fresh = {"name": _KEY_NAME, "value": secrets.token_bytes(_KEY_BYTES)}
        await insert_new(connection, secret, fresh)
        kept: bytes = (await connection.execute(wanted)).scalar_one()
        return bytes(kept)


async def admit(
    store: Store, mailing_list: ListId, candidates: Sequence[Candidate], *, now: datetime
) -> tuple[RowReport, ...]:
    """Add those who are new and not suppressed; tell what became of each."""
    return await store.write(
        partial(_admit, mailing_list=mailing_list, candidates=candidates, now=now)
    )


async def foresee(
    store: Store, mailing_list: ListId, candidates: Sequence[Candidate]
) -> tuple[RowReport, ...]:
    """Tell what ``admit`` would do, and change nothing."""
    async with store.reading() as connection:
        judged = await _judge(connection, mailing_list, candidates, _NEVER)
    return tuple(judged.reports)


@dataclass(slots=True)
class _Judged:
    """What becomes of some rows: what is told of each, and what is written."""

    reports: list[RowReport] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    ties: list[dict[str, Any]] = field(default_factory=list)
    follows: list[dict[str, Any]] = field(default_factory=list)
    """People whose name, language or zone follows the file."""
    proven: list[dict[str, Any]] = field(default_factory=list)
    """Ties that waited, and of which somebody now says when the person agreed."""


async def _admit(
    connection: AsyncConnection,
    *,
    mailing_list: ListId,
    candidates: Sequence[Candidate],
    now: datetime,
) -> tuple[RowReport, ...]:
    await alone(connection, Guarded.PEOPLE)
    judged = await _judge(connection, mailing_list, candidates, now)
    known = subscriber.c.address_hash == bindparam("known")
    columns: dict[str, Any] = {
        name: bindparam(f"new_{name}") for name in ("name", "language", "zone")
    }
    tie = subscription.c.id == bindparam("known")
    agreed: dict[str, Any] = {
        name: bindparam(f"new_{name}")
        for name in ("state", "consent_source", "consent_given", "since")
    }
    for statement, rows in (
        (insert(subscriber), judged.people),
        (insert(subscription), judged.ties),
        (update(subscriber).where(known).values(**columns), judged.follows),
        (update(subscription).where(tie).values(**agreed), judged.proven),
    ):
        if rows:
            await connection.execute(statement, rows)
    return tuple(judged.reports)


async def _judge(
    connection: AsyncConnection,
    mailing_list: ListId,
    candidates: Sequence[Candidate],
    now: datetime,
) -> _Judged:
    hashes = [candidate.address_hash for candidate in candidates]
    barred = await _barred(connection, mailing_list, hashes)
    people = {
        row.address_hash: row
        for row in await connection.execute(
            select(subscriber).where(subscriber.c.address_hash.in_(hashes))
        )
    }
    ties = {
        row.address_hash: row
        for row in await connection.execute(
            select(subscription.c.address_hash, subscription.c.id, subscription.c.state).where(
                subscription.c.list == mailing_list, subscription.c.address_hash.in_(hashes)
            )
        )
    }
    judged = _Judged()
    for candidate in candidates:
        known = candidate.address_hash
        if known in barred:
            judged.reports.append(_report(candidate, Fate.REFUSED, barred[known]))
        elif known in ties and ties[known].state == SubscriptionState.LEFT:
            judged.reports.append(_report(candidate, Fate.REFUSED, "left this list"))
        else:
            changed = _follow(judged, people.get(known), candidate, now)
            tie: Any = ties.get(known)
            _admit_one(judged, tie, candidate, (mailing_list, changed, now))
    return judged


def _admit_one(
    judged: _Judged,
    tie: Row[Any] | None,
    candidate: Candidate,
    about: tuple[ListId, str, datetime],
) -> None:
    mailing_list, changed, now = about
    is_proven = candidate.consent.is_proven
    if tie is None:
        judged.ties.append(_tie(candidate, mailing_list, now))
        fate, why = (Fate.ADDED, "") if is_proven else (Fate.PENDING, _UNPROVEN)
    elif tie.state == SubscriptionState.PENDING and is_proven:
        judged.proven.append(
            {
                "known": tie.id,
                "new_state": SubscriptionState.SUBSCRIBED.value,
                "new_consent_source": candidate.consent.source,
                "new_consent_given": candidate.consent.given,
                "new_since": now,
            }
        )
        fate, why = Fate.ADDED, "waited for a consent, which the file names now"
    elif tie.state == SubscriptionState.PENDING:
        fate, why = Fate.PENDING, "; ".join(filter(None, ("waits already", changed)))
    else:
        fate, why = Fate.ALREADY_THERE, changed
    judged.reports.append(_report(candidate, fate, why))


async def subscribers(store: Store, mailing_list: ListId) -> tuple[Subscriber, ...]:
    """Return everybody who is or was on a list and was not erased, by address."""
    wanted = (
        select(*person_columns())
        .select_from(_PEOPLE)
        .where(subscription.c.list == mailing_list)
        .order_by(subscriber.c.address)
    )
    async with store.reading() as connection:
        return tuple(subscriber_of(row) for row in await connection.execute(wanted))


async def find_subscriber(store: Store, tie: SubscriptionId) -> Subscriber | None:
    """Return one person on one list; None if never there, or erased."""
    wanted = select(*person_columns()).select_from(_PEOPLE).where(subscription.c.id == tie)
    async with store.reading() as connection:
        row = (await connection.execute(wanted)).one_or_none()
    return subscriber_of(row) if row is not None else None


async def find_subscriptions(store: Store, address: AddressHash) -> tuple[SubscriptionId, ...]:
    """Return the subscriptions of an address, on every list."""
    wanted = select(subscription.c.id).where(subscription.c.address_hash == address)
    async with store.reading() as connection:
        return tuple(SubscriptionId(found) for found in await connection.scalars(wanted))


async def count_suppressed(store: Store, mailing_list: ListId) -> int:
    """Return how many addresses an import of the list refuses."""
    wanted = select(func.count(suppression.c.address_hash.distinct())).where(
        suppression.c.list.in_((EVERY_LIST, mailing_list))
    )
    async with store.reading() as connection:
        return int((await connection.execute(wanted)).scalar_one())


async def leave(store: Store, tie: SubscriptionId, *, now: datetime) -> bool:
    """End a subscription at once, copies that are not claimed included."""
    return await store.write(partial(_leave, tie=tie, now=now))


async def _leave(connection: AsyncConnection, *, tie: SubscriptionId, now: datetime) -> bool:
    await alone(connection, Guarded.PEOPLE)
    row = (
        await connection.execute(
            select(subscription.c.address_hash, subscription.c.list).where(subscription.c.id == tie)
        )
    ).one_or_none()
    if row is None:
        return False
    await _suppress(connection, row.address_hash, ListId(row.list), SuppressionReason.LEFT, now)
    # A link that was asked for before does not bring back who has just left.
    asked = (sign_up.c.address_hash == row.address_hash, sign_up.c.list == row.list)
    await connection.execute(delete(sign_up).where(*asked))
    await connection.execute(
        update(subscription)
        .where(subscription.c.id == tie, subscription.c.state != SubscriptionState.LEFT.value)
        .values(state=SubscriptionState.LEFT.value, left_at=now)
    )
    await connection.execute(
        update(recipient)
        .where(recipient.c.subscription == tie, recipient.c.state.in_(_WAITING))
        .values(state=RecipientState.SUPPRESSED.value, ended_at=now)
    )
    return True


async def erase(
    store: Store, address: AddressHash, *, reason: SuppressionReason, now: datetime
) -> bool:
    """Remove all that is known of a person; only the hash stays, for every list."""
    return await store.write(partial(_erase, address=address, reason=reason, now=now))


async def _erase(
    connection: AsyncConnection, *, address: AddressHash, reason: SuppressionReason, now: datetime
) -> bool:
    theirs = select(subscription.c.id).where(subscription.c.address_hash == address)
    await alone(connection, Guarded.PEOPLE)
    await _suppress(connection, address, EVERY_LIST, reason, now)
    await connection.execute(
        update(recipient)
        .where(recipient.c.subscription.in_(theirs), recipient.c.state.in_(_WAITING))
        .values(state=RecipientState.CANCELLED.value, ended_at=now)
    )
    await detach(connection, recipient.c.subscription.in_(theirs))
    await connection.execute(delete(sign_up).where(sign_up.c.address_hash == address))
    links = preference_link.c.address_hash == address
    await connection.execute(delete(preference_link).where(links))
    await connection.execute(delete(consent).where(consent.c.subscription.in_(theirs)))
    await connection.execute(delete(bounce).where(bounce.c.subscription.in_(theirs)))
    await connection.execute(delete(subscription).where(subscription.c.address_hash == address))
    gone = await connection.execute(delete(subscriber).where(subscriber.c.address_hash == address))
    return gone.rowcount > 0


async def detach(connection: AsyncConnection, those: ColumnElement[bool]) -> int:
    """Take out of *those* copies whatever leads to a reader; what became of them stays.

    What is still under way keeps the mail server's number, by which its log tells how it ended.
    """
    ended = recipient.c.state.in_([state.value for state in ENDED])
    await connection.execute(
        update(recipient).where(those, ended).values(queue_id="", reply="", domain="")
    )
    done = await connection.execute(
        update(recipient).where(those).values(subscription=None, domain="")
    )
    return done.rowcount


async def _barred(
    connection: AsyncConnection, mailing_list: ListId, hashes: Sequence[AddressHash]
) -> dict[str, str]:
    rows = await connection.execute(
        select(suppression)
        .where(
            suppression.c.address_hash.in_(hashes),
            or_(suppression.c.list == mailing_list, suppression.c.list == EVERY_LIST),
        )
        .order_by(suppression.c.at.desc())
    )
    words = {
        SuppressionReason.LEFT.value: "left this list",
        SuppressionReason.ERASED.value: "was erased",
        SuppressionReason.BOUNCED.value: "could not be reached",
        SuppressionReason.COMPLAINED.value: "complained",
    }
    return {
        row.address_hash: (
            f"{words[row.reason]} on {row.at:%Y-%m-%d}; only the person can come back"
        )
        for row in rows
    }


async def _suppress(
    connection: AsyncConnection,
    address: str,
    mailing_list: ListId,
    reason: SuppressionReason,
    now: datetime,
) -> None:
    """Note the first reason; a repeat changes nothing."""
    row = {"address_hash": address, "list": mailing_list, "reason": reason.value, "at": now}
    await insert_new(connection, suppression, row)


def _follow(judged: _Judged, known: Row[Any] | None, candidate: Candidate, now: datetime) -> str:
    """Let name, language and zone follow the file; return what changed, for the report."""
    if known is None:
        judged.people.append(_person(candidate, now))
        return ""
    wanted = {
        "name": candidate.name,
        "language": candidate.language or "",
        "zone": candidate.zone,
    }
    changes = [
        column for column, value in wanted.items() if value and value != getattr(known, column)
    ]
    if not changes:
        return ""
    follows = {f"new_{name}": value or getattr(known, name) for name, value in wanted.items()}
    judged.follows.append({"known": candidate.address_hash, **follows})
    told = [{"zone": "time zone"}.get(column, column) for column in changes]
    return f"{' and '.join(told)} changed"


def _person(candidate: Candidate, now: datetime) -> dict[str, Any]:
    return {
        "address_hash": candidate.address_hash,
        "address": candidate.address,
        "name": candidate.name,
        "language": candidate.language or "",
        "zone": candidate.zone,
        "created_at": now,
    }


def _tie(candidate: Candidate, mailing_list: ListId, now: datetime) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(16),
        "address_hash": candidate.address_hash,
        "list": mailing_list,
        "state": (
            SubscriptionState.SUBSCRIBED
            if candidate.consent.is_proven
            else SubscriptionState.PENDING
        ).value,
        "consent_source": candidate.consent.source,
        "consent_given": candidate.consent.given,
        "since": now,
    }


def _report(candidate: Candidate, fate: Fate, why: str) -> RowReport:
    told = "; ".join(part for part in (why, candidate.note) if part)
    return RowReport(
        line=candidate.line,
        address=candidate.address,
        fate=fate,
        why=told,
        note="" if fate is Fate.REFUSED else candidate.note,
    )


def person_columns() -> tuple[Any, ...]:
    """Return what ``subscriber_of`` reads of subscriptions joined with their people."""
    return (
        subscription.c.id,
        subscription.c.list,
        subscription.c.state,
        subscription.c.consent_source,
        subscription.c.consent_given,
        subscription.c.since,
        subscription.c.left_at,
        subscriber.c.address,
        subscriber.c.name,
        subscriber.c.zone,
        subscriber.c.language,
    )
