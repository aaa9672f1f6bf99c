"""Reads what a feed says of itself: how often to ask, where to subscribe, who made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from herald.model.feed import Cadence, HubLink
from herald.sources.feeds.markup.extras import is_entry
from herald.sources.feeds.markup.spaces import family
from herald.sources.feeds.markup.tree import Element, attribute, local, words
from herald.sources.feeds.words.authors import joined
from herald.sources.feeds.words.plain import absolute
from herald.sources.feeds.words.rights import licence_address

LONGEST_PAUSE = timedelta(days=1)
"""Whoever asks for less than a visit a day gets one a day: news would be stale."""
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A feed's words about itself."""

    cadence: Cadence = field(default_factory=Cadence)
    hub: HubLink | None = None
    licence: str = ""
    """The address of a licence for all of its entries."""
    authors: str = ""
    """Who wrote those entries of an Atom feed that name nobody."""
    generator: str = ""
    own_url: str = ""


def read_head(root: Element | None, url: str) -> Head:
    """Return the head of a feed; what makes no sense in it is left out."""
    if root is None:
        return Head()
    children = list(_children(root))
    own = _linked(children, "self", url)
    hub = _linked(children, "hub", url)
    topic = own or absolute(url, "")
    return Head(
        cadence=_cadence(children),
        hub=HubLink(hub=hub, topic=topic) if hub and topic else None,
        licence=licence_address(children),
        authors=joined(_persons(children)),
        generator=" ".join(
            f"{words(child)} {attribute(child, 'uri')}"
            for child in children
            if local(child) == "generator"
        ).strip(),
        own_url=own,
    )


def _children(root: Element) -> Iterator[Element]:
    """Yield what stands in the feed or its channel beside the entries."""
    for child in root:
        if not isinstance(child.tag, str) or is_entry(child):
            continue
        if local(child) == "channel":
            yield from (each for each in child if not is_entry(each))
        else:
            yield child


def _persons(children: Iterable[Element]) -> Iterator[str]:
    """Yield the names of authors as Atom writes them; RSS has texts, of editors and not authors."""
    for child in children:
        if local(child) == "author" and family(child) == "":
            told = {local(each): words(each) for each in child}
            name, address = told.get("name", ""), told.get("email", "")
            yield f"{address} ({name})" if name and address else name


def _linked(children: Iterable[Element], relation: str, url: str) -> str:
    links = (
        absolute(attribute(child, "href"), url)
        for child in children
        if local(child) == "link" and relation in attribute(child, "rel").lower().split()
    )
    return next(filter(None, links), "")


def _cadence(children: list[Element]) -> Cadence:
    said = {
        local(child): words(child)
        for child in reversed(children)
        if family(child) == "sy" or local(child) == "ttl"
    }
    pause = max(_ttl(said.get("ttl", "")), _period(said))
    hours = {_hour(text) for text in _listed(children, "skiphours", "hour")} - {None}
    days = {_day(text) for text in _listed(children, "skipdays", "day")} - {None}
    return Cadence(
        pause=min(pause, LONGEST_PAUSE),
        # Who closes every hour or every day means something else.
        closed_hours=frozenset(each for each in hours if each is not None)
        if len(hours) < 24
        else frozenset(),
        closed_days=frozenset(each for each in days if each is not None)
        if len(days) < 7
        else frozenset(),
    )


def _ttl(minutes: str) -> timedelta:
    return timedelta(minutes=_count(minutes))


def _period(said: dict[str, str]) -> timedelta:
    """Return the pause that sy:updatePeriod and sy:updateFrequency name (daily and 1 if left out).

    https://web.resource.org/rss/1.0/modules/syndication/
    """
    if "updateperiod" not in said and "updatefrequency" not in said:
        return timedelta(0)
    period = _PERIODS.get(said.get("updateperiod", "daily").lower())
    times = _count(said.get("updatefrequency", "1"))
    return period / times if period and times else timedelta(0)


def _count(text: str) -> int:
    found = text.strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 7 else 0


def _listed(children: Iterable[Element], outer: str, inner: str) -> Iterator[str]:
    for child in children:
        if local(child) == outer:
            yield from (words(each) for each in child if local(each) == inner)


def _hour(text: str) -> int | None:
    """Return an hour of RSS, in GMT: 0 to 23, and 24 is midnight as well."""
    found = text.strip()
    if not (found.isascii() and found.isdigit() and len(found) <= 2) or int(found) > 24:
        return None
    return int(found) % 24


def _day(text: str) -> int | None:
    found = text.strip().lower()
    return _DAYS.index(found) if found in _DAYS else None
