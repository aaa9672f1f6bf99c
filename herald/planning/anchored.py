"""Occasions on days of the heritage calendar, or so many days before or after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from herald.data.calendar import Dates, Observance, observances
from herald.model.campaign import Anchored, Campaign, Item, Occasion
from herald.model.ids import Language, OccasionId
from herald.model.span import Span
from herald.model.wallclock import day_begins, day_ends
from herald.planning.moment import Finding, Moment, Scene, left_out, warning
from herald.planning.references import Point, back, on, until_over

_ENGLISH = Language("en")
_NOWHERE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Year:
    """An observance in one year; without days where nobody has said when it is."""

    year: int
    dates: Dates | None


def moments(when: Anchored, occasion: Occasion, item: Item, scene: Scene) -> Iterator[Finding]:
    """Yield the moment of *when* in each year that can matter, and the years without a date."""
    observance = observances().get(when.anchor)
    if observance is None:
        reason = f"the heritage calendar has no {when.anchor!r}"
        yield left_out(scene.campaign, item.id, reason)
        yield warning(occasion.place, "unknown-anchor", reason)
        return
    first, last = scene.days(occasion, item)
    for found in _years(observance, when, item, scene):
        name = occasion_id(when, found.year, occasion.id)
        if found.dates is None:
            yield from _undated(observance, found.year, name, occasion, item, scene)
            continue
        moment = _moment(when, found.dates, name, occasion, item)
        if not _concerns(scene.campaign, moment.local.date(), found.dates):
            continue
        # One that was missed is worth a word while its day is still ahead.
        missed = moment.at < scene.horizon.now and found.dates.last >= first
        if first <= moment.local.date() <= last or (missed and moment.at < scene.horizon.last):
            yield moment


def occasion_id(when: Anchored, year: int, name: OccasionId | None) -> OccasionId:
    """Return the identity of *when* in *year*: its form, or the editor's *name* for it."""
    if name is not None:
        return OccasionId(f"{name}-{year}")
    shift = ""
    if when.before is not None:
        shift = f"-before-{when.before}"
    elif when.after is not None:
        shift = f"-after-{when.after}"
    return OccasionId(f"{when.anchor}-{year}{shift}")


def dates_in(
    observance: Observance, year: int, *, campaign: Campaign, item: Item, country: str = ""
) -> Dates | None:
    """Return the days of *observance* in *year*, or None where nobody knows them.

    What the campaign knows wins over the calendar's overrides, and these over its rules.
    """
    for known in campaign.known_days:
        if known.anchor == observance.id and known.first.year == year:
            return Dates(first=known.first, last=known.last or known.first)
    town = item.location.name if item.location else ""
    return observance.dates(year, country=country, town=town)


def _years(observance: Observance, when: Anchored, item: Item, scene: Scene) -> Iterator[_Year]:
    """Yield the years in which an anchor may lie whose occasion can matter."""
    horizon = scene.horizon
    reach = max(
        (span.as_timedelta() for span in (when.before, when.after) if span), default=_NOWHERE
    )
    earliest = min(horizon.now, horizon.first, scene.past.waiting_since or horizon.now)
    country = scene.country.get(item.id, "")
    for year in range((earliest - reach).year - 1, (horizon.last + reach).year + 1):
        dates = dates_in(observance, year, campaign=scene.campaign, item=item, country=country)
        yield _Year(year=year, dates=dates)


def _moment(
    when: Anchored, dates: Dates, name: OccasionId, occasion: Occasion, item: Item
) -> Moment:
    if when.after is not None:
        point = _whole_day(dates.last, day_ends(dates.last, item.zone), item.zone)
        local, at = on(point, when.after, when.at, item.zone)
        bound = until_over(at, item)
    else:
        span = when.before or Span()
        point = _whole_day(dates.first, day_begins(dates.first, item.zone), item.zone)
        local, at = back(point, span, when.at, item.zone)
        # What looks forward to the day ends with its eve; what greets it, with its last evening.
        ends = point.at if span.as_timedelta() else day_ends(dates.last, item.zone)
        bound = min(ends, until_over(at, item) or ends)
    return Moment(
        id=name,
        occasion=occasion,
        local=local,
        zone=item.zone,
        at=at,
        bound=bound,
        text=occasion.text,
    )


def _whole_day(day: date, at: datetime, zone: str) -> Point:
    return Point(day=day, at=at, whole_day=True, zone=zone)


def _concerns(campaign: Campaign, day: date, dates: Dates) -> bool:
    """Tell whether a year is the campaign's: its post or its days lie within it.

    Other years come round for other campaigns, and are not worth a word.
    """
    days = (day, dates.first, dates.last)
    return any(
        (campaign.starts is None or campaign.starts <= one)
        and (campaign.ends is None or one <= campaign.ends)
        for one in days
    )


def _undated(
    observance: Observance,
    year: int,
    name: OccasionId,
    occasion: Occasion,
    item: Item,
    scene: Scene,
) -> Iterator[Finding]:
    """Say that nobody knows the days of *year*, if the plan would need them."""
    campaign, horizon = scene.campaign, scene.horizon
    wanted = range(horizon.first.year, horizon.last.year + 1)
    lives = (campaign.starts is None or campaign.starts.year <= year) and (
        campaign.ends is None or year <= campaign.ends.year
    )
    if year not in wanted or not lives:
        return
    known = f" ({observance.window})" if observance.window else ""
    reason = f"the days of {_name(observance)} {year} cannot be computed{known}"
    yield left_out(campaign, item.id, reason, occasion=name)
    hint = f"write the day below calendar: as {observance.id}: {year}-MM-DD"
    yield warning(occasion.place, "undated-anchor", reason, hint)


def _name(observance: Observance) -> str:
    return observance.names.first([_ENGLISH]) or observance.id
