"""Cuts a calendar into its events, so that a broken one spoils no other and old ones cost little.

Ten years of past events are most of many a calendar; they are told by a glance at their dates and
never parsed. Whatever is no event (tasks, journals, free and busy times) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Component

from herald.sources.feeds.words.limits import MOST_ENTRIES

OVER = timedelta(days=30)
"""Events that ended before this are no news any more."""
_KEPT_ALL_THE_SAME = 10
"""The last ones of those that are over: a calendar with nothing ahead is not an empty one."""
_LONGEST_STAY = timedelta(days=370)
"""An event whose end is a DURATION, or is not understood, may last so long."""
_MOST_LINE = 64 * 1024
"""Characters of one property."""
_BY_LINE = re.IGNORECASE | re.MULTILINE
_MARK = re.compile(r"^(BEGIN|END):(VEVENT|VTODO|VJOURNAL|VFREEBUSY|VAVAILABILITY)[ \t]*$", _BY_LINE)
_FOLD = re.compile(r"\r?\n[ \t]")
_FOLDED_BYTES = re.compile(rb"\r?\n[ \t]")
_END_OF_ALL = re.compile(r"^END:VCALENDAR[ \t]*$", _BY_LINE)
_BEGINS = re.compile(r"^DTSTART[^:\n]*:(\d{8})", _BY_LINE)
_ENDS = re.compile(r"^DTEND[^:\n]*:(\d{8})", _BY_LINE)
_LASTS = re.compile(r"^DURATION[^:\n]*:", _BY_LINE)
_REPEATS = re.compile(r"^(?:RRULE|RDATE|RECURRENCE-ID)\b", _BY_LINE)
_ZONED = re.compile(r"^((?:DTSTART|DTEND|RECURRENCE-ID|RDATE|EXDATE)\b[^:\n]*?);TZID=", _BY_LINE)
_PLAINLY_WRONG = (ValueError, IndexError, KeyError, TypeError, AttributeError, OSError)
"""What the library raises for text that is no calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFile:
    """A calendar's own properties and zones, and its events."""

    head: Calendar
    events: tuple[Component, ...]
    """Dates carry the name of their zone as the parameter X-TZID, and no zone yet."""
    unread: int
    """Events that are so broken that nothing of them could be read."""
    is_cut: bool
    """It breaks off, or an event in it does."""
    written: int
    """Events in it, those included that are long over."""


def unfold(body: bytes) -> bytes:
    """Join the folded lines of a calendar; before decoding, as a fold may part a character."""
    return _FOLDED_BYTES.sub(b"", body)


def cut(document: str, *, now: datetime) -> CalendarFile | None:
    """Cut a calendar's text; None where it is none."""
    text = _FOLD.sub("", document.replace("\r\n", "\n").replace("\r", "\n")).replace("\0", "")
    blocks, rest, has_gaps = _blocks(text)
    head = _head(rest)
    if head is None:
        return None
    events = [_event(block) for block in _worthwhile(blocks, now=now)]
    return CalendarFile(
        head=head,
        events=tuple(event for event in events if event is not None),
        unread=events.count(None),
        is_cut=has_gaps or _END_OF_ALL.search(rest) is None,
        written=len(blocks),
    )


def _blocks(text: str) -> tuple[list[str], str, bool]:
    """Return the texts of the events, all that stands outside of them, and whether an end lacks.

    An event that another one follows is whole without its end; the last one is not.
    """
    blocks: list[str] = []
    rest: list[str] = []
    has_gaps, at, inside = False, 0, ""
    for mark in _MARK.finditer(text):
        begins, kind = mark[1].upper() == "BEGIN", mark[2].upper()
        if not inside and begins:
            rest.append(text[at : mark.start()])
        elif inside and (begins or kind == inside):
            has_gaps = has_gaps or begins
            if inside == "VEVENT":
                blocks.append(text[at : mark.start()])
        elif not inside:
            rest.append(text[at : mark.start()])
        else:
            continue  # the end of something else within: it spoils nothing
        at = mark.end()
        inside = kind if begins else ""
    if not inside:
        rest.append(text[at:])
    return blocks, "".join(rest), has_gaps or bool(inside)


def _head(rest: str) -> Calendar | None:
    """Read what stands outside of the events; without its zones where these are broken."""
    start = rest.find("BEGIN:VCALENDAR")
    end = _END_OF_ALL.search(rest)
    whole = _lines(rest[max(start, 0) : end.start() if end else len(rest)])
    first = whole.partition("\nBEGIN:VTIMEZONE")[0]
    for text in (whole, first, "BEGIN:VCALENDAR"):
        try:
            found = Component.from_ical(f"{text.rstrip()}\nEND:VCALENDAR\n".encode())
        except _PLAINLY_WRONG:
            continue
        if isinstance(found, Calendar):
            return found
    return None


def _event(block: str) -> Component | None:
    text = _ZONED.sub(r"\1;X-TZID=", _lines(block))
    for attempt in (text, "\n".join(_sound(text))):
        try:
            # Bytes: a text without line breaks would be taken for the name of a file.
            return Component.from_ical(f"BEGIN:VEVENT{attempt.rstrip()}\nEND:VEVENT\n".encode())
        except _PLAINLY_WRONG:
            continue
    return None


def _lines(text: str) -> str:
    """Return *text* with each line cut to a length that some event could need."""
    if len(text) <= _MOST_LINE:
        return text
    return "\n".join(line[:_MOST_LINE] for line in text.split("\n"))


def _sound(text: str) -> Iterator[str]:
    """Yield the lines that are properties, without what is nested (alarms)."""
    depth = 0
    yield ""
    for line in text.split("\n"):
        word = line[:6].upper()
        depth += word == "BEGIN:"
        if not depth and re.match(r"[A-Za-z0-9-]+[;:]", line) and not word.startswith("END:"):
            yield line
        depth -= word.startswith("END:") and depth > 0


def _worthwhile(blocks: list[str], *, now: datetime) -> list[str]:
    """Leave out what is long over, and what is too much; the nearest days stay."""
    over: list[tuple[str, int]] = []
    ahead: list[tuple[str, int]] = []
    for number, block in enumerate(blocks):
        last = _last_day(block)
        is_over = last is not None and last < f"{now - OVER:%Y%m%d}"
        (over if is_over else ahead).append((last or "", number))
    kept = sorted(ahead)[: MOST_ENTRIES + 1] + sorted(over)[-_KEPT_ALL_THE_SAME:]
    return [blocks[number] for number in sorted(number for _, number in kept)]


def _last_day(block: str) -> str | None:
    """Return the day after which an event is surely over, as digits; None where that is open."""
    begins = _BEGINS.search(block)
    if begins is None or _REPEATS.search(block):
        return None
    if ends := _ENDS.search(block):
        return max(ends[1], begins[1])
    if _LASTS.search(block) is None:
        return begins[1]
    try:
        begun = datetime.strptime(begins[1], "%Y%m%d")  # noqa: DTZ007 -- a day, in no zone
        return f"{begun + _LONGEST_STAY:%Y%m%d}"
    except (ValueError, OverflowError):
        return None
