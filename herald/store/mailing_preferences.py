"""What readers change by themselves, links that are mailed to them, and all that is held of one.

A mail with a link is owed by its row, as a mail that asks for confirmation is: claimed before it
is sent, and never given back by time alone. A row is written for every address that is asked for,
whether or not it is known, so that the answer and its time tell nobody which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import Language, ListId
from herald.model.joining import Allowance, Asked
from herald.model.mailing import (
    AddressHash,
    RecipientState,
    Subscriber,
    SubscriptionId,
    SubscriptionState,
)
from herald.model.preferences import (
    LINK_WORKS,
    Held,
    HeldLetter,
    HeldRefusal,
    HeldRequest,
    HeldReturn,
    LinkAsked,
    LinkId,
    LinkOwed,
    Reader,
)
from herald.store.alone import Guarded, alone
from herald.store.bounces import bounce
from herald.store.engine import Store
from herald.store.mailing_joining import MailStep, StoredJoining, count_asked
from herald.store.mailing_lists import person_columns
from herald.store.mailing_tables import (
    edition,
    preference_link,
    recipient,
    sign_up,
    subscriber,
    subscriber_of,
    subscription,
    suppression,
)

_WAITING = (RecipientState.PENDING.value, RecipientState.DEFERRED.value)
_UNDER_WAY = (MailStep.OWED.value, MailStep.CLAIMED.value)

Choose = Callable[[Language, Sequence[Language]], Language]
"""Chooses an edition by a reader's language."""


class StoredPreferences:
    """What readers do by themselves, in the store; the port's docstrings are the contract."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask_link(
        self,
        asked: LinkAsked,
        *,
        of_source: Sequence[Allowance],
        of_address: Sequence[Allowance],
        now: datetime,
    ) -> Asked:
        """Take down that a link is wanted, unless too much was asked."""
        return await self._store.write(
            partial(_ask, asked=asked, of_source=of_source, of_address=of_address, now=now)
        )

    async def owner(self, link: LinkId, *, now: datetime) -> AddressHash | None:
        """Return whose link it is; None once it works no longer."""
        wanted = select(preference_link.c.address_hash).where(
            preference_link.c.id == link,
            preference_link.c.works_until > now,
            preference_link.c.mail != MailStep.OWED.value,
        )
        async with self._store.reading() as connection:
            found = await connection.scalar(wanted)
        return AddressHash(found) if found is not None else None

    async def owner_of(self, tie: SubscriptionId) -> AddressHash | None:
        """Return whose subscription it is; None if never there, or erased."""
        wanted = select(subscription.c.address_hash).where(subscription.c.id == tie)
        async with self._store.reading() as connection:
            found = await connection.scalar(wanted)
        return AddressHash(found) if found is not None else None

    async def reader(self, known: AddressHash) -> Reader | None:
        """Return a person with all ties; None if unknown, or erased."""
        async with self._store.reading() as connection:
            found = (
                await connection.execute(
                    select(subscriber).where(subscriber.c.address_hash == known)
                )
            ).one_or_none()
            ties = await _ties(connection, known) if found is not None else ()
        if found is None:
            return None
        return Reader(
            address=found.address,
            address_hash=known,
            language=Language(found.language) if found.language else None,
            zone=found.zone,
            ties=ties,
        )

    async def change(
        self, known: AddressHash, *, language: Language | None, zone: str, choose: Choose
    ) -> None:
        """Let a person's letters speak *language*, those that nobody claimed yet included."""
        await self._store.write(
            partial(_change, known=known, language=language, zone=zone, choose=choose)
        )

    async def claim_link(self, *, now: datetime) -> LinkOwed | None:
        """Take the next mail that is owed to somebody known; forget those owed to nobody."""
        return await self._store.write(partial(_claim, now=now))

    async def link_sent(self, claimed: LinkOwed, *, now: datetime) -> None:
        """Note that a mail was accepted: from now on its link works, for an hour."""
        await self._settle(claimed, mail=MailStep.SENT.value, works_until=now + LINK_WORKS)

    async def link_lost(self, claimed: LinkOwed) -> None:
        """Note that a mail is not to be sent again by itself; its link works if it arrived."""
        await self._settle(claimed, mail=MailStep.LOST.value)

    async def link_later(self, claimed: LinkOwed, *, at: datetime) -> None:
        """Owe a mail again that was certainly not accepted."""
        await self._settle(claimed, mail=MailStep.OWED.value, next_at=at)

    async def forget_links(self, *, now: datetime) -> int:
        """Erase the links that work no longer."""
        async with self._store.writing() as connection:
            over = delete(preference_link).where(preference_link.c.works_until <= now)
            return (await connection.execute(over)).rowcount

    async def held(self, known: AddressHash) -> Held:
        """Return everything that is held of an address."""
        proofs = await StoredJoining(self._store).proofs(known)
        async with self._store.reading() as connection:
            person = (
                await connection.execute(
                    select(subscriber).where(subscriber.c.address_hash == known)
                )
            ).one_or_none()
            return Held(
                address=person.address if person else "",
                name=person.name if person else "",
                language=Language(person.language) if person and person.language else None,
                zone=person.zone if person else "",
                created_at=person.created_at if person else None,
                ties=await _ties(connection, known),
                proofs=proofs,
                letters=await _letters(connection, known),
                returns=await _returns(connection, known),
                requests=await _requests(connection, known),
                refusals=await _refusals(connection, known),
            )

    async def _settle(self, claimed: LinkOwed, **values: Any) -> None:
        async with self._store.writing() as connection:
            await connection.execute(
                update(preference_link)
                .where(
                    preference_link.c.id == claimed.id,
                    preference_link.c.mail == MailStep.CLAIMED.value,
                )
                .values(**values)
            )


