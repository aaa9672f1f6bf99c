"""Occasions that come back, and the texts that take their turn in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from herald.model.campaign import DEFAULT_AT, Campaign, Every, Item, Occasion
from herald.model.ids import OccasionId
from herald.model.problem import Place, Problem
from herald.model.recurrence import Recurrence
from herald.model.wallclock import localise, moment_of
from herald.planning.moment import Finding, Moment, Scene, Timing, left_out, warning
from herald.planning.references import finishes

EPOCH = date(2024, 1, 1)
"""From here rules count that name no ``from`` in a campaign without ``starts``: a Monday."""


def moments(when: Every, occasion: Occasion, item: Item, scene: Scene) -> Iterator[Finding]:
    """Yield the moments of *when* that can matter, until the item is over or the texts run out."""
    if counts_from_nowhere(when, scene.campaign):
        yield no_start(occasion.place)
    first, last = scene.days(occasion, item)
    over = finishes(item)
    name = occasion.id or OccasionId(when.recurrence.name)
    turns = _turns(when, occasion, name, item, scene) if occasion.texts else None
    counts_texts_from_sight = bool(occasion.texts) and _first_turn(when, scene.campaign) is None
    for day in days(when, scene.campaign, first=first, last=last):
        local = datetime.combine(day, DEFAULT_AT if when.at is None else when.at)
        at = moment_of(local, item.zone)
        if over is not None and at >= over.at:
            return
        turn = len(occasion.texts) if turns is None else turns.get(day, 0)
        if turns is not None and turn >= len(occasion.texts):
            if not scene.horizon.spans(at):
                continue
            yield from _run_out(day, name, occasion, item, scene)
            return
        yield Moment(
            id=OccasionId(f"{name}-{day}"),
            occasion=occasion,
            local=local,
            zone=item.zone,
            at=at,
            timing=Timing.RECURRING,
            bound=over.at if over is not None else None,
            text=occasion.text if turns is None else occasion.texts[turn],
            seen=_seen(name, item, scene) if counts_texts_from_sight else "",
        )


def days(every: Every, campaign: Campaign, *, first: date, last: date) -> tuple[date, ...]:
    """Return the days between *first* and *last*, both included, on which *every* comes back.

    ``from``, ``until``, ``skip`` and the campaign's own days are respected.
    """
    begin = max(day for day in (first, every.first, campaign.starts) if day is not None)
    end = min(day for day in (last, every.last, campaign.ends) if day is not None)
    if begin > end:
        return ()
    found = _expand(every.recurrence, begin, end, _anchor(every, campaign))
    if not every.skip:
        return found
    return tuple(day for day in found if not any(day in days for days in every.skip))


def counts_from_nowhere(every: Every, campaign: Campaign) -> bool:
    """Tell whether *every* counts its times (COUNT) without saying from when."""
    return "COUNT=" in every.recurrence.rule and every.first is None and campaign.starts is None


def no_start(place: Place) -> Problem:
    """Tell the editor that a rule with COUNT needs a first day."""
    return warning(
        place,
        "count-without-from",
        "COUNT counts from a first day that the file does not name",
        "add `from:`",
    )


def _anchor(every: Every, campaign: Campaign) -> date:
    """Return the day from which INTERVAL and COUNT count."""
    return every.first or campaign.starts or EPOCH


@lru_cache(maxsize=4096)
def _expand(recurrence: Recurrence, first: date, last: date, start: date) -> tuple[date, ...]:
    return tuple(recurrence.days(first, last, start=start))


def _seen(name: OccasionId, item: Item, scene: Scene) -> str:
    return f"{scene.campaign.id}/{item.id}/{name}"


def _first_turn(when: Every, campaign: Campaign) -> date | None:
    return when.first or campaign.starts


def _turns(
    when: Every, occasion: Occasion, name: OccasionId, item: Item, scene: Scene
) -> dict[date, int]:
    """Return which text, counted from 0, each day's turn is.

    The first text belongs to the first day of ``from``, else of the campaign, else from when the
    occasion was first seen. Days outside the window take no turn: nothing goes out then.
    """
    campaign = scene.campaign
    start = _first_turn(when, campaign)
    if start is None:
        start = localise(scene.first_sight(_seen(name, item, scene)), item.zone).date()
    _, last = scene.days(occasion, item)
    at = DEFAULT_AT if when.at is None else when.at
    taken = (
        day
        for day in days(when, campaign, first=start, last=last)
        if occasion.urgent or scene.opening.holds(moment_of(datetime.combine(day, at), item.zone))
    )
    return {day: turn for turn, day in enumerate(taken)}


def _run_out(
    day: date, name: OccasionId, occasion: Occasion, item: Item, scene: Scene
) -> Iterator[Finding]:
    reason = f"its texts run out: from {day} on there is none"
    yield left_out(scene.campaign, item.id, reason, occasion=OccasionId(f"{name}-{day}"))
    yield warning(
        occasion.place, "texts-run-out", f"{name}: {reason}", "add texts, or give it an `until:`"
    )
