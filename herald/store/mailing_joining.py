"""Requests to join a list: counted, kept until they are confirmed, and erased.

A mail that asks for confirmation is owed by its request's row. It is claimed before it is sent and
a claim is never given back by time alone, so a crash in between costs the mail and never doubles
it: whoever waits in vain asks again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import Language, ListId
from herald.model.joining import (
    Allowance,
    Asked,
    CameFrom,
    ConsentText,
    Proof,
    SignUp,
    SignUpId,
)
from herald.model.mailing import (
    AddressHash,
    Subscriber,
    SubscriptionId,
    SubscriptionState,
)
from herald.store.alone import Guarded, alone
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.mailing_confirming import confirm
from herald.store.mailing_lists import find_subscriber
from herald.store.mailing_tables import (
    ask_count,
    consent,
    consent_text,
    sign_up,
    subscriber,
    subscription,
)
from herald.store.upsert import upsert

_SENDING_MOST = timedelta(hours=1)
"""A mail that was claimed longer ago is being sent no more: whoever asks anew gets another."""


class MailStep(StrEnum):
    """How far the mail of a request has got."""

    OWED = "owed"
    CLAIMED = "claimed"
    SENT = "sent"
    LOST = "lost"
    """Nobody knows whether it arrived, or it never will: it is not sent again by itself."""


class StoredJoining:
    """Requests to join in the store; the port's docstrings are the contract."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(
        self,
        asked: SignUp,
        *,
        of_source: Sequence[Allowance],
        of_address: Sequence[Allowance],
        now: datetime,
    ) -> Asked:
        """Take down a request, unless too much was asked."""
        return await self._store.write(
            partial(_ask, asked=asked, of_source=of_source, of_address=of_address, now=now)
        )

    async def sign_up(self, known: SignUpId, *, since: datetime) -> SignUp | None:
        """Return a request that was made at *since* or later."""
        wanted = select(sign_up).where(sign_up.c.id == known, sign_up.c.asked_at >= since)
        async with self._store.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return _sign_up_of(row) if row is not None else None

    async def joined(self, known: SignUpId) -> Subscriber | None:
        """Return who is on a list by having confirmed this request."""
        wanted = select(consent.c.subscription).where(consent.c.id == known)
        async with self._store.reading() as connection:
            tie = await connection.scalar(wanted)
        person = await find_subscriber(self._store, SubscriptionId(tie)) if tie else None
        return person if person and person.state is SubscriptionState.SUBSCRIBED else None

    async def confirm(
        self,
        known: SignUpId,
        *,
        text: ConsentText,
        tie: SubscriptionId,
        other_lists: Sequence[ListId],
        since: datetime,
        now: datetime,
    ) -> bool:
        """Subscribe whoever made a request, with the proof of it."""
        return await self._store.write(
            partial(
                confirm,
                known=known,
                text=text,
                tie=tie,
                other_lists=other_lists,
                since=since,
                now=now,
            )
        )

    async def invite(
        self,
        mailing_list: ListId,
        hashes: Sequence[AddressHash],
        *,
        language_of: Callable[[str], Language],
        now: datetime,
        apart: timedelta,
    ) -> int:
        """Owe a mail to those who wait on a list and were never asked; return how many they are.

        The mails go *apart*, so that whoever asks by himself need not wait for them all.
        """
        asked = 0
        for some in batches(hashes):
            invited = partial(_invite, mailing_list=mailing_list, hashes=some, now=now)
            begin = now + asked * apart
            asked += await self._store.write(
                partial(invited, language_of=language_of, begin=begin, apart=apart)
            )
        return asked

    async def claim_mail(self, *, now: datetime) -> SignUp | None:
        """Take the next mail that is owed."""
        return await self._store.write(partial(_claim_mail, now=now))

    async def mail_sent(self, claimed: SignUp, *, message_id: str) -> None:
        """Note that a mail was accepted."""
        await self._settle(claimed, mail=MailStep.SENT.value, message_id=message_id)

    async def mail_lost(self, claimed: SignUp) -> None:
        """Note that a mail is not to be sent again by itself."""
        await self._settle(claimed, mail=MailStep.LOST.value)

    async def mail_later(self, claimed: SignUp, *, at: datetime) -> None:
        """Owe a mail again that was certainly not accepted."""
        await self._settle(claimed, mail=MailStep.OWED.value, next_at=at)

    async def forget(self, *, asked_before: datetime, now: datetime) -> int:
        """Erase the requests that are too old, and counts that are over."""
        return await self._store.write(partial(_forget, asked_before=asked_before, now=now))

    async def pending(self, mailing_list: ListId, *, since: datetime) -> int:
        """Return how many requests wait for their confirmation."""
        wanted = select(func.count()).where(
            sign_up.c.list == mailing_list, sign_up.c.asked_at >= since
        )
        async with self._store.reading() as connection:
            return int((await connection.execute(wanted)).scalar_one())

    async def proofs(self, address: AddressHash) -> tuple[Proof, ...]:
        """Return what proves that an address's owner agreed, the oldest first."""
        wanted = (
            select(consent, consent_text.c.text)
            .select_from(
                consent.join(subscription, subscription.c.id == consent.c.subscription).join(
                    consent_text, consent_text.c.digest == consent.c.digest
                )
            )
            .where(subscription.c.address_hash == address)
            .order_by(consent.c.confirmed_at)
        )
        async with self._store.reading() as connection:
            return tuple(_proof_of(row) for row in await connection.execute(wanted))

    async def _settle(self, claimed: SignUp, **values: Any) -> None:
        async with self._store.writing() as connection:
            await connection.execute(
                update(sign_up)
                .where(sign_up.c.id == claimed.id, sign_up.c.mail == MailStep.CLAIMED.value)
                .values(**values)
            )


