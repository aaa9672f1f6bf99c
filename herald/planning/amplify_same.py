"""Takes for one what several feeds tell of one event, though it was not to be seen at first.

Where a feed tells an event's new date before the feed that announced it does, they are two events
to whoever compares them then. As soon as both tell the same, it is announced once, for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from herald.model.feed import Entry
from herald.planning.amplify_when import is_off


def as_one(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return *entries*, those of several feeds that tell one event as the first, crediting all.

    Two of one feed stay two: a calendar knows what it lists twice. That one feed calls the event
    off is enough.
    """
    entries = tuple(entries)
    alike: dict[tuple[str, datetime], list[list[Entry]]] = defaultdict(list)
    for entry in sorted(entries, key=lambda one: (one.first_seen_at, one.id)):
        event = entry.content.event
        title = " ".join(entry.content.title.casefold().split())
        if event is None or not title:
            continue
        kept = alike[title, event.begins_at]
        told = next((each for each in kept if _is_of_all(entry, each)), None)
        if told is None:
            kept.append([entry])
        else:
            told.append(entry)
    merged = {told[0].id: told for kept in alike.values() for told in kept if len(told) > 1}
    absorbed = {entry.id for told in merged.values() for entry in told[1:]}
    return tuple(
        _together(merged[entry.id]) if entry.id in merged else entry
        for entry in entries
        if entry.id not in absorbed
    )


def _is_of_all(entry: Entry, told: Iterable[Entry]) -> bool:
    return all(entry.feed != one.feed and _is_one_place(entry, one) for one in told)


def _is_one_place(one: Entry, other: Entry) -> bool:
    """Tell whether two events may be in one place: one names the other's, or none."""
    mine, theirs = (
        entry.content.event.place.casefold() if entry.content.event else ""
        for entry in (one, other)
    )
    return mine in theirs or theirs in mine


def _together(told: list[Entry]) -> Entry:
    partners = dict.fromkeys(partner for entry in told for partner in entry.partners)
    off = next((entry for entry in told if is_off(entry)), told[0])
    return replace(
        told[0],
        partners=tuple(partners),
        content=replace(told[0].content, event=off.content.event),
        withdrawn=off.withdrawn,
    )
