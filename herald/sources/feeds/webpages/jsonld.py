"""Reads schema.org Events out of the JSON-LD of a web page, and saves what can be saved of it.

Pure. Nothing is looked up: a context is never fetched, a reference is followed within the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.feed import EntryEvent, EventSource
from herald.model.ids import Language
from herald.model.page import PageEvent
from herald.model.wallclock import moment_of
from herald.sources.feeds.webpages.moments import Written, length_of, read_written
from herald.sources.feeds.words.plain import absolute, language_tag, plain_text, short

EVENT_TYPES = frozenset(
    {
        "Event", "BroadcastEvent", "BusinessEvent", "ChildrensEvent", "ComedyEvent",
        "ConferenceEvent", "CourseInstance", "DanceEvent", "EducationEvent", "EventSeries",
        "ExhibitionEvent", "Festival", "FoodEvent", "Hackathon", "LiteraryEvent", "MusicEvent",
        "OnDemandEvent", "PerformingArtsEvent", "PublicationEvent", "SaleEvent", "ScreeningEvent",
        "SocialEvent", "SportsEvent", "TheaterEvent", "VisualArtsEvent",
    }
)  # fmt: skip
"""Event and its subtypes (schema.org, as of 2026) that one can go to: no parcels (DeliveryEvent),
no clicks (UserInteraction and its kin)."""
MOST_EVENTS = 200
"""Events of one page."""
_MOST_BLOCKS = 50
_MOST_CHARACTERS = 1024 * 1024
"""Of one block; the largest of real pages stay below a tenth of it."""
_MOST_NODES = 20_000
_MOST_TOLD = 5
"""Locations, types or languages of one event that are looked at."""
_STATUS = {
    "eventcancelled": "cancelled",
    "eventcanceled": "cancelled",
    "eventpostponed": "postponed",
}
_VOCABULARY = ("http://schema.org/", "https://schema.org/", "schema:")
_WRAPPERS = re.compile(
    r"^\s*(?://|/\*)?\s*(?:<!\[CDATA\[|<!--)\s*(?:\*/)?|(?://|/\*)?\s*(?:\]\]>|-->)\s*(?:\*/)?\s*$"
)
_COMMENTS = re.compile(
    r'("(?:\\.|[^"\\])*(?:"|\Z))|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)', re.DOTALL
)
_COMMAS = re.compile(r'("(?:\\.|[^"\\])*(?:"|\Z))|,(?=\s*[}\]])', re.DOTALL)
_ESCAPES = re.compile(r'(\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|\\')
_ADDRESS = ("streetAddress", "postalCode", "addressLocality")

Node = dict[str, Any]


def read_events(blocks: Iterable[str], *, base: str, zone: str = "") -> tuple[PageEvent, ...]:
    """Return the events that the JSON-LD *blocks* of the page *base* describe, in their order.

    Times without a zone are those of *zone*, an IANA name; of UTC if it is empty.
    """
    nodes = [
        node
        for number, block in enumerate(blocks)
        if number < _MOST_BLOCKS
        for node in _nodes(_documents(block))
    ]
    named = _by_id(nodes)
    found: dict[object, PageEvent] = {}
    for node in nodes:
        if len(found) >= MOST_EVENTS:
            break
        if EVENT_TYPES.isdisjoint(_types(node)):
            continue
        event = _event(node, named, base, zone)
        if event is not None:
            found.setdefault((event.title, event.url, event.event.begins_at), event)
    return tuple(found.values())


def _documents(block: str) -> list[Any]:
    """Return the JSON values of a block, mended where it is not quite JSON."""
    text = block[: _MOST_CHARACTERS + 1].strip()
    if not text or len(text) > _MOST_CHARACTERS:
        return []
    for attempt in _attempts(text):
        try:
            return list(_values(attempt))
        except (ValueError, RecursionError):
            continue
    return []


def _attempts(text: str) -> Iterator[str]:
    yield text
    bare = _WRAPPERS.sub("", _WRAPPERS.sub("", text)).strip().rstrip(";").rstrip()
    yield bare
    whole = _COMMAS.sub(_keep, _COMMENTS.sub(_keep, bare)).strip()
    yield whole
    yield _ESCAPES.sub(_keep, whole)
    # Last: in sound JSON a title may well hold &quot;, and decoding that would break it.
    yield _COMMAS.sub(_keep, unescape(bare))


def _keep(found: re.Match[str]) -> str:
    return found[1] or ""


def _values(text: str) -> Iterator[Any]:
    """Yield one JSON value after the other: some pages write several into one block."""
    decoder = json.JSONDecoder(strict=False)
    at = 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        while at < len(text) and (text[at].isspace() or text[at] in ",;"):
            at += 1


def _nodes(documents: list[Any]) -> Iterator[Node]:
    """Yield every object, in the order of the page, however it is nested."""
    waiting = documents[::-1]
    seen = 0
    while waiting and seen < _MOST_NODES:
        value = waiting.pop()
        if isinstance(value, dict):
            seen += 1
            yield value
            waiting.extend([one for one in value.values() if isinstance(one, dict | list)][::-1])
        elif isinstance(value, list):
            waiting.extend(value[:_MOST_NODES][::-1])


def _by_id(nodes: list[Node]) -> dict[str, Node]:
    named: dict[str, Node] = {}
    for node in nodes:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > 1:
            named.setdefault(name, node)
    return named


def _types(node: Node) -> set[str]:
    return {_bare(one) for one in _listed(node.get("@type"))[:_MOST_TOLD] if isinstance(one, str)}


def _bare(word: str) -> str:
    for prefix in _VOCABULARY:
        word = word.removeprefix(prefix)
    return word.strip()


def _event(node: Node, named: dict[str, Node], base: str, zone: str) -> PageEvent | None:
    begins = read_written(_text(_value(node, "startDate")))
    if begins is None:
        return None
    finishes = read_written(_text(_value(node, "endDate")))
    title = short(plain_text(_text(_value(node, "name"))).text)
    when = _when(begins, finishes, _text(_value(node, "duration")), zone)
    if when is None:
        return None
    begins_at, finishes_at, is_all_day, in_zone = when
    return PageEvent(
        event=EntryEvent(
            begins_at=begins_at,
            finishes_at=finishes_at,
            all_day=is_all_day,
            zone=in_zone,
            place=_place(node, named),
            status=_status(node),
            source=EventSource.PAGE,
        ),
        title=title,
        url=absolute(_text(_value(node, "url") or _value(node, "mainEntityOfPage")), base),
        language=_language(node),
    )


def _when(
    begins: Written, finishes: Written | None, duration: str, zone: str
) -> tuple[datetime, datetime | None, bool, str] | None:
    """Return beginning, end, whether it is whole days, and the zone in which that was written."""
    is_all_day = begins.is_date or _spans_whole_days(begins, finishes)
    try:
        if is_all_day:
            return (
                _in_zone(begins.midnight, zone),
                _in_zone(finishes.midnight + timedelta(days=1), zone)
                if finishes and finishes.midnight >= begins.midnight
                else None,
                True,
                zone,
            )
        begins_at = begins.moment or _in_zone(begins.local, zone)
        if finishes is None:
            length = length_of(duration)
            finishes_at = begins_at + length if length else None
        elif finishes.is_date:
            finishes_at = None  # the day is known, the hour is not
        else:
            finishes_at = finishes.moment or _in_zone(finishes.local, zone)
    except (OverflowError, ValueError):
        return None
    if finishes_at is not None and finishes_at < begins_at:
        finishes_at = None
    return begins_at, finishes_at, False, "" if begins.moment else zone


def _spans_whole_days(begins: Written, finishes: Written | None) -> bool:
    """Tell whether it lasts from midnight to one minute or second before one.

    So The Events Calendar writes whole days.
    """
    return (
        finishes is not None
        and begins.local.time() == time(0)
        and finishes.local.time() in {time(23, 59), time(23, 59, 59)}
    )


def _in_zone(local: datetime, zone: str) -> datetime:
    return moment_of(local, zone) if zone else local.replace(tzinfo=UTC)


def is_zone(name: str) -> bool:
    """Tell whether *name* is a time zone that is known here."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _status(node: Node) -> str:
    words = (_text(one) for one in _listed(_value(node, "eventStatus"))[:_MOST_TOLD])
    told = (word.strip().rstrip("/").replace(":", "/").rpartition("/")[2] for word in words)
    return next((_STATUS[word.lower()] for word in told if word.lower() in _STATUS), "confirmed")


