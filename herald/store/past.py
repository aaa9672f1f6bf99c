"""Reads of the outbox what planning can need: all that waits, and of what ended what can matter.

A network that has run for years has a million ended deliveries. Planning asks them few questions
(``herald.planning.reach``), and so does the comparison of a plan with what waits; each question is
a query here, that an index answers without a look at the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, func, or_, select, text, values
from sqlalchemy import Text as SqlText
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import Action, Delivery, DeliveryState, Earlier, History, Reason
from herald.model.ids import CampaignId, DeliveryKey, EntryId, ItemId
from herald.model.plan import Plan, PlannedDelivery
from herald.model.reach import Reach
from herald.store import tables
from herald.store.batches import batches
from herald.store.rows import COLUMNS, read_rows
from herald.store.said import said_number

_d = tables.delivery.c
_ENDED = text(f"delivery.{tables.ENDED}")
_KEPT = text(tables.KEPT)
_SENT = text("delivery.state = 'sent'")
_MOVED = text("delivery.moved_from <> ''")
_OF_A_PARTNER = (text("delivery.entry <> ''"), _ENDED)
_MAY_HAVE_MOVED = (_d.moves.is_(True), _KEPT, _SENT)
_WAITING = _d.state.in_(
    [DeliveryState.PENDING.value, DeliveryState.CLAIMED.value, DeliveryState.HELD.value]
)
_OF_NO_ENTRY = _d.entry == ""
_POST = (_d.action.in_([Action.CREATE.value, Action.BOOST.value]), _d.part == 0)
"""No correction and no further part of a thread."""
_ENOUGH = 2
"""Entries by which a partner is trusted, whichever of them is asked about."""
_ANY = _d.catch_up.in_(list(CatchUp))
"""All of them, so that an index serves."""
CAMPAIGNS_AT_ONCE = 50
_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
_ONE_TURN = timedelta(days=2)
"""The deliveries of one entry and occasion are due within a day of each other."""


class _Found:
    """What was read, each row once."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.rows: dict[DeliveryKey, Delivery] = {}

    async def read(self, *conditions: ColumnElement[bool] | Any) -> None:
        """Read the rows that meet *conditions*."""
        await self.read_from(select(*COLUMNS).where(*conditions))

    async def read_from(self, statement: Select[Any]) -> None:
        """Read what *statement* selects ``COLUMNS`` of."""
        self.rows |= {row.key: row for row in await read_rows(self._connection, statement)}

    async def read_keys(self, keys: Iterable[DeliveryKey]) -> None:
        """Read the rows of *keys* that are not read yet."""
        for some in batches(sorted(set(keys) - self.rows.keys())):
            await self.read(_d.key.in_(some))

    def in_order(self) -> tuple[Delivery, ...]:
        """Return the rows by due_at and key."""
        return tuple(sorted(self.rows.values(), key=lambda row: (row.due_at, row.key)))


# ------------------------------------------------------------------ for planning


async def past_within(connection: AsyncConnection, reach: Reach) -> History:
    """Return what a plan of *reach* can depend on."""
    found = _Found(connection)
    await found.read(_WAITING)
    waits = _waiting_since(found.rows.values())
    await _lately(found, reach)
    for entries in batches(reach.entries):
        await found.read(_d.entry.in_(entries), _KEPT)
    known_since = _before(reach.begins, reach.news_back)
    for some in batches(sorted(reach.partners)):
        await _last_turns(connection, found, some, known_since=known_since)
    await _trust(connection, found, reach)
    begins = {campaign: min(reach.begins, since) for campaign, since in waits.items()}
    earlier = await _of_campaigns(connection, found, reach, begins)
    await _turns_of_cards(connection, found, reach)
    seen = await connection.execute(select(tables.first_seen).order_by(tables.first_seen.c.name))
    return History(
        deliveries=found.in_order(),
        first_seen=tuple((row.name, row.at) for row in seen),
        earlier=tuple(earlier),
    )


def _waiting_since(rows: Iterable[Delivery]) -> dict[CampaignId, datetime]:
    """Return when the oldest of what waits of each campaign was due: planning looks so far back."""
    since: dict[CampaignId, datetime] = {}
    for row in rows:
        since[row.campaign] = min(row.due_at, since.get(row.campaign, row.due_at))
    return since


async def _lately(found: _Found, reach: Reach) -> None:
    """Read what ended of late, what limits count, and what was sent in the span."""
    since = _before(reach.begins, reach.back)
    await found.read(_ENDED, _ANY, _d.due_at >= since)
    news_since = _before(reach.begins, reach.news_back)
    await found.read(_ENDED, _ANY, _d.due_at >= news_since, _d.due_at < since, _d.entry != "")