async def _ask(
    connection: AsyncConnection,
    *,
    asked: SignUp,
    of_source: Sequence[Allowance],
    of_address: Sequence[Allowance],
    now: datetime,
) -> Asked:
    await alone(connection, Guarded.PEOPLE)
    if not await count_asked(connection, of_source, now):
        return Asked.TOO_MANY
    if not await count_asked(connection, of_address, now):
        return Asked.TAKEN  # who asks is not told what others asked for this address
    there = select(sign_up).where(
        sign_up.c.address_hash == asked.address_hash, sign_up.c.list == asked.list
    )
    found = (await connection.execute(there)).one_or_none()
    values = {
        "address": asked.address,
        "language": asked.language,
        "came_from": asked.came_from.value,
        "asked_at": asked.asked_at,
        "mail": MailStep.OWED.value,
        "next_at": now,
    }
    if found is None:
        new = {"id": asked.id, "address_hash": asked.address_hash, "list": asked.list}
        await connection.execute(insert(sign_up).values(**new, **values))
    elif found.mail != MailStep.CLAIMED.value or found.next_at + _SENDING_MOST < now:
        # The link of an earlier mail goes on working.
        await connection.execute(update(sign_up).where(sign_up.c.id == found.id).values(**values))
    return Asked.TAKEN


async def count_asked(
    connection: AsyncConnection, allowances: Sequence[Allowance], now: datetime
) -> bool:
    """Count one more for each allowance, unless one is used up; tell whether it was counted."""
    spans = [_span(each, now) for each in allowances]
    rows = await connection.execute(
        select(ask_count.c.of, ask_count.c.count).where(ask_count.c.of.in_(of for of, _ in spans))
    )
    used: dict[str, int] = {row[0]: row[1] for row in rows}
    if any(used.get(of, 0) >= each.most for (of, _), each in zip(spans, allowances, strict=True)):
        return False
    for of, ends_at in spans:
        row = {"of": of, "count": used.get(of, 0) + 1, "ends_at": ends_at}
        await upsert(connection, ask_count, row, change=("count",))
    return True


