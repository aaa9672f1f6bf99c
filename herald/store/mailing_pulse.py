"""How an issue that is being sent gets on: what was sent lately, what waits, and for what."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.engine import Connection

from herald.model.headway import WATCHED, Pulse
from herald.model.mailing import RecipientState
from herald.store.engine import Store
from herald.store.mailing_paces import Gate
from herald.store.mailing_tables import recipient

_r = recipient.c
_WAITING = (RecipientState.DEFERRED.value, RecipientState.PENDING.value)


async def reopens_at(
    store: Store, key: str, *, gate: Gate, senders: Collection[str], now: datetime
) -> datetime | None:
    """Return when the next copy that is due may be claimed; None where no limit keeps any."""

    def look(connection: Connection) -> datetime | None:
        lanes = gate.look(connection, now=now)
        if not lanes.binding(senders):
            return None
        wanted = (
            select(_r.domain)
            .distinct()
            .where(_r.issue == key, _r.state.in_(_WAITING), _r.next_at <= now)
        )
        domains = list(connection.scalars(wanted))
        opens = [lanes.reopens_at(sender, domains) for sender in senders]
        return max((moment for moment in opens if moment), default=None) if domains else None

    async with store.reading() as connection:
        return await connection.run_sync(look)


async def pulse(
    store: Store, key: str, *, gate: Gate, senders: Collection[str], now: datetime
) -> Pulse:
    """Return what became of an issue's copies lately, and what those wait for that are left."""

    def look(connection: Connection) -> Pulse:
        accepted = and_(_r.issue == key, _r.state == RecipientState.ACCEPTED.value)
        lately, last_at = connection.execute(
            select(func.count(), func.max(_r.ended_at)).where(accepted, _r.ended_at > now - WATCHED)
        ).one()
        if not lately:
            last_at = connection.scalar(select(func.max(_r.ended_at)).where(accepted))
        backlog = connection.execute(
            select(_r.domain, func.count())
            .where(
                _r.issue == key,
                or_(
                    _r.state == RecipientState.DEFERRED.value,
                    and_(_r.state == RecipientState.PENDING.value, _r.next_at <= now),
                ),
            )
            .group_by(_r.domain)
            .order_by(_r.domain)
        )
        waiting = tuple((domain, count) for domain, count in backlog)
        said = connection.scalar(
            select(_r.reply)
            .where(_r.issue == key, _r.state == RecipientState.DEFERRED.value)
            .order_by(_r.ended_at.desc())
            .limit(1)
        )
        lanes = gate.look(connection, now=now)
        domains = {domain for domain, _ in waiting}
        bound = tuple(
            each
            for each in lanes.binding(senders)
            if each.kind in {"relay", "sender"} or each.name in domains
        )
        return Pulse(lately=lately, last_at=last_at, backlog=waiting, said=said or "", bound=bound)

    async with store.reading() as connection:
        return await connection.run_sync(look)