async def _of_campaigns(
    connection: AsyncConnection,
    found: _Found,
    reach: Reach,
    begins: Mapping[CampaignId, datetime],
) -> list[Earlier]:
    """Read what can matter of the campaigns' items; tell of each item when it was first sent.

    Campaigns are asked about together; what more is found where two name an item alike does no
    harm.
    """
    named = {each.campaign: dict(each.items) for each in reach.campaigns}
    earlier: list[Earlier] = []
    alike: dict[datetime, list[tuple[CampaignId, ItemId]]] = defaultdict(list)
    for campaigns in batches(sorted(named), CAMPAIGNS_AT_ONCE):
        theirs = (_OF_NO_ENTRY, _d.campaign.in_(campaigns), _KEPT)
        items = sorted({item for campaign in campaigns for item in named[campaign]})
        for some in batches(items):
            await found.read(*theirs, _d.moves.is_(True), _d.item.in_(some))
        known = await connection.execute(
            select(
                _d.campaign,
                _d.item,
                func.min(_d.sent_at).label("first"),
                func.max(_d.due_at).label("newest"),
            )
            .where(*theirs, _d.moves.is_(False))
            .group_by(_d.campaign, _d.item)
        )
        for campaign, item, first, newest in known.all():
            back = named[campaign].get(item)
            if back is not None:
                earlier.append(Earlier(campaign=campaign, item=item, first_sent_at=first))
            since = _before(begins.get(campaign, reach.begins), back or reach.back)
            if newest >= since:
                alike[since].append((campaign, item))
    for since, pairs in alike.items():
        for part in batches(pairs):
            of = _d.campaign.in_(sorted({campaign for campaign, _ in part}))
            those = _d.item.in_(sorted({item for _, item in part}))
            recent = (_d.moves.is_(False), _d.due_at >= since)
            await found.read(_OF_NO_ENTRY, _KEPT, of, those, *recent)
    return earlier


async def _turns_of_cards(connection: AsyncConnection, found: _Found, reach: Reach) -> None:
    """Read the last turn that each card of a campaign had in each of its series."""
    asked = [
        (one.campaign, item, _dated(series))
        for one in reach.campaigns
        for series in one.series
        for item, _ in one.items
    ]
    turn = tables.delivery.alias("turn")
    keys: set[DeliveryKey] = set()
    for some in batches(asked):
        names = [column(name, SqlText) for name in ("campaign", "item", "pattern")]
        cards = values(*names, name="card").data(list(some)).cte("cards")
        last = (
            select(turn.c.key)
            .where(
                turn.c.campaign == cards.c.campaign,
                turn.c.item == cards.c.item,
                turn.c.entry == "",
                turn.c.action == Action.CREATE.value,
                turn.c.part == 0,
                turn.c.occasion.like(cards.c.pattern, escape="\\"),
                or_(
                    turn.c.state == DeliveryState.SENT.value,
                    and_(
                        turn.c.state == DeliveryState.WITHDRAWN.value,
                        turn.c.reason == Reason.PERSON.value,
                    ),
                    turn.c.first_send_at.is_not(None),
                ),
            )
            .order_by(turn.c.occasion.desc())
            .limit(1)
            .correlate(cards)
            .scalar_subquery()
        )
        last_turns = await connection.execute(select(last).select_from(cards))
        keys.update(filter(None, last_turns.scalars()))
    await found.read_keys(keys)


def _dated(series: str) -> str:
    """Return the pattern of the occasions of *series*: its name and an ISO date."""
    escaped = series.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}-____-__-__"


async def _last_turns(
    connection: AsyncConnection, found: _Found, partners: Sequence[str], *, known_since: datetime
) -> None:
    """Read the last turn of each of *partners*, where it was before *known_since*."""
    name = values(column("name", SqlText), name="partner").data([(one,) for one in partners])
    named = name.cte("named")
    last = (
        select(func.max(_d.due_at))
        .where(_d.partner == named.c.name, *_OF_A_PARTNER, _SENT, *_POST)
        .correlate(named)
        .scalar_subquery()
    )
    for partner, due_at in (await connection.execute(select(named.c.name, last))).all():
        if due_at is not None and due_at - _ONE_TURN < known_since:
            since = due_at - _ONE_TURN
            await found.read(_d.partner == partner, _d.due_at >= since, *_OF_A_PARTNER, _SENT)


async def _trust(connection: AsyncConnection, found: _Found, reach: Reach) -> None:
    """Read two entries for which each partner is trusted: one may be the entry in question.

    Two that were boosted, too, where any are to be: a partner's account is trusted for itself.
    """
    known: dict[tuple[str, bool], set[str]] = defaultdict(set)
    for row in found.rows.values():
        if row.partner and row.entry and (row.state is DeliveryState.SENT or row.approved):
            known[row.partner, row.action is Action.BOOST].add(row.entry)
    is_trusted = or_(_d.state == DeliveryState.SENT.value, _d.approved != "")
    is_boost = _d.action == Action.BOOST.value
    for partner in reach.partners:
        for boosts in (False, True) if reach.boosts else (False,):
            entries = known[partner, boosts]
            while len(entries) < _ENOUGH:
                newest = await read_rows(
                    connection,
                    select(*COLUMNS)
                    .where(_d.partner == partner, *_OF_A_PARTNER, is_trusted)
                    .where(is_boost if boosts else ~is_boost, _d.entry.not_in(sorted(entries)))
                    .order_by(_d.due_at.desc())
                    .limit(1),
                )
                if not newest:
                    break
                found.rows |= {row.key: row for row in newest}
                entries |= {row.entry for row in newest if row.entry}


