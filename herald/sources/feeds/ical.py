"""Reads iCalendar (RFC 5545) with icalendar; recurring events are spread over the year to come.

recurring-ical-events, which does that too, is LGPL; dateutil, which reads the rules, is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component

from herald.model.feed import (
    Enclosure,
    EntryEvent,
    EntryImage,
    FeedProblem,
    ParsedEntry,
    ParsedFeed,
)
from herald.model.ids import Language
from herald.sources.feeds.limits import MOST_ENTRIES
from herald.sources.feeds.plain import absolute, fold, language_tag, plain_text, short

AHEAD = timedelta(days=366)
"""How far recurring events are spread."""
_BEHIND = timedelta(days=1)
_MOST_OF_ONE = 200
"""Occurrences of one event."""
_RARE_ENOUGH = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_STATUS = {"TENTATIVE": "tentative", "CANCELLED": "cancelled"}
_MOST_TEXT = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _When:
    """A calendar moment as written: local where it names a zone."""

    local: datetime
    zone: str
    """IANA name; empty for UTC, an offset, or no zone at all."""
    all_day: bool
    utc: datetime


def read_ical(document: str, url: str, *, now: datetime) -> ParsedFeed:
    """Read a calendar; whatever is wrong with it is a problem of the result."""
    calendar, broken = _read(document)
    if calendar is None:
        return ParsedFeed(
            format="",
            problems=(FeedProblem(severity="error", message="the calendar cannot be read"),),
        )
    zone = _zone(_text(calendar, "X-WR-TIMEZONE"))
    language = language_tag(_text(calendar, "LANGUAGE"))
    events = calendar.walk("VEVENT")[: MOST_ENTRIES + 1]
    entries: list[ParsedEntry] = []
    undated = 0
    moved = {key for event in events if (key := _instance(event, zone))}
    for event in events:
        begins = _when(event, "DTSTART", zone)
        if begins is None:
            undated += 1
            continue
        entries.extend(islice(_occurrences(event, begins, zone, url, moved, now=now), _MOST_OF_ONE))
    return ParsedFeed(
        format="ical",
        title=short(_text(calendar, "NAME") or _text(calendar, "X-WR-CALNAME")),
        language=language,
        link=absolute(_text(calendar, "URL"), url),
        entries=tuple(sorted(entries, key=_begin)),
        problems=(
            *_problems(broken, undated, len(events)),
            *_zoneless(sum(_is_floating(event, zone) for event in events), len(events)),
        ),
    )


def _begin(entry: ParsedEntry) -> datetime:
    return entry.event.begins_at if entry.event else datetime.max.replace(tzinfo=UTC)


def _problems(broken: bool, undated: int, events: int) -> Iterator[FeedProblem]:
    if broken:
        yield FeedProblem(
            severity="warning" if events else "error",
            message="the calendar breaks off or is not well-formed; what could be read was read",
        )
    if undated:
        yield FeedProblem(
            severity="warning",
            message=f"{undated} events have no start (DTSTART) that can be understood",
        )


def _zoneless(floating: int, events: int) -> Iterator[FeedProblem]:
    if floating:
        yield FeedProblem(
            severity="warning",
            message=f"events without a time zone, taken for UTC: {floating} of {events}"
            " (add TZID=Europe/Rome to DTSTART, or X-WR-TIMEZONE for the whole calendar)",
        )


def _is_floating(event: Component, zone: str) -> bool:
    """Tell whether an event's time is the wall clock of wherever one reads it."""
    begins = _value(event, "DTSTART")
    return isinstance(begins, datetime) and begins.tzinfo is None and not zone


def _read(document: str) -> tuple[Calendar | None, bool]:
    """Return the calendar, and whether it had to be mended first."""
    for text, broken in ((document, False), (_mended(document), True)):
        try:
            found = Component.from_ical(text)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError):
            continue
        if isinstance(found, Calendar):
            return found, broken
    return None, True


