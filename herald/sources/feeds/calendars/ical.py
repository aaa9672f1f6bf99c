"""Reads iCalendar (RFC 5545, 7986) with icalendar; recurring events are spread over the year ahead.

Pure but slow, and its input hostile: run it in a worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from icalendar import Component

from herald.model.feed import FeedProblem, ParsedEntry, ParsedFeed
from herald.sources.feeds.calendars.icalentry import Form, entry_of, moved_to, text_of
from herald.sources.feeds.calendars.icalfile import OVER, CalendarFile, cut
from herald.sources.feeds.calendars.icalrepeat import MOST_OF_ONE, spread
from herald.sources.feeds.calendars.icalwhen import When, moments_of, same_moment, when_of
from herald.sources.feeds.calendars.icalzones import Zones
from herald.sources.feeds.words.limits import MOST_ENTRIES
from herald.sources.feeds.words.plain import absolute, fold, language_tag, short

AHEAD = timedelta(days=366)
"""How far recurring events are spread."""
_BEHIND = timedelta(days=1)
_SECRET = frozenset({"PRIVATE", "CONFIDENTIAL"})
_MOST_TOLD = 3
"""Names of unknown zones that are told."""


def read_ical(document: str, url: str, *, now: datetime, zone: str = "") -> ParsedFeed:
    """Read a calendar; whatever is wrong with it is a problem of the result.

    *zone* is the network's: that of times which name none, where the calendar names none either.
    """
    found = cut(document, now=now)
    if found is None:
        return ParsedFeed(format="", problems=(_problem("the calendar cannot be read", "error"),))
    head = found.head
    zones = Zones(head, default=zone, now=now)
    form = Form(
        url=url,
        zones=zones,
        is_called_off=text_of(head, "METHOD").strip().upper() == "CANCEL",
        language=language_tag(text_of(head, "LANGUAGE")),
    )
    public = [event for event in found.events if not _is_secret(event)]
    dated = [(event, when) for event in public if (when := when_of(event, "DTSTART", zones))]
    series = _by_series(dated)
    entries = chain.from_iterable(_spread(one, form, now=now) for one in series)
    return ParsedFeed(
        format="ical",
        title=short(text_of(head, "NAME") or text_of(head, "X-WR-CALNAME")),
        language=form.language,
        link=absolute(text_of(head, "URL"), url),
        entries=tuple(sorted(islice(entries, 2 * MOST_ENTRIES), key=_begin)[: MOST_ENTRIES + 1]),
        problems=tuple(_problems(found, public, dated, zones)),
    )


Dated = tuple[Component, When]


def _by_series(dated: Sequence[Dated]) -> list[list[Dated]]:
    """Bring together what has one UID; without one, each event stands for itself."""
    series: dict[str, list[Dated]] = {}
    for number, (event, when) in enumerate(dated):
        uid = short(text_of(event, "UID"))
        series.setdefault(f"uid:{uid}" if uid else f"number:{number}", []).append((event, when))
    return list(series.values())


def _spread(series: list[Dated], form: Form, *, now: datetime) -> Iterator[ParsedEntry]:
    """Yield the entries of one UID: single events, or the occurrences of a series."""
    zones = form.zones
    exceptions = [
        (event, begins, instance)
        for event, begins in series
        if (instance := when_of(event, "RECURRENCE-ID", zones))
    ]
    masters = _latest([one for one in series if "RECURRENCE-ID" not in one[0]])
    for event, begins in masters[:-1] if _recurs(masters) else masters:
        yield entry_of(event, begins, form)
    if not _recurs(masters):
        for event, begins, instance in _latest_exceptions(exceptions, None):
            if begins.utc < now - OVER:
                continue
            yield _exception(event, begins, instance.local, form)
        return
    master, begins = masters[-1]
    yield from _occurrences(master, begins, _latest_exceptions(exceptions, begins), form, now=now)


def _recurs(masters: Sequence[Dated]) -> bool:
    return bool(masters) and ("RRULE" in masters[-1][0] or "RDATE" in masters[-1][0])


def _latest(events: Sequence[Dated]) -> list[Dated]:
    """Keep of several versions the last; what differs in its beginning only is another event.

    Some systems give one UID to all evenings of a course; losing these would be worse than
    telling an event twice. The one that recurs comes last.
    """
    highest = max((_version(event) for event, _ in events), default=(0, ""))
    kept: dict[datetime, Dated] = {}
    for event, begins in events:
        if _version(event) == highest:
            kept[begins.utc] = (event, begins)
    recurring = [one for one in kept.values() if "RRULE" in one[0] or "RDATE" in one[0]]
    return [one for one in kept.values() if one not in recurring] + recurring[-1:]


def _version(event: Component) -> tuple[int, str]:
    text = text_of(event, "SEQUENCE")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    changed = when_of(event, "LAST-MODIFIED", None)
    return number, changed.utc.isoformat() if changed else ""


Exceptions = list[tuple[Component, When, When]]


def _latest_exceptions(exceptions: Exceptions, master: When | None) -> Exceptions:
    """Keep the last version of each occurrence that differs, named on its series' wall clock."""
    kept: dict[datetime, tuple[Component, When, When]] = {}
    for event, begins, instance in sorted(exceptions, key=lambda one: _version(one[0])):
        named = same_moment(instance, master) if master else instance
        kept[named.local] = (event, begins, named)
    return sorted(kept.values(), key=lambda one: one[2].local)


