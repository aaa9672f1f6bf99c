"""Cards that take their turn: which item a series posts on which day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from herald.model.campaign import DEFAULT_AT, At, Item, Occasion, Series, Status
from herald.model.ids import ItemId, OccasionId
from herald.model.plan import Skipped
from herald.model.problem import Problem
from herald.model.wallclock import moment_of
from herald.planning import recurring
from herald.planning.moment import Moment, Scene, Timing, left_out, warning
from herald.planning.records import had_its_turn, is_settled, series_date
from herald.planning.references import finishes
from herald.planning.schedule import Unfit, schedule

Turn = tuple[Item, Moment]
"""A card and the moment at which it has its turn."""


def covers(series: Sequence[Series], item: Item) -> bool:
    """Tell whether *item* is a card of one of *series*."""
    return any(item.kind in one.kinds for one in series)


def turns(series: Series, scene: Scene) -> Iterator[Turn | Skipped | Problem]:
    """Yield the cards of *series* and their moments, in the order of their days.

    The next card is one that was never posted, else the one posted longest ago, and of equals the
    first in the file. A moment that an item names for itself counts as posted, also ahead: nobody
    wants the same story twice in a week. A past day keeps the card that was posted on it.
    """
    cards = _cards(series, scene)
    if not cards:
        yield warning(series.place, "no-cards", f"the series {series.id} has no cards")
        return
    if recurring.counts_from_nowhere(series.every, scene.campaign):
        yield recurring.no_start(series.place)
    occasion = _occasion(series)
    used, kept, late = _past(series, scene)
    for each in cards:
        if (own := _own_day(each)) is not None:
            used[each.id] = max(own, used.get(each.id, own))
    for day in _days(series, cards[0], occasion, scene):
        moment = _moment(day, series, occasion, scene)
        if day in kept:
            if day in late:
                used[kept[day]] = day
            yield from ((card, moment) for card in cards if card.id == kept[day])
            continue
        slot = schedule(moment, cards[0], scene)
        if isinstance(slot, Unfit):
            if scene.horizon.spans(moment.at):
                name = ItemId(series.id)
                yield left_out(scene.campaign, name, slot.reason, occasion=moment.id)
            continue
        if slot.not_after(slot.due_at) < scene.horizon.now:
            continue
        card = _next(cards, used, moment.at)
        if card is not None:
            used[card.id] = day
            yield card, replace(moment, bound=_over(card))


def _cards(series: Series, scene: Scene) -> tuple[Item, ...]:
    """Return the items of the series' kinds, then the rows of its table.

    An item with ``post: []`` is never posted, here either; a cancelled one takes no turn. The rows
    of a table have no posts but their turns.
    """
    items = (item for item in scene.campaign.items if item.kind in series.kinds and item.post != ())
    return tuple(card for card in (*items, *series.cards) if card.status is Status.PLANNED)


def _occasion(series: Series) -> Occasion:
    return Occasion(
        when=series.every,
        text=series.text,
        channels=series.channels,
        languages=series.languages,
        place=series.place,
    )


def _days(series: Series, card: Item, occasion: Occasion, scene: Scene) -> tuple[date, ...]:
    """Return the days from now on, also for a plan that begins later: each takes a card."""
    horizon = scene.horizon
    whole = replace(horizon, first=min(horizon.first, horizon.now))
    first, last = replace(scene, horizon=whole).days(occasion, card)
    return recurring.days(series.every, scene.campaign, first=first, last=last)


def _moment(day: date, series: Series, occasion: Occasion, scene: Scene) -> Moment:
    at = series.every.at
    local = datetime.combine(day, DEFAULT_AT if at is None else at)
    zone = scene.campaign.zone
    return Moment(
        id=OccasionId(f"{series.id}-{day}"),
        occasion=occasion,
        local=local,
        zone=zone,
        at=moment_of(local, zone),
        timing=Timing.SERIES,
        text=series.text,
    )


def _past(
    series: Series, scene: Scene
) -> tuple[dict[ItemId, date], dict[date, ItemId], frozenset[date]]:
    """Return when each card was posted last, which card each past day has, and days that wait.

    What is late and waits keeps its day too: its languages are over one after the other, and
    another card must not step in for the last of them.
    """
    used: dict[ItemId, date] = {}
    kept: dict[date, ItemId] = {}
    late: dict[date, ItemId] = {}
    for delivery in scene.past.deliveries:
        day = series_date(delivery.occasion, series.id)
        if day is None:
            continue
        if is_settled(delivery):
            kept[day] = delivery.item
        elif delivery.due_at <= scene.horizon.now <= delivery.not_after_at:
            late[day] = delivery.item
        if had_its_turn(delivery):
            used[delivery.item] = max(day, used.get(delivery.item, day))
    waits = frozenset(day for day, card in late.items() if kept.get(day, card) == card)
    return used, late | kept, waits


def _own_day(card: Item) -> date | None:
    """Return the last day on which *card* is posted at a moment of its own."""
    moments = [one.when.local for one in card.post or () if isinstance(one.when, At)]
    return max(moments).date() if moments else None


def _next(cards: Sequence[Item], used: dict[ItemId, date], at: datetime) -> Item | None:
    there = [card for card in cards if (over := _over(card)) is None or at < over]
    return min(there, key=lambda card: used.get(card.id, date.min), default=None)


def _over(card: Item) -> datetime | None:
    end = finishes(card)
    return end.at if end is not None else None