async def _ask(
    connection: AsyncConnection,
    *,
    asked: LinkAsked,
    of_source: Sequence[Allowance],
    of_address: Sequence[Allowance],
    now: datetime,
) -> Asked:
    await alone(connection, Guarded.PEOPLE)
    if not await count_asked(connection, of_source, now):
        return Asked.TOO_MANY
    if not await count_asked(connection, of_address, now):
        return Asked.TAKEN  # who asks is not told what others asked for this address
    under_way = await connection.scalar(
        select(preference_link.c.id).where(
            preference_link.c.address_hash == asked.address_hash,
            preference_link.c.mail.in_(_UNDER_WAY),
            preference_link.c.works_until > now,
        )
    )
    if under_way is None:
        await connection.execute(
            insert(preference_link).values(
                id=asked.id,
                address_hash=asked.address_hash,
                address=asked.address,
                language=asked.language,
                asked_at=asked.asked_at,
                mail=MailStep.OWED.value,
                next_at=now,
                works_until=now + LINK_WORKS,
            )
        )
    return Asked.TAKEN


async def _claim(connection: AsyncConnection, *, now: datetime) -> LinkOwed | None:
    while True:
        owed = (
            select(preference_link.c.id)
            .where(
                preference_link.c.mail == MailStep.OWED.value,
                preference_link.c.next_at <= now,
                preference_link.c.works_until > now,
            )
            .order_by(preference_link.c.next_at, preference_link.c.id)
            .limit(1)
        )
        if connection.dialect.name == "postgresql":
            owed = owed.with_for_update(skip_locked=True)
        known = await connection.scalar(owed)
        if known is None:
            return None
        row = (
            await connection.execute(
                update(preference_link)
                .where(preference_link.c.id == known)
                .values(mail=MailStep.CLAIMED.value, next_at=now)
                .returning(*preference_link.c)
            )
        ).one()
        person = (
            await connection.execute(
                select(subscriber).where(subscriber.c.address_hash == row.address_hash)
            )
        ).one_or_none()
        if person is None:
            # Somebody who is not here: nothing is sent, and nothing kept.
            await connection.execute(delete(preference_link).where(preference_link.c.id == known))
            continue
        ties = await _ties(connection, row.address_hash)
        return LinkOwed(
            id=LinkId(row.id),
            address=person.address,
            language=Language(person.language or row.language),
            lists=tuple(tie.list for tie in ties),
        )


