"""What a click on the confirming link writes: the tie, the proof, and no request any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import ListId
from herald.model.joining import ConsentText, SignUpId
from herald.model.mailing import EVERY_LIST, SubscriptionId, SubscriptionState
from herald.store.alone import Guarded, alone
from herald.store.mailing_tables import (
    consent,
    consent_text,
    sign_up,
    subscriber,
    subscription,
    suppression,
)
from herald.store.upsert import insert_new, upsert


async def confirm(
    connection: AsyncConnection,
    *,
    known: SignUpId,
    text: ConsentText,
    tie: SubscriptionId,
    other_lists: Sequence[ListId],
    since: datetime,
    now: datetime,
) -> bool:
    """Subscribe whoever made a request, keep the proof, and erase it; False if there is none."""
    await alone(connection, Guarded.PEOPLE)
    found = (
        await connection.execute(
            select(sign_up).where(sign_up.c.id == known, sign_up.c.asked_at >= since)
        )
    ).one_or_none()
    if found is None:
        return False
    await _welcome_back(connection, found, other_lists)
    person = {
        "address_hash": found.address_hash,
        "address": found.address,
        "name": "",
        "language": found.language,
        "created_at": now,
    }
    await upsert(connection, subscriber, person, change=("address", "language"))
    kept = await _tie(connection, found, tie, now)
    words = {"digest": text.digest, "text": "\n".join([*text.lines, text.privacy]).strip()}
    await insert_new(connection, consent_text, words)
    await connection.execute(
        insert(consent).values(
            id=found.id,
            subscription=kept,
            list=found.list,
            language=text.language,
            came_from=found.came_from,
            asked_at=found.asked_at,
            confirmed_at=now,
            digest=text.digest,
            message_id=found.message_id,
        )
    )
    await connection.execute(delete(sign_up).where(sign_up.c.id == known))
    return True


async def _welcome_back(
    connection: AsyncConnection, found: Row[Any], other_lists: Sequence[ListId]
) -> None:
    """Let the person be written to on this list again, and on no other one."""
    theirs = suppression.c.address_hash == found.address_hash
    everywhere = (
        await connection.execute(
            select(suppression).where(theirs, suppression.c.list == EVERY_LIST)
        )
    ).one_or_none()
    if everywhere is not None:
        for other in other_lists:
            row = {**everywhere._mapping, "list": other}  # noqa: SLF001  # its documented name
            await insert_new(connection, suppression, row)
    await connection.execute(
        delete(suppression).where(theirs, suppression.c.list.in_((EVERY_LIST, found.list)))
    )


async def _tie(
    connection: AsyncConnection, found: Row[Any], tie: SubscriptionId, now: datetime
) -> SubscriptionId:
    """Subscribe the person of a request, anew or again; return the subscription."""
    agreed: dict[str, Any] = {
        "state": SubscriptionState.SUBSCRIBED.value,
        "consent_source": f"confirmed by mail ({found.came_from})",
        "consent_given": now.astimezone(UTC).isoformat(timespec="seconds"),
        "left_at": None,
    }
    theirs = select(subscription.c.id, subscription.c.state).where(
        subscription.c.address_hash == found.address_hash, subscription.c.list == found.list
    )
    there = (await connection.execute(theirs)).one_or_none()
    if there is None:
        new = {"id": tie, "address_hash": found.address_hash, "list": found.list, "since": now}
        await connection.execute(insert(subscription).values(**new, **agreed))
        return tie
    if there.state != SubscriptionState.SUBSCRIBED.value:
        agreed["since"] = now
    await connection.execute(
        update(subscription).where(subscription.c.id == there.id).values(**agreed)
    )
    return SubscriptionId(there.id)
