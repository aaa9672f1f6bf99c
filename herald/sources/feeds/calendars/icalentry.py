"""Makes an entry of a calendar's event: its words, its place, its pictures, its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from icalendar import Component

from herald.model.feed import Enclosure, EntryEvent, EntryImage, ParsedEntry
from herald.model.ids import Language
from herald.sources.feeds.calendars.icalwhen import When, when_of
from herald.sources.feeds.calendars.icalzones import Zones
from herald.sources.feeds.words.plain import absolute, fold, language_tag, plain_text, short

_STATUS = {"TENTATIVE": "tentative", "CANCELLED": "cancelled", "CANCELED": "cancelled"}
_MOST_UID = 1_900
"""Characters: the moment of an occurrence follows, and the whole is no longer than any id."""
_MOST_TEXT = 64 * 1024
_LONGEST = timedelta(days=366)
"""A DURATION beyond this is a slip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What all events of a calendar share."""

    url: str
    zones: Zones
    is_called_off: bool
    """The whole calendar is a cancellation (METHOD:CANCEL)."""
    language: Language | None


def entry_of(event: Component, begins: When, form: Form) -> ParsedEntry:
    """Make an entry of an event that begins then; the organiser's address is never read."""
    link = absolute(text_of(event, "URL"), form.url)
    summary, language = _spoken(event, "SUMMARY", form.language)
    text, text_language = _spoken(event, "DESCRIPTION", language or form.language)
    markup = text if text.strip() else text_of(event, "X-ALT-DESC")
    described = plain_text(markup[:_MOST_TEXT], base=link or form.url)
    created, changed = (when_of(event, name, None) for name in ("CREATED", "LAST-MODIFIED"))
    return ParsedEntry(
        guid=short(text_of(event, "UID"))[:_MOST_UID],
        title=short(summary),
        summary=described.text,
        link=link,
        published_at=created.utc if created else None,
        updated_at=changed.utc if changed else None,
        language=language or text_language,
        author=short(_organiser(event)),
        categories=_categories(event),
        image=_image(event, form.url) or next(iter(described.images), None),
        enclosures=_attachments(event, form.url),
        event=_event(event, begins, form),
    )


def moved_to(
    entry: ParsedEntry,
    event: EntryEvent | None,
    *,
    guid: str,
    when: When | None = None,
    local: datetime | None = None,
    status: str = "",
) -> ParsedEntry:
    """Return *entry* as another occurrence: by its name, its local beginning, its status."""
    if event is None:
        return replace(entry, guid=guid)
    if when is not None and local is not None:
        event = _shifted(event, when, local)
    return replace(entry, guid=guid, event=replace(event, status=status or event.status))


def text_of(component: Mapping[str, Any], name: str) -> str:
    """Return a property's text; of several, the first's; "" where there is none."""
    found = component.get(name)
    if isinstance(found, list):
        found = found[0] if found else None
    return "" if found is None else str(found)


def _event(event: Component, begins: When, form: Form) -> EntryEvent:
    ends_at = _end(event, begins, form.zones)
    status = _STATUS.get(text_of(event, "STATUS").strip().upper(), "confirmed")
    sequence = text_of(event, "SEQUENCE")
    is_whole = sequence.isascii() and sequence.isdigit() and len(sequence) < 9
    return EntryEvent(
        uid=short(text_of(event, "UID")),
        begins_at=begins.utc,
        finishes_at=ends_at if ends_at is None or ends_at >= begins.utc else None,
        all_day=begins.all_day,
        zone=begins.zone.name,
        place=short(text_of(event, "LOCATION")),
        status="cancelled" if form.is_called_off else status,
        sequence=int(sequence) if is_whole else 0,
    )


def _end(event: Component, begins: When, zones: Zones) -> datetime | None:
    if finishes := when_of(event, "DTEND", zones):
        return finishes.utc
    try:
        length = getattr(event.get("DURATION"), "dt", None)
        if not isinstance(length, timedelta):
            return None
        length = min(length, _LONGEST)
        # Whole days are days of the calendar, hours are exact: RFC 5545, section 3.3.6.
        days = timedelta(days=length.days)
        return begins.zone.moment(begins.local + days) + (length - days)
    except (ValueError, OverflowError):
        return None


def _shifted(event: EntryEvent, when: When, local: datetime) -> EntryEvent:
    utc = when.zone.moment(local)
    if event.finishes_at is None:
        return replace(event, begins_at=utc)
    if when.all_day:
        days = when.zone.local(event.finishes_at) - when.local
        return replace(event, begins_at=utc, finishes_at=when.zone.moment(local + days))
    return replace(event, begins_at=utc, finishes_at=utc + (event.finishes_at - event.begins_at))


def _spoken(event: Component, name: str, wanted: Language | None) -> tuple[str, Language | None]:
    """Return a text and its language: of several, that in the *wanted* one, else the first."""
    found = event.get(name)
    texts = found if isinstance(found, list) else [] if found is None else [found]
    read = [(str(one), _tag(one)) for one in texts[:20]]
    fitting = (one for one in read if wanted and one[1] == wanted)
    return next(fitting, read[0] if read else ("", None))


def _tag(text: object) -> Language | None:
    parameters = getattr(text, "params", None) or {}
    return language_tag(str(parameters.get("LANGUAGE") or ""))


def _organiser(event: Component) -> str:
    """Return the organiser's name; never the address, which is nobody else's business."""
    parameters = getattr(event.get("ORGANIZER"), "params", None) or {}
    name = str(parameters.get("CN") or "")
    return "" if "@" in name else name


def _categories(event: Component) -> tuple[str, ...]:
    found = event.get("CATEGORIES")
    lists = found if isinstance(found, list) else [found] if found is not None else []
    names = (short(str(name)) for each in lists for name in getattr(each, "cats", ()))
    return tuple(dict.fromkeys(name for name in names if name))[:50]


def _image(event: Component, url: str) -> EntryImage | None:
    """Read RFC 7986 IMAGE, else an attached picture."""
    link = absolute(text_of(event, "IMAGE"), url)
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
