"""Reads when and where an event is from the modules that feeds use for it.

RSS event module (``ev:``), xCal, Google's ``gd:when``, Modern Events Calendar (``mec:``), and the
plain names that municipal systems make up. Standard RSS of The Events Calendar has none of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from herald.model.feed import EntryEvent
from herald.sources.feeds.markup.spaces import family
from herald.sources.feeds.markup.tree import Element, attribute, local, words
from herald.sources.feeds.words.dates import Read, read_date
from herald.sources.feeds.words.plain import plain_text, short

_BEGINS = ("startdate", "dtstart", "start_date", "date_start", "eventstart", "event_start")
_FINISHES = ("enddate", "dtend", "end_date", "date_end", "eventend", "event_end")
_BEGINS_HOUR = ("starthour", "time_start", "start_time")
_FINISHES_HOUR = ("endhour", "time_end", "end_time")
_PLACE = ("location", "place", "venue")
_UID = ("uid",)
_STATUS = ("status", "eventstatus")
_ALL = (*_BEGINS, *_FINISHES, *_BEGINS_HOUR, *_FINISHES_HOUR, *_PLACE, *_UID, *_STATUS)
_OUTSIDE = frozenset({"media", "dc", "dcterms", "content", "itunes", "sy", "rdf", "cc", "georss"})
"""Families whose words are about something else."""
_CANCELLED = re.compile(r"cancel+ed|postponed|tentative|rescheduled")
_STATUSES = {
    "canceled": "cancelled",
    "postponed": "postponed",
    "rescheduled": "postponed",
    "tentative": "tentative",
}
_MOST_CHILDREN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWords:
    """What an entry says of its event, as written."""

    begins: str = ""
    finishes: str = ""
    place: str = ""
    uid: str = ""
    status: str = ""


def read_event_words(entry: Element) -> EventWords:
    """Collect an entry's words about its event; all empty where it announces none."""
    found = _found(entry)
    begins = _first(found, _BEGINS)
    if not begins:
        return EventWords()
    return EventWords(
        begins=_with_hour(begins, _first(found, _BEGINS_HOUR)),
        finishes=_with_hour(_first(found, _FINISHES), _first(found, _FINISHES_HOUR)),
        place=_first(found, _PLACE),
        uid=_first(found, _UID),
        status=_first(found, _STATUS),
    )


def read_event(said: EventWords, *, zone: tzinfo, zone_name: str) -> EntryEvent | None:
    """Make an event of its words; None where it does not say when it begins."""
    begins = read_date(said.begins, zone=zone)
    if begins is None:
        return None
    finishes = read_date(said.finishes, zone=zone)
    status = _CANCELLED.search(said.status.lower())
    return EntryEvent(
        uid=short(said.uid),
        begins_at=begins.moment,
        finishes_at=_end(begins, finishes),
        all_day=begins.is_day,
        zone="" if begins.has_zone else zone_name,
        place=short(plain_text(said.place).text),
        status=_STATUSES[status[0].replace("ll", "l")] if status else "confirmed",
    )


def _end(begins: Read, finishes: Read | None) -> datetime | None:
    """Return when it ends: a last day is over when it is; before its beginning nothing ends."""
    if finishes is None:
        return None
    ends = finishes.moment + timedelta(days=1) if finishes.is_day else finishes.moment
    return ends if ends >= begins.moment else None


def _found(entry: Element) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for count, child in enumerate(entry.iter()):
        if count > _MOST_CHILDREN:
            break
        if child is entry or family(child) in _OUTSIDE:
            continue
        name = local(child)
        if name == "when" and family(child) == "gd":
            found.setdefault("startdate", attribute(child, "starttime"))
            found.setdefault("enddate", attribute(child, "endtime"))
        elif name == "where" and family(child) == "gd":
            found.setdefault("location", attribute(child, "valuestring"))
        elif name in _ALL and (text := words(child) or attribute(child, "value")):
            found.setdefault(name, text.rpartition("#event.")[2])
    return found


def _first(found: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((found[name] for name in names if found.get(name)), "")


def _with_hour(day: str, hour: str) -> str:
    """Join a day and an hour that stand in two elements."""
    return f"{day} {hour}" if day and hour and ":" not in day else day
