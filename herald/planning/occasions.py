"""From what an editor wrote under ``post`` to moments with an identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from herald.model.campaign import (
    After,
    Anchored,
    At,
    Before,
    Every,
    Item,
    Now,
    Occasion,
    Reference,
)
from herald.model.ids import OccasionId
from herald.model.span import Span
from herald.model.wallclock import localise, moment_of
from herald.planning import anchored, recurring
from herald.planning.moment import Finding, Moment, Scene, left_out, warning
from herald.planning.references import back, find, finishes, on, reminder_ends, until_over

NOW = OccasionId("now")


def moments(occasion: Occasion, item: Item, scene: Scene) -> Iterator[Finding]:
    """Yield the moments of *occasion* that can matter in the plan, and what is left out.

    An absolute or relative one is yielded wherever it lies, as an edit may have moved it; one that
    comes back only where it can lie in the plan's span.
    """
    when = occasion.when
    match when:
        case At():
            yield _absolute(when, occasion, item)
        case Now():
            yield _now(occasion, item, scene)
        case Before():
            yield from _before(when, occasion, item, scene)
        case After():
            yield from _after(when, occasion, item, scene)
        case Anchored():
            yield from anchored.moments(when, occasion, item, scene)
        case Every():
            yield from recurring.moments(when, occasion, item, scene)
        case _:
            assert_never(when)


def relative_id(word: str, span: Span, of: str, usual: str) -> OccasionId:
    """Return ``before-14d``, or ``before-2d-of-registration`` for an unusual reference."""
    return OccasionId(f"{word}-{span}" + ("" if of == usual else f"-of-{of}"))


def _absolute(when: At, occasion: Occasion, item: Item) -> Moment:
    at = moment_of(when.local, item.zone)
    return Moment(
        id=occasion.id or OccasionId(when.local.strftime("%Y-%m-%dT%H:%M")),
        occasion=occasion,
        local=when.local,
        zone=item.zone,
        at=at,
        moves=True,
        bound=until_over(at, item),
        text=occasion.text,
    )


def _now(occasion: Occasion, item: Item, scene: Scene) -> Moment:
    name = occasion.id or NOW
    seen = f"{scene.campaign.id}/{item.id}/{name}"
    at = scene.first_sight(seen)
    return Moment(
        id=name,
        occasion=occasion,
        local=localise(at, item.zone),
        zone=item.zone,
        at=at,
        bound=until_over(at, item),
        text=occasion.text,
        # A draft is not out yet: it is new on the day it stops being one.
        seen="" if occasion.draft else seen,
    )


def _before(when: Before, occasion: Occasion, item: Item, scene: Scene) -> Iterator[Finding]:
    point = find(when.of, item, scene.items)
    name = occasion.id or relative_id("before", when.span, when.of, Reference.BEGINS)
    if point is None:
        yield from _nothing_to_count_from(when.of, name, occasion, item, scene)
        return
    local, at = back(point, when.span, when.at, item.zone)
    yield Moment(
        id=name,
        occasion=occasion,
        local=local,
        zone=item.zone,
        at=at,
        moves=True,
        bound=reminder_ends(point, when.span),
        text=occasion.text,
    )


def _after(when: After, occasion: Occasion, item: Item, scene: Scene) -> Iterator[Finding]:
    # What has no end of its own is over when it has begun.
    point = finishes(item) if when.of == Reference.FINISHES else find(when.of, item, scene.items)
    name = occasion.id or relative_id("after", when.span, when.of, Reference.FINISHES)
    if point is None:
        yield from _nothing_to_count_from(when.of, name, occasion, item, scene)
        return
    local, at = on(point, when.span, when.at, item.zone)
    yield Moment(
        id=name,
        occasion=occasion,
        local=local,
        zone=item.zone,
        at=at,
        moves=True,
        text=occasion.text,
    )


def _nothing_to_count_from(
    of: str, name: OccasionId, occasion: Occasion, item: Item, scene: Scene
) -> Iterator[Finding]:
    reason = f"nothing says when {_SPOKEN.get(of, f'{of!r} begins')}"
    yield left_out(scene.campaign, item.id, reason, occasion=name)
    yield warning(occasion.place, "no-reference", f"{name}: {reason}", "give that date")


_SPOKEN: dict[str, str] = {
    Reference.BEGINS: "it begins",
    Reference.FINISHES: "it finishes",
    Reference.REGISTRATION: "its registration closes",
}