def _place(node: Node, named: dict[str, Node]) -> str:
    """Return the first place in space, else the first on the net."""
    places = [_resolved(one, named) for one in _listed(_value(node, "location"))[:_MOST_TOLD]]
    virtual = [one for one in places if isinstance(one, dict) and "VirtualLocation" in _types(one)]
    real = [one for one in places if one not in virtual]
    told = [*(_where(one, named) for one in real), *(_where_online(one) for one in virtual)]
    return next(filter(None, told), "")


def _where(place: Any, named: dict[str, Node]) -> str:
    if not isinstance(place, dict):
        return _words(place)
    name = _words(_value(place, "name"))
    address = _resolved(_first(_value(place, "address")), named)
    if "PostalAddress" in _types(place):
        address = place
    written = _address(address) if isinstance(address, dict) else _words(address)
    if not name or name in written:
        return written or name
    return short(f"{name}, {written}") if written else name


def _address(address: Node) -> str:
    street, code, town = (_words(_value(address, part)) for part in _ADDRESS)
    return short(", ".join(part for part in (street, f"{code} {town}".strip()) if part))


def _where_online(place: Node) -> str:
    return _words(_value(place, "name")) or _words(_value(place, "url"))


def _language(node: Node) -> Language | None:
    for one in _listed(_value(node, "inLanguage"))[:_MOST_TOLD]:
        words = [one] if isinstance(one, str) else []
        if isinstance(one, dict):
            words = [_text(_value(one, part)) for part in ("alternateName", "name", "@value")]
        for word in words:
            if tag := language_tag(word):
                return tag
    name = _first(_value(node, "name"))
    return language_tag(str(name.get("@language") or "")) if isinstance(name, dict) else None


def _value(node: Node, name: str) -> Any:
    for prefix in ("", *_VOCABULARY):
        if prefix + name in node:
            return node[prefix + name]
    return None


def _resolved(value: Any, named: dict[str, Node]) -> Any:
    """Follow a reference to a node of the same page."""
    if isinstance(value, dict) and set(value) <= {"@id", "@type"}:
        return named.get(str(value.get("@id")), value)
    return value


def _words(value: Any) -> str:
    return short(plain_text(_text(value)).text)


def _text(value: Any) -> str:
    """Return the text of a value: a string, a number, or what holds one."""
    value = _first(value)
    if isinstance(value, dict):
        value = value.get("@value", value.get("@id", value.get("name")))
    return str(value) if isinstance(value, str | int | float) and value is not True else ""


def _first(value: Any) -> Any:
    listed = _listed(value)
    return listed[0] if listed else None


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("@list"), list):
        value = value["@list"]
    return value if isinstance(value, list) else [] if value is None else [value]