def _exception(event: Component, begins: When, local: datetime, form: Form) -> ParsedEntry:
    entry = entry_of(event, begins, form)
    return moved_to(entry, entry.event, guid=f"{entry.guid}#{_stamp(local)}")


def _occurrences(
    master: Component, begins: When, exceptions: Exceptions, form: Form, *, now: datetime
) -> Iterator[ParsedEntry]:
    """Yield each occurrence of a series from yesterday to a year ahead, and all that differ."""
    entry = entry_of(master, begins, form)
    plain = {instance.local: (event, when) for event, when, instance in exceptions}
    onwards = [one for one in exceptions if _is_onwards(one[0])]
    taken = set()
    for local in _locals(master, begins, form.zones, now=now):
        day = local.replace(hour=0, minute=0)
        if local in plain or day in plain:
            taken.add(local if local in plain else day)
            event, when = plain[local if local in plain else day]
            yield _with_series(_exception(event, when, local, form), entry)
            continue
        guid = f"{entry.guid}#{_stamp(local)}"
        ruling = [one for one in onwards if one[2].local <= local]
        if not ruling:
            yield moved_to(entry, entry.event, guid=guid, when=begins, local=local)
            continue
        event, when, instance = ruling[-1]
        changed = entry_of(event, when, form)
        shifted = local + (when.local - instance.local)
        yield moved_to(changed, changed.event, guid=guid, when=when, local=shifted)
    for instance_at, (event, when) in plain.items():
        if instance_at not in taken and now - _BEHIND <= when.utc <= now + 2 * AHEAD:
            yield _with_series(_exception(event, when, instance_at, form), entry)


def _is_onwards(event: Component) -> bool:
    parameters = getattr(event.get("RECURRENCE-ID"), "params", None) or {}
    return str(parameters.get("RANGE") or "").upper() == "THISANDFUTURE"


def _with_series(entry: ParsedEntry, series: ParsedEntry) -> ParsedEntry:
    """Call off an occurrence whose whole series was called off after it was changed."""
    if not entry.event or not series.event or series.event.status != "cancelled":
        return entry
    if entry.event.sequence > series.event.sequence:
        return entry
    return moved_to(entry, entry.event, guid=entry.guid, status="cancelled")


def _locals(master: Component, begins: When, zones: Zones, *, now: datetime) -> list[datetime]:
    """Return the local beginnings of a series: by its rules and dates, without its exceptions."""
    zone = begins.zone
    first, last = zone.local(now - _BEHIND), zone.local(now + AHEAD)
    if begins.all_day:
        first = datetime.combine(first.date(), datetime.min.time())
    rules = master.get("RRULE")
    listed = rules if isinstance(rules, list) else [rules] if rules is not None else []
    found: set[datetime] = set()
    for rule in listed[:_MOST_TOLD]:
        spelled = dict(rule) if isinstance(rule, dict) else {}
        ruled = spread(spelled, begins.local, zone, first=first, last=last)
        found.update([begins.local] if ruled is None else ruled)
    added = [same_moment(one, begins).local for one in moments_of(master, "RDATE", zones)]
    if not listed:
        added.append(begins.local)
    found.update(local for local in added if first <= local <= last)
    excluded = moments_of(master, "EXDATE", zones)
    days = {one.local.date() for one in excluded if one.all_day}
    left_out = {same_moment(one, begins).local for one in excluded if not one.all_day}
    kept = (local for local in sorted(found) if local not in left_out and local.date() not in days)
    return list(islice(kept, MOST_OF_ONE))


def _stamp(local: datetime) -> str:
    return local.strftime("%Y%m%dT%H%M%S")


def _begin(entry: ParsedEntry) -> datetime:
    return entry.event.begins_at if entry.event else datetime.max.replace(tzinfo=UTC)


def _is_secret(event: Component) -> bool:
    return text_of(event, "CLASS").strip().upper() in _SECRET


def _problems(
    found: CalendarFile, public: Sequence[Component], dated: Sequence[Dated], zones: Zones
) -> Iterator[FeedProblem]:
    if found.is_cut or found.unread:
        yield _problem(
            "the calendar breaks off or is not well-formed; what could be read was read",
            "warning" if found.events else "error",
        )
    if undated := len(public) - len(dated):
        yield _problem(f"{undated} events have no start (DTSTART) that can be understood")
    if secret := len(found.events) - len(public):
        yield _problem(
            f"{secret} events are marked as private (CLASS) and were left out; they are public"
            " in this calendar all the same, for whoever knows its address"
        )
    told = zones.default.name or "UTC"
    floating = sum(when.is_floating for _, when in dated)
    if floating and not zones.is_told:
        yield _problem(
            f"events without a time zone, taken for {told}: {floating} of {len(dated)}"
            " (add TZID=Europe/Rome to DTSTART, or X-WR-TIMEZONE for the whole calendar)"
        )
    if zones.unknown:
        names = ", ".join(f'"{fold(name)}"' for name in sorted(zones.unknown)[:_MOST_TOLD])
        yield _problem(
            f"time zones that nobody knows, taken for {told}: {names}"
            " (write a name such as Europe/Rome, or define the zone in a VTIMEZONE)"
        )


def _problem(message: str, severity: str = "warning") -> FeedProblem:
    return FeedProblem(severity=severity, message=message)
