"""The default sequence of an item that names no ``post``: what its kind calls for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from herald.data.sequences import Form, Only, Step, sequence
from herald.model.campaign import DEFAULT_AT, Item, Kind, Now, Occasion, Reference
from herald.model.ids import OccasionId
from herald.model.wallclock import ONE_DAY, localise, moment_of
from herald.model.words import Words
from herald.planning.moment import Moment, Scene, Timing
from herald.planning.occasions import relative_id
from herald.planning.references import (
    back,
    begins,
    find,
    finishes,
    on,
    reminder_ends,
    until_over,
)

LAUNCH = OccasionId("launch")
_NO_WORDS = Words()


def moments(item: Item, scene: Scene) -> Iterator[Moment]:
    """Yield the moments of the default sequence of *item*."""
    # The Occasion stands for what the editor did not write; its form is never looked at.
    occasion = Occasion(when=Now(), place=item.place)
    for step in sequence(item.kind):
        if not _is_meant_for(item, step):
            continue
        match step.form:
            case Form.BEFORE:
                yield from _before(step, occasion, item, scene)
            case Form.AFTER:
                yield from _after(step, occasion, item)
            case Form.LAUNCH:
                yield from _from_launch(LAUNCH, 0, occasion, item, scene)
            case Form.LATER:
                name = OccasionId(f"later-{step.span}")
                yield from _from_launch(
                    name, step.span.days, occasion, item, scene, wording=step.wording
                )
            case Form.EXCERPTS:
                for number, excerpt in enumerate(item.excerpts, start=1):
                    yield from _from_launch(
                        OccasionId(f"excerpt-{number}"),
                        step.span.days * number,
                        occasion,
                        item,
                        scene,
                        text=excerpt,
                    )


def _is_meant_for(item: Item, step: Step) -> bool:
    closes = item.registration is not None and item.registration.closes is not None
    match step.only:
        case Only.WITH_REGISTRATION:
            return closes
        case Only.WITHOUT_REGISTRATION:
            return not closes
        case Only.ALL:
            return True


def _before(step: Step, occasion: Occasion, item: Item, scene: Scene) -> Iterator[Moment]:
    point = find(step.of, item, scene.items)
    if point is None:
        return
    local, at = back(point, step.span, None, item.zone)
    # The post of the day itself is good until the event is over, not only until it begins.
    is_the_day = step.span.days == 0
    bound = until_over(at, item) or point.at if is_the_day else reminder_ends(point, step.span)
    yield Moment(
        id=relative_id("before", step.span, step.of, Reference.BEGINS),
        occasion=occasion,
        local=local,
        zone=item.zone,
        at=at,
        timing=Timing.DEFAULT,
        moves=True,
        bound=bound,
        wording=step.wording,
    )


def _after(step: Step, occasion: Occasion, item: Item) -> Iterator[Moment]:
    point = finishes(item)
    if point is None:
        return
    local, at = on(point, step.span, None, item.zone)
    yield Moment(
        id=relative_id("after", step.span, step.of, Reference.FINISHES),
        occasion=occasion,
        local=local,
        zone=item.zone,
        at=at,
        timing=Timing.DEFAULT,
        moves=True,
        wording=step.wording,
        needs_wording=True,
    )


def _from_launch(
    name: OccasionId,
    days: int,
    occasion: Occasion,
    item: Item,
    scene: Scene,
    *,
    text: Words = _NO_WORDS,
    wording: Words = _NO_WORDS,
) -> Iterator[Moment]:
    seen = f"{scene.campaign.id}/{item.id}/{LAUNCH}"
    local = _launch(seen, item, scene) + days * ONE_DAY
    at = moment_of(local, item.zone)
    end = finishes(item)
    yield Moment(
        id=name,
        occasion=occasion,
        local=local,
        zone=item.zone,
        at=at,
        timing=Timing.DEFAULT,
        bound=end.at if end is not None else None,
        text=text,
        wording=wording,
        seen=seen,
    )


def _launch(seen: str, item: Item, scene: Scene) -> datetime:
    """Return the next 10:00 after *seen* was first planned, on the item's clock.

    A publication that says when it begins is launched on that day.
    """
    point = begins(item)
    if point is not None and item.kind is Kind.PUBLICATION:
        return datetime.combine(point.day, DEFAULT_AT)
    first = localise(scene.first_sight(seen), item.zone)
    today = datetime.combine(first.date(), DEFAULT_AT)
    return today if today >= first else today + ONE_DAY
