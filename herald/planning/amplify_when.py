"""The moments at which an entry may be passed on: as it comes, or before its event begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.model.campaign import After, Amplify, Before, Campaign, CatchUp, Occasion, Reference
from herald.model.feed import Entry, EntryEvent
from herald.model.ids import OccasionId
from herald.model.wallclock import ONE_DAY, day_begins, day_ends, localise
from herald.planning.occasions import relative_id
from herald.planning.references import Point, back, on, reminder_ends

AS_IT_COMES = OccasionId("new")
"""The occasion of an entry that waits for no event."""
EMBARGO = timedelta(hours=24)
"""What is dated further ahead waits for its date; less is a clock that runs fast."""
_OFF = frozenset({"cancelled", "postponed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One moment at which an entry may be passed on."""

    occasion: OccasionId
    own: Occasion | None
    local: datetime
    """Naive, in ``zone``, as its rule means it."""
    zone: str
    earliest: datetime
    ends_at: datetime
    """It is passed on before this or not at all: no news any more, or the event begins."""
    bound: datetime | None
    """Nothing of it may be sent at or after this, however late."""
    order: datetime
    """Older comes first."""
    late: timedelta
    catch_up: CatchUp
    is_exact: bool
    """It has a moment of its own, and is not due as soon as it is seen."""


def is_off(entry: Entry) -> bool:
    """Tell whether what *entry* announces will not take place, or not when it was to."""
    event = entry.content.event
    return entry.withdrawn or (event is not None and event.status in _OFF)


def wanted_moments(
    entry: Entry, campaign: Campaign, rule: Amplify, *, now: datetime
) -> Iterator[Wanted]:
    """Yield the moments of *entry* under *rule*, past ones included.

    What was there on a feed's first poll is no news; but its events to come are announced by the
    rule's ``post``, as their time comes.
    """
    if is_off(entry):
        return
    event = entry.content.event
    if event is not None and rule.post:
        for occasion in rule.post:
            yield from _of_event(event, occasion, campaign)
    elif not entry.seeded:
        yield _as_it_comes(entry, event, campaign, rule, now=now)


def _as_it_comes(
    entry: Entry, event: EntryEvent | None, campaign: Campaign, rule: Amplify, *, now: datetime
) -> Wanted:
    seen = entry.first_seen_at
    # A calendar's entry is dated when somebody typed it, perhaps long before it was published.
    dated = (entry.content.published_at if event is None else None) or seen
    starts = dated if dated - seen > EMBARGO else seen
    bound = None if event is None else _begins(event, campaign.zone)[1]
    earliest = max(starts, _campaign_begins(campaign) or starts)
    return Wanted(
        occasion=AS_IT_COMES,
        own=None,
        local=localise(max(earliest, now), campaign.zone).replace(second=0, microsecond=0),
        zone=campaign.zone,
        earliest=earliest,
        ends_at=_first(dated + rule.fresh, bound, _campaign_ends(campaign)),
        bound=bound,
        order=min(dated, seen),
        late=campaign.at_most_late,
        catch_up=campaign.catch_up,
        is_exact=False,
    )


def _of_event(event: EntryEvent, occasion: Occasion, campaign: Campaign) -> Iterator[Wanted]:
    zone = event.zone or campaign.zone
    when = occasion.when
    begins, bound = _begins(event, zone)
    ends: datetime | None
    match when:
        case Before() if when.of in (Reference.BEGINS, Reference.FINISHES):
            point = begins if when.of == Reference.BEGINS else _finishes(event, zone)
            local, at = back(point, when.span, when.at, zone)
            name = relative_id("before", when.span, when.of, Reference.BEGINS)
            ends = max(reminder_ends(point, when.span), bound if point == begins else point.at)
        case After() if when.of in (Reference.BEGINS, Reference.FINISHES):
            point = begins if when.of == Reference.BEGINS else _finishes(event, zone)
            local, at = on(point, when.span, when.at, zone)
            name = relative_id("after", when.span, when.of, Reference.FINISHES)
            ends = None
        case _:
            return  # nothing else can be counted from an event
    late = campaign.at_most_late if occasion.at_most_late is None else occasion.at_most_late
    lasts_until = ends if ends is not None else at + max(late, ONE_DAY)
    yield Wanted(
        occasion=occasion.id or name,
        own=occasion,
        local=local,
        zone=zone,
        earliest=at,
        ends_at=_first(lasts_until, _campaign_ends(campaign)),
        bound=ends,
        order=at,
        late=late,
        catch_up=campaign.catch_up if occasion.catch_up is None else occasion.catch_up,
        is_exact=True,
    )


def _begins(event: EntryEvent, zone: str) -> tuple[Point, datetime]:
    """Return when *event* begins, and when announcing it makes no sense any more."""
    day = localise(event.begins_at, zone).date()
    if event.all_day:
        return Point(day=day, at=day_begins(day, zone), whole_day=True, zone=zone), day_ends(
            day, zone
        )
    return Point(day=day, at=event.begins_at, whole_day=False, zone=zone), event.begins_at


def _finishes(event: EntryEvent, zone: str) -> Point:
    begins, over = _begins(event, zone)
    if event.finishes_at is None:
        return Point(day=begins.day, at=over, whole_day=event.all_day, zone=zone)
    # An all-day event's end names the first day after it.
    last = event.finishes_at - timedelta(seconds=1) if event.all_day else event.finishes_at
    return Point(
        day=localise(max(last, begins.at), zone).date(),
        at=event.finishes_at,
        whole_day=event.all_day,
        zone=zone,
    )


def _campaign_begins(campaign: Campaign) -> datetime | None:
    return None if campaign.starts is None else day_begins(campaign.starts, campaign.zone)


def _campaign_ends(campaign: Campaign) -> datetime | None:
    return None if campaign.ends is None else day_ends(campaign.ends, campaign.zone)


def _first(moment: datetime, *others: datetime | None) -> datetime:
    return min(moment, *(other for other in others if other is not None), moment)