async def _change(
    connection: AsyncConnection,
    *,
    known: AddressHash,
    language: Language | None,
    zone: str,
    choose: Choose,
) -> None:
    await alone(connection, Guarded.PEOPLE)
    wanted: dict[str, Any] = {"zone": zone}
    if language is not None:
        wanted["language"] = language
    await connection.execute(
        update(subscriber).where(subscriber.c.address_hash == known).values(**wanted)
    )
    if language is None:
        return
    waiting = await connection.execute(
        select(recipient.c.issue)
        .join(subscription, subscription.c.id == recipient.c.subscription)
        .where(subscription.c.address_hash == known, recipient.c.state.in_(_WAITING))
        .distinct()
    )
    theirs = select(subscription.c.id).where(subscription.c.address_hash == known)
    for issue in list(waiting.scalars()):
        there = await connection.scalars(
            select(edition.c.language).where(edition.c.issue == issue).order_by(edition.c.place)
        )
        languages = [Language(tag) for tag in there]
        if not languages:
            continue
        await connection.execute(
            update(recipient)
            .where(
                recipient.c.issue == issue,
                recipient.c.subscription.in_(theirs),
                recipient.c.state.in_(_WAITING),
            )
            .values(language=choose(language, languages))
        )


async def _ties(connection: AsyncConnection, known: str) -> tuple[Subscriber, ...]:
    rows = await connection.execute(
        select(*person_columns())
        .select_from(subscription.join(subscriber))
        .where(subscription.c.address_hash == known)
        .order_by(subscription.c.list)
    )
    found = [subscriber_of(row) for row in rows]
    return tuple(sorted(found, key=lambda tie: tie.state is not SubscriptionState.SUBSCRIBED))


async def _letters(connection: AsyncConnection, known: str) -> tuple[HeldLetter, ...]:
    rows = await connection.execute(
        select(recipient)
        .join(subscription, subscription.c.id == recipient.c.subscription)
        .where(subscription.c.address_hash == known)
        .order_by(recipient.c.id)
    )
    return tuple(
        HeldLetter(
            issue=row.issue,
            language=Language(row.language),
            state=row.state,
            attempts=row.attempts,
            first_at=row.first_at,
            ended_at=row.ended_at,
            reply=row.reply,
            domain=row.domain,
            queue_id=row.queue_id,
        )
        for row in rows
    )


async def _returns(connection: AsyncConnection, known: str) -> tuple[HeldReturn, ...]:
    rows = await connection.execute(
        select(bounce)
        .join(subscription, subscription.c.id == bounce.c.subscription)
        .where(subscription.c.address_hash == known)
        .order_by(bounce.c.at)
    )
    return tuple(
        HeldReturn(
            issue=row.issue,
            kind=row.kind,
            status=row.status,
            diagnostic=row.diagnostic,
            at=row.at,
        )
        for row in rows
    )


async def _requests(connection: AsyncConnection, known: str) -> tuple[HeldRequest, ...]:
    joins = await connection.execute(
        select(sign_up).where(sign_up.c.address_hash == known).order_by(sign_up.c.asked_at)
    )
    links = await connection.execute(
        select(preference_link)
        .where(preference_link.c.address_hash == known)
        .order_by(preference_link.c.asked_at)
    )
    return (
        *(_request(row, ListId(row.list)) for row in joins),
        *(_request(row, ListId("")) for row in links),
    )


def _request(row: Any, mailing_list: ListId) -> HeldRequest:
    return HeldRequest(
        list=mailing_list,
        language=Language(row.language),
        asked_at=row.asked_at,
        mail=row.mail,
    )


async def _refusals(connection: AsyncConnection, known: str) -> tuple[HeldRefusal, ...]:
    rows = await connection.execute(
        select(suppression).where(suppression.c.address_hash == known).order_by(suppression.c.at)
    )
    return tuple(HeldRefusal(list=ListId(row.list), reason=row.reason, at=row.at) for row in rows)