def _mended(document: str) -> str:
    """Return the whole events of a calendar that breaks off."""
    head, end, _ = document.rpartition("END:VEVENT")
    start = head.find("BEGIN:VCALENDAR")
    return f"{head[max(start, 0) :]}{end}\r\nEND:VCALENDAR\r\n" if end else ""


def _occurrences(
    event: Component,
    begins: _When,
    zone: str,
    url: str,
    moved: set[tuple[str, str]],
    *,
    now: datetime,
) -> Iterator[ParsedEntry]:
    """Yield the event, or each occurrence of one that recurs, from yesterday to a year ahead."""
    entry = _entry(event, begins, zone, url)
    instance = _instance(event, zone)
    rule = event.get("RRULE")
    if instance:
        yield replace(entry, guid=f"{instance[0]}#{instance[1]}")
        return
    if rule is None or entry.event is None:
        yield entry
        return
    left_out = _excluded(event, zone)
    for local in _spread(rule, begins, now=now):
        key = (entry.guid, _stamp(local))
        if key in moved or local in left_out:
            continue
        yield _shifted(entry, entry.event, begins, local)


def _stamp(local: datetime) -> str:
    return local.strftime("%Y%m%dT%H%M%S")


def _shifted(entry: ParsedEntry, event: EntryEvent, begins: _When, local: datetime) -> ParsedEntry:
    utc = _to_utc(local, begins.zone)
    length = event.finishes_at - event.begins_at if event.finishes_at else None
    return replace(
        entry,
        guid=f"{entry.guid}#{_stamp(local)}",
        event=replace(
            event, begins_at=utc, finishes_at=utc + length if length is not None else None
        ),
    )


def _spread(rule: Any, begins: _When, *, now: datetime) -> list[datetime]:
    """Return the local moments of a rule; only its beginning where it cannot be followed."""
    try:
        parts = dict(rule[0] if isinstance(rule, list) else rule)
        if str(parts.get("FREQ", [""])[0]).upper() not in _RARE_ENOUGH:
            return [begins.local]
        if "UNTIL" in parts:
            parts["UNTIL"] = [_naive(until, begins.zone) for until in parts["UNTIL"]]
        text = ";".join(f"{name}={_rule_value(value)}" for name, value in parts.items())
        days = rrulestr(text, dtstart=begins.local)
        first, last = (moment.replace(tzinfo=None) for moment in (now - _BEHIND, now + AHEAD))
        coming = islice(days.xafter(first, inc=True), _MOST_OF_ONE)
        return [day for day in coming if day <= last]
    except (ValueError, TypeError, OverflowError, IndexError):
        return [begins.local]


def _rule_value(values: Any) -> str:
    listed = values if isinstance(values, list) else [values]
    return ",".join(
        value.strftime("%Y%m%dT%H%M%S") if isinstance(value, datetime) else str(value)
        for value in listed
    )


def _entry(event: Component, begins: _When, zone: str, url: str) -> ParsedEntry:
    finishes = _when(event, "DTEND", zone)
    ends_at = finishes.utc if finishes else _after_duration(event, begins)
    link = absolute(_text(event, "URL"), url)
    described = plain_text(_text(event, "DESCRIPTION")[:_MOST_TEXT], base=link or url)
    created, changed = _when(event, "CREATED", zone), _when(event, "LAST-MODIFIED", zone)
    return ParsedEntry(
        guid=short(_text(event, "UID")),
        title=short(_text(event, "SUMMARY")),
        summary=described.text,
        link=link,
        published_at=created.utc if created else None,
        updated_at=changed.utc if changed else None,
        language=_language(event),
        author=short(_organiser(event)),
        categories=_categories(event),
        image=_image(event, url) or next(iter(described.images), None),
        enclosures=_attachments(event, url),
        event=EntryEvent(
            uid=short(_text(event, "UID")),
            begins_at=begins.utc,
            finishes_at=ends_at if ends_at is None or ends_at >= begins.utc else None,
            all_day=begins.all_day,
            zone=begins.zone,
            place=short(_text(event, "LOCATION")),
            status=_STATUS.get(_text(event, "STATUS").strip().upper(), "confirmed"),
            sequence=_whole(_text(event, "SEQUENCE")),
        ),
    )


