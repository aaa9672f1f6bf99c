"""Says how a document is to be read, and reads its dates by that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from herald.model.feed import EntryEvent, EventSource, FeedProblem, ParsedEntry
from herald.sources.feeds.words.dates import Read, read_date, zone_of
from herald.sources.feeds.words.plain import short

ZONELESS = "no zone"
DAY_ONLY = "a day"
EVENT_START = "event_start"
PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known about a document from outside of it."""

    url: str = ""
    """Where it came from: links resolve against it."""
    zone_name: str = ""
    """The network's zone, an IANA name: times without one count in it; "" is UTC."""
    pubdate: str = "auto"
    """What its dates mean: published, event_start or auto."""

    @property
    def zone(self) -> tzinfo:
        """The network's zone."""
        return zone_of(self.zone_name)

    @property
    def known_zone(self) -> str:
        """The network's zone by name; "" where it is UTC or unknown."""
        return "" if self.zone is UTC else self.zone_name


def read_said(text: str, reading: Reading) -> tuple[Read | None, str]:
    """Return a date as understood, and what is wrong with it, else ""."""
    if not text.strip():
        return None, ""
    read = read_date(text, zone=reading.zone)
    if read is None:
        return None, f"a date cannot be understood: {short(text)[:60]!r}"
    if read.has_zone:
        return read, ""
    return read, DAY_ONLY if read.is_day else ZONELESS


def announced(entry: ParsedEntry, dated: Read | None, reading: Reading) -> ParsedEntry:
    """Return an entry whose date is no publication but the beginning of its event."""
    if reading.pubdate != EVENT_START:
        return entry
    event = entry.event
    if event is None and dated is not None:
        event = EntryEvent(
            begins_at=dated.moment,
            all_day=dated.is_day,
            zone="" if dated.has_zone else reading.known_zone,
            source=EventSource.PUBDATE,
        )
    return replace(entry, published_at=None, event=event)


def told_of_dates(faults: Iterable[str], reading: Reading) -> Iterator[FeedProblem]:
    """Say what was wrong with a document's dates."""
    counted = Counter(faults)
    zoneless, days = counted.pop(ZONELESS, 0), counted.pop(DAY_ONLY, 0)
    where = reading.known_zone or "UTC"
    if zoneless:
        yield FeedProblem(
            severity="warning",
            message=f"{_some(zoneless, 'date does', 'dates do')} not say"
            f" {'its' if zoneless == 1 else 'their'} time zone (write 2027-05-10T10:00:00+02:00"
            " or Mon, 10 May 2027 10:00:00 +0200);"
            f" {'it was' if zoneless == 1 else 'they were'} read as {where}",
        )
    if days and reading.pubdate != EVENT_START:
        yield FeedProblem(
            severity="warning",
            message=f"{_some(days, 'date names', 'dates name')} a day but no hour; read as the"
            f" beginning of that day ({where})",
        )
    if counted:
        first, count = next(iter(counted)), sum(counted.values())
        yield FeedProblem(severity="warning", message=f"{first} ({count} such dates)")


def _some(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