def _span(allowance: Allowance, now: datetime) -> tuple[str, datetime]:
    """Return the name and the end of the span of time that *now* falls into."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    number = (now - epoch) // allowance.within
    name = f"{allowance.of}\n{allowance.within // timedelta(seconds=1)}\n{number}"
    return sha256(name.encode()).hexdigest(), epoch + (number + 1) * allowance.within


async def _invite(
    connection: AsyncConnection,
    *,
    mailing_list: ListId,
    hashes: Sequence[AddressHash],
    language_of: Callable[[str], Language],
    now: datetime,
    begin: datetime,
    apart: timedelta,
) -> int:
    await alone(connection, Guarded.PEOPLE)
    asks = select(sign_up.c.id).where(
        sign_up.c.address_hash == subscription.c.address_hash,
        sign_up.c.list == subscription.c.list,
    )
    waiting = await connection.execute(
        select(subscription.c.id, subscriber)
        .join(subscriber, subscriber.c.address_hash == subscription.c.address_hash)
        .where(
            subscription.c.list == mailing_list,
            subscription.c.state == SubscriptionState.PENDING.value,
            subscription.c.asked_at.is_(None),
            subscription.c.address_hash.in_(hashes),
            ~asks.exists(),
        )
        .order_by(subscription.c.id)
    )
    people = waiting.all()
    rows = [
        {
            "id": secrets.token_hex(16),
            "address_hash": person.address_hash,
            "list": mailing_list,
            "address": person.address,
            "language": language_of(person.language),
            "came_from": CameFrom.IMPORT.value,
            "asked_at": begin + number * apart,
            "mail": MailStep.OWED.value,
            "next_at": begin + number * apart,
        }
        for number, person in enumerate(people)
    ]
    if rows:
        await connection.execute(insert(sign_up), rows)
        asked = subscription.c.id.in_([person.id for person in people])
        await connection.execute(update(subscription).where(asked).values(asked_at=now))
    return len(rows)


async def _claim_mail(connection: AsyncConnection, *, now: datetime) -> SignUp | None:
    owed = (
        select(sign_up.c.id)
        .where(sign_up.c.mail == MailStep.OWED.value, sign_up.c.next_at <= now)
        .order_by(sign_up.c.next_at, sign_up.c.id)
        .limit(1)
    )
    if connection.dialect.name == "postgresql":
        owed = owed.with_for_update(skip_locked=True)
    known = await connection.scalar(owed)
    if known is None:
        return None
    row = (
        await connection.execute(
            update(sign_up)
            .where(sign_up.c.id == known, sign_up.c.mail == MailStep.OWED.value)
            .values(mail=MailStep.CLAIMED.value, next_at=now)
            .returning(*sign_up.c)
        )
    ).one_or_none()
    return _sign_up_of(row) if row is not None else None


async def _forget(connection: AsyncConnection, *, asked_before: datetime, now: datetime) -> int:
    await connection.execute(delete(ask_count).where(ask_count.c.ends_at <= now))
    gone = await connection.execute(delete(sign_up).where(sign_up.c.asked_at < asked_before))
    return gone.rowcount


def _sign_up_of(row: Row[Any]) -> SignUp:
    return SignUp(
        id=SignUpId(row.id),
        list=ListId(row.list),
        address=row.address,
        address_hash=AddressHash(row.address_hash),
        language=Language(row.language),
        came_from=CameFrom(row.came_from),
        asked_at=row.asked_at,
    )


def _proof_of(row: Row[Any]) -> Proof:
    return Proof(
        list=ListId(row.list),
        language=Language(row.language),
        came_from=CameFrom(row.came_from),
        asked_at=row.asked_at,
        confirmed_at=row.confirmed_at,
        message_id=row.message_id,
        text=row.text,
        digest=row.digest,
    )
