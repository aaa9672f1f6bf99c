"""What partners publish in a simulated year, and what planning is given of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.model.polling import WantedFeed
from herald.simulating.dice import Dice

_DAYTIME = (time(7), 11 * 60)
"""When offices publish, UTC, and for how many minutes."""
_EVENTS = 0.25
_CHANGED = 0.15
"""Of what is published, so much is corrected, moved or called off within the days that follow."""
_ENGLISH = Language("en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Something that a partner puts on its site: an entry, new or as it has become."""

    at: datetime
    entry: Entry


class ScratchFeeds:
    """The entries that Herald knows of, in memory."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._known = {entry.id: entry for entry in entries}

    def read(self, entry: Entry, *, now: datetime) -> None:
        """Take in an entry; a known one keeps when it was first seen."""
        known = self._known.get(entry.id)
        seen = now if known is None else known.first_seen_at
        self._known[entry.id] = replace(entry, first_seen_at=seen)

    async def entries(self, since: datetime) -> tuple[Entry, ...]:
        """Return what was first seen since then, and every event from then on."""
        found = [one for one in self._known.values() if _is_recent(one, since)]
        return tuple(sorted(found, key=lambda one: (one.first_seen_at, one.id)))


def publications(
    feed: WantedFeed, day: date, *, a_week: float, dice: Dice
) -> Iterator[Publication]:
    """Yield what *feed* publishes on *day*, corrections of that included, *a_week* on average."""
    often = a_week / 7
    count = int(often) + dice.hits(often % 1, "news", feed.id, day)
    for nth in range(count):
        name = f"{feed.id}-{day}-{nth}"
        start, minutes = _DAYTIME
        at = datetime.combine(day, start, UTC) + timedelta(
            minutes=dice.number(0, minutes, "minute", name)
        )
        entry = _entry(feed, name, at, dice)
        yield Publication(at=at, entry=entry)
        if dice.hits(_CHANGED, "changed", name):
            later = at + timedelta(hours=dice.number(3, 200, "changed at", name))
            yield Publication(at=later, entry=_changed(entry, dice))


def _entry(feed: WantedFeed, name: str, at: datetime, dice: Dice) -> Entry:
    event = None
    if not feed.posts_of and dice.hits(_EVENTS, "event", name):
        ahead = timedelta(days=dice.number(2, 60, "ahead", name))
        begins = (at + ahead).replace(hour=16, minute=0)
        event = EntryEvent(uid=name, begins_at=begins, finishes_at=begins + timedelta(hours=2))
    content = ParsedEntry(
        guid=name,
        title=f"News {name}",
        summary=f"What happened at {name}.",
        link=f"https://{feed.id}.example.org/{name}",
        published_at=at,
        event=event,
        licence=feed.licence,
        post_of=feed.posts_of,
    )
    return Entry(
        id=EntryId(name),
        feed=FeedId(feed.id),
        partners=tuple(PartnerId(one) for one in feed.partners),
        language=feed.language or feed.partner_language or _ENGLISH,
        content=content,
        fingerprint="first",
        first_seen_at=at,
    )


def _changed(entry: Entry, dice: Dice) -> Entry:
    """Return *entry* with other words, its event on another day, or called off."""
    content, event = entry.content, entry.content.event
    kind = dice.number(0, 2, "kind of change", entry.id)
    if event is None or kind == 0:
        content = replace(content, title=f"{content.title}, corrected")
        return replace(entry, content=content, fingerprint="corrected")
    if kind == 1:
        off = replace(event, status="cancelled")
        return replace(
            entry,
            content=replace(content, event=off),
            fingerprint="cancelled",
            withdrawn=True,
        )
    later = timedelta(days=3)
    moved = replace(
        event,
        begins_at=event.begins_at + later,
        finishes_at=(event.finishes_at or event.begins_at) + later,
        sequence=event.sequence + 1,
    )
    return replace(entry, content=replace(content, event=moved), fingerprint="moved")


def _is_recent(entry: Entry, since: datetime) -> bool:
    event = entry.content.event
    return entry.first_seen_at >= since or (event is not None and event.begins_at >= since)
