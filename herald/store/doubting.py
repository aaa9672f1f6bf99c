"""Doubts what may have been sent while this database did not look: see ``herald.store.instance``.

Such a delivery is made unclear, as after a lost answer: its network is asked, and what cannot be
asked is held for a person. What this database has tried itself since then is known to it.

On PostgreSQL a database may be put back, or its server give way to a standby, while Heralds run.
So every transaction that takes something to be sent asks first whether it is at home.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import StoreMoved
from herald.model.delivery import DeliveryState
from herald.model.ids import ChannelId
from herald.model.mailing import RecipientState
from herald.model.network import Capabilities
from herald.store import tables
from herald.store.alone import Guarded, alone
from herald.store.feed_tables import entry
from herald.store.following import is_free
from herald.store.home import Home, home_of, instance_row, why_elsewhere
from herald.store.mailing_joining import MailStep
from herald.store.mailing_tables import preference_link, recipient, sign_up

NEWS_WITHIN = timedelta(days=2)
"""So long after a copy was put back, feeds bring up again what they said before."""
WHY = "the database was put back from a copy, and this may have been sent after it was made"
WHY_NEW = "Herald began here without a memory, and this may have been sent before that"
DOUBTED = "doubted"
"""The outcome by which an attempt remembers that nothing was sent, only doubted."""

LOOK_BACK = timedelta(days=31)
"""How long ago what is owed may have been sent, where nobody knows when the copy was made."""
COPY = "the database is a copy that herald backup made"

_LEASE_BEYOND = timedelta(seconds=30)
_d = tables.delivery.c
_a = tables.attempt.c
_i = tables.instance.c

log = logging.getLogger(__name__)


async def at_home(
    connection: AsyncConnection, *, now: datetime, begins: bool = False
) -> tuple[Row[Any] | None, str | None]:
    """Return the row of ``instance``, and why what is owed from before *now* was just put in doubt.

    *begins* is for a process that is about to send. On PostgreSQL this finds out whether the
    database is still where it was, and if not begins to doubt: of all that find it out at once, one
    does. Raises StoreMoved for a database whose network was moved elsewhere.
    """
    row, here = await instance_row(connection)
    if row is None or here is None:
        refuse_moved(row)
        return row, None
    if _is_known(row, here):
        refuse_moved(row)
        return row, None
    await alone(connection, Guarded.HOME)
    row, here = await instance_row(connection)  # another one may just have done it
    refuse_moved(row)
    if row is None or here is None or _is_known(row, here):
        return row, None
    known = home_of(row.home)
    why = COPY if row.copied_at is not None else why_elsewhere(known, here) if known else None
    values: dict[str, Any] = {"home": str(here)}
    if begins and known is None and why is None:
        values |= await begun(connection, now=now)
    if why is not None:
        values |= {"copied_at": None, "doubt_before": now, "doubt_since": since(row, now)}
        await doubt_copies(connection, now=now)
    await connection.execute(update(tables.instance).values(values))
    return (await instance_row(connection))[0], why


async def recognised(connection: AsyncConnection, *, now: datetime) -> Row[Any] | None:
    """Do what ``at_home`` does for a process that is running, and say in the log what it found."""
    row, why = await at_home(connection, now=now)
    if why is not None:
        log.warning(
            "%s. What may have been sent since then is looked up before it is sent; what cannot be"
            " looked up is held: herald outbox list --state held",
            why,
        )
    return row


async def begun(connection: AsyncConnection, *, now: datetime) -> dict[str, datetime | None]:
    """Return what the row of ``instance`` is to say of a database that is used for the first time.

    Nobody knows whether it is the first that this network has: an earlier one may have been lost,
    or another address written into the configuration. So what was due before is looked up.
    """
    if await connection.scalar(select(_a.key).limit(1)) is not None:
        return {}  # an earlier version of Herald sent from it
    return {"doubt_before": now, "doubt_since": None}


def since(row: Row[Any], now: datetime) -> datetime:
    """Return from when on something may have been sent that the database does not know."""
    known: datetime | None = row.copied_at or row.last_seen_at
    return known if known is not None and known <= now else now - LOOK_BACK


def _is_known(row: Row[Any], here: Home) -> bool:
    return bool(row.home == str(here) and row.copied_at is None)


def refuse_moved(row: Row[Any] | None) -> None:
    """Raise StoreMoved where the row of ``instance`` says that the network is elsewhere."""
    if row is not None and row.moved_to:
        raise StoreMoved(
            f"this network was moved to {row.moved_to}: write that into config/herald.yaml as"
            " store: …, or take the move back with herald store move --undo"
        )


async def doubt_deliveries(
    connection: AsyncConnection,
    channels: Mapping[ChannelId, Capabilities],
    open_ones: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
) -> int:
    """Make unclear what is due on *channels*, and may be out there already; return how many.

    Costs one look at one row in every database that was never put back.
    """
    known = await recognised(connection, now=now)
    if known is None or known.doubt_before is None:
        return 0
    doubtful = and_(
        _d.state == DeliveryState.PENDING.value,
        _d.channel.in_(sorted(channels)),
        _d.next_at <= now,
        _is_from_before(known.doubt_before),
        ~exists().where(_a.key == _d.key, _a.started_at >= known.doubt_before),
        is_free(),  # what follows another is doubted, and looked for, once that one was found
        *open_ones,
    )
    why = WHY_NEW if known.doubt_since is None else WHY
    rows = (await connection.execute(select(_d.key, _d.token).where(doubtful))).all()
    if not rows:
        return 0
    await connection.execute(
        update(tables.delivery)
        .where(doubtful)
        .values(
            state=DeliveryState.CLAIMED.value,
            reason="",
            note=why,
            token=_d.token + 1,
            owner="",
            lease_ends_at=_not_looked_up_until(connection, channels, known),
            unclear_at=now,
            first_send_at=_first_send_at(known.doubt_since),
            frozen=func.coalesce(_d.frozen, _d.payload),
        )
    )
    doubted = {"started_at": now, "ended_at": now, "outcome": DOUBTED, "answer": why}
    await connection.execute(
        insert(tables.attempt),
        [{"key": row.key, "token": row.token + 1, **doubted} for row in rows],
    )
    return len(rows)


def _first_send_at(since: datetime | None) -> ColumnElement[Any]:
    """Return from when on a send is looked for; nothing where no send is known of at all."""
    if since is None:
        return _d.first_send_at
    earliest = literal(since, tables.Moment())
    return case((_d.first_send_at < earliest, _d.first_send_at), else_=earliest)


async def doubt_copies(connection: AsyncConnection, *, now: datetime) -> None:
    """Make uncertain every newsletter copy that was still to be sent."""
    waiting = (RecipientState.PENDING.value, RecipientState.DEFERRED.value)
    await connection.execute(
        update(recipient)
        .where(recipient.c.state.in_(waiting))
        .values(state=RecipientState.UNCERTAIN.value, reply=WHY, lease_ends_at=None, ended_at=now)
    )
    # Mails that ask for confirmation or bring a link: whoever waits for one asks again.
    for asked in (sign_up, preference_link):
        owed = asked.c.mail == MailStep.OWED.value
        await connection.execute(update(asked).where(owed).values(mail=MailStep.LOST.value))


async def may_be_sent(connection: AsyncConnection, due_at: datetime, *, now: datetime) -> bool:
    """Tell whether a newsletter's issue that was due then may have been sent already.

    Not from a database that is used for the first time: its subscribers were just brought in.
    """
    known = await recognised(connection, now=now)
    if known is None or known.doubt_before is None or known.doubt_since is None:
        return False
    return bool(due_at <= known.doubt_before)


def _not_looked_up_until(
    connection: AsyncConnection, channels: Mapping[ChannelId, Capabilities], known: Row[Any]
) -> datetime | None:
    """Return until when another process may still be sending what its lost claim was for.

    On SQLite there is no other process, and in a database that is used for the first time no claim
    was lost.
    """
    if connection.dialect.name != "postgresql" or known.doubt_since is None:
        return None
    longest = max((each.timeout for each in channels.values()), default=timedelta(0))
    before: datetime = known.doubt_before
    return before + 2 * longest + _LEASE_BEYOND


def _is_from_before(moment: datetime) -> ColumnElement[bool]:
    """Tell of deliveries that were due by *moment*, or tell of news that was out by then."""
    old_news = select(entry.c.id).where(
        entry.c.first_seen_at >= moment,
        entry.c.first_seen_at < moment + NEWS_WITHIN,
        or_(entry.c.published_at.is_(None), entry.c.published_at <= moment),
    )
    return or_(
        _d.due_at <= moment,
        and_(_d.due_at < moment + NEWS_WITHIN, _d.entry.in_(old_news)),
    )