# ------------------------------------------------------------------ for correcting


async def sent_of(
    connection: AsyncConnection,
    items: Collection[tuple[CampaignId, ItemId]],
    entries: Collection[EntryId],
) -> tuple[Delivery, ...]:
    """Return what was sent of *items* and *entries*, corrections included."""
    found = _Found(connection)
    for some in batches(sorted(entries)):
        await found.read(_d.entry.in_(some), _KEPT, _SENT)
    named: dict[CampaignId, set[ItemId]] = defaultdict(set)
    for campaign, item in items:
        named[campaign].add(item)
    for campaign, names in named.items():
        for moves in (True, False):  # so that an index serves
            of = (_OF_NO_ENTRY, _d.campaign == campaign, _KEPT, _SENT, _d.moves.is_(moves))
            for those in batches(sorted(names)):
                await found.read(*of, _d.item.in_(those))
    return found.in_order()


# ------------------------------------------------------------------ for reconciling


async def concerned_by(
    connection: AsyncConnection, plan: Plan, *, now: datetime
) -> tuple[Delivery, ...]:
    """Return the deliveries that a comparison of the outbox with *plan* can depend on."""
    found = _Found(connection)
    await found.read(_WAITING)
    followed = [key for row in found.rows.values() for key in (row.target, row.thread)]
    await found.read_keys([key for key in followed if key is not None])
    planned = {each.key: each for each in plan.deliveries}
    await found.read_keys(planned)
    await found.read(_SENT, _ANY, _d.due_at >= plan.first, _d.due_at < plan.last)
    await _moved_away(found, planned.values())
    await _said_before(found, planned.values(), now=max(now, plan.made_at))
    return found.in_order()


async def _moved_away(found: _Found, planned: Iterable[PlannedDelivery]) -> None:
    """Read what was sent of what may be the same at another moment, and what answers for that."""
    asked: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for each in planned:
        if each.moves and _may_be_a_move(each, found.rows.get(each.key)):
            entries, items = asked[each.campaign]
            if each.entry is None:
                items.add(each.item)
            else:
                entries.add(each.entry)
    for campaign, (entries, items) in asked.items():
        for some in batches(sorted(entries)):
            await found.read(_d.entry.in_(some), _d.campaign == campaign, *_MAY_HAVE_MOVED)
        of_items = (_OF_NO_ENTRY, _d.campaign == campaign, *_MAY_HAVE_MOVED)
        for some in batches(sorted(items)):
            await found.read(*of_items, _d.item.in_(some))
    sent = sorted(key for key, row in found.rows.items() if row.state is DeliveryState.SENT)
    for keys in batches(sent):
        await found.read(_d.moved_from.in_(keys), _MOVED)


def _may_be_a_move(planned: PlannedDelivery, row: Delivery | None) -> bool:
    """Tell whether it is new, or was to go out on another day: an edit may have moved it here."""
    if row is None or row.state is DeliveryState.WITHDRAWN:
        return True
    return row.occasion_local.date() != planned.occasion_local.date()


async def _said_before(found: _Found, planned: Iterable[PlannedDelivery], *, now: datetime) -> None:
    """Read what was sent in the words of what is late and new, and under its other names."""
    late = [each for each in planned if each.due_at <= now and _is_new(found.rows.get(each.key))]
    said = {said_number(each.channel, each.language, each.payload.text) for each in late}
    for some in batches(sorted(said)):
        await found.read(_d.said.in_(some), _SENT)
    # A channel or a language may be called otherwise now.
    for entries in batches(sorted({each.entry for each in late if each.entry is not None})):
        await found.read(_d.entry.in_(entries), _KEPT, _SENT)
    items: dict[CampaignId, set[ItemId]] = defaultdict(set)
    for each in late:
        if each.entry is None:
            items[each.campaign].add(each.item)
    since = min((each.due_at for each in late), default=now) - _ONE_TURN
    for campaign, names in items.items():
        of = (_OF_NO_ENTRY, _d.campaign == campaign, _KEPT, _SENT, _d.due_at >= since)
        for moves in (True, False):  # so that an index serves
            for those in batches(sorted(names)):
                await found.read(*of, _d.moves.is_(moves), _d.item.in_(those))


def _is_new(row: Delivery | None) -> bool:
    if row is None or row.state is DeliveryState.WITHDRAWN:
        return True
    return row.state is DeliveryState.HELD and row.reason is Reason.WITHDRAWAL


def _before(moment: datetime, span: timedelta) -> datetime:
    """Return the moment *span* before *moment*, or as early as the calendar goes."""
    return _LONG_AGO if span > moment - _LONG_AGO else moment - span