def _after_duration(event: Component, begins: _When) -> datetime | None:
    length = _value(event, "DURATION")
    if isinstance(length, timedelta):
        return begins.utc + min(length, AHEAD)
    return None


def _instance(event: Component, zone: str) -> tuple[str, str] | None:
    """Return UID and moment of a single occurrence that differs from its series."""
    moment = _when(event, "RECURRENCE-ID", zone)
    return (short(_text(event, "UID")), _stamp(moment.local)) if moment else None


def _excluded(event: Component, zone: str) -> frozenset[datetime]:
    found = event.get("EXDATE")
    lists = found if isinstance(found, list) else [found] if found is not None else []
    moments = (
        _as_when(getattr(one, "dt", None), zone)
        for each in lists
        for one in getattr(each, "dts", ())
    )
    return frozenset(when.local for when in moments if when)


def _when(component: Component, name: str, zone: str) -> _When | None:
    return _as_when(_value(component, name), zone)


def _as_when(value: object, zone: str) -> _When | None:
    try:
        if isinstance(value, datetime):
            named = getattr(value.tzinfo, "key", "") if value.tzinfo else zone
            named = "" if named == "UTC" else named
            local = value.replace(tzinfo=None)
            utc = value.astimezone(UTC) if value.tzinfo else _to_utc(local, named)
            return _When(local=local, zone=named, all_day=False, utc=utc)
        if isinstance(value, date):
            local = datetime.combine(value, time(0))
            return _When(local=local, zone=zone, all_day=True, utc=_to_utc(local, zone))
    except (ValueError, OverflowError):
        return None
    return None


def _to_utc(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone) if zone else UTC).astimezone(UTC)


def _naive(value: object, zone: str) -> object:
    """Return the end of a rule on the wall clock of its event, as the rule counts in it."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value
        return value.astimezone(ZoneInfo(zone) if zone else UTC).replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time(23, 59, 59))
    return value


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name.strip()).key if name.strip() else ""
    except (KeyError, ValueError, OSError):
        return ""


def _value(component: Component, name: str) -> object:
    found = component.get(name)
    try:
        return getattr(found[0] if isinstance(found, list) and found else found, "dt", None)
    except ValueError:
        return None  # a broken property raises when it is looked into


def _text(component: Mapping[str, Any], name: str) -> str:
    found = component.get(name)
    if isinstance(found, list):
        found = found[0] if found else None
    return "" if found is None else str(found)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _language(event: Component) -> Language | None:
    for name in ("SUMMARY", "DESCRIPTION"):
        parameters = getattr(event.get(name), "params", None) or {}
        if tag := language_tag(str(parameters.get("LANGUAGE") or "")):
            return tag
    return None


def _organiser(event: Component) -> str:
    """Return the organiser's name; never the address, which is nobody else's business."""
    parameters = getattr(event.get("ORGANIZER"), "params", None) or {}
    return str(parameters.get("CN") or "")


def _categories(event: Component) -> tuple[str, ...]:
    found = event.get("CATEGORIES")
    lists = found if isinstance(found, list) else [found] if found is not None else []
    names = (short(str(name)) for each in lists for name in getattr(each, "cats", ()))
    return tuple(dict.fromkeys(name for name in names if name))[:50]


def _image(event: Component, url: str) -> EntryImage | None:
    """Read RFC 7986 IMAGE, else an attached picture."""
    link = absolute(_text(event, "IMAGE"), url)
    if link:
        return EntryImage(url=link)
    pictures = (one for one in _attachments(event, url) if one.type.startswith("image/"))
    return next((EntryImage(url=one.url) for one in pictures), None)


def _attachments(event: Component, url: str) -> tuple[Enclosure, ...]:
    found = event.get("ATTACH")
    lists = found if isinstance(found, list) else [found] if found is not None else []
    pairs = (
        (absolute(str(one), url), str((getattr(one, "params", None) or {}).get("FMTTYPE") or ""))
        for one in lists[:20]
    )
    return tuple(Enclosure(url=link, type=fold(kind)) for link, kind in pairs if link)
