"""Decides about what was found on a site: which links to follow, what is best, what is twice there.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from herald.model.feed import ParsedEntry, ParsedFeed
from herald.model.page import FeedLink
from herald.sources.feeds.identity.canonical import canonical_link, normal_title

CALENDAR = "ical"
SAMPLE = 3
_MOST_LINKS = 6
"""Of one page: each is a request to somebody's server."""
_ALIKE = 0.5
"""Two documents that share so much of the smaller one say the same."""

_COMMENTS = re.compile(
    r"comment|kommenta|commento|commenti|comentario|comentári|komentar|komentář|kummenti",
    re.IGNORECASE,
)
_COMMENTS_PATH = re.compile(
    r"/comments/feed|feed=comments|/comments/default|/replies", re.IGNORECASE
)
_NARROW = re.compile(
    r"/(?:category|categor[ií]a|kategorie?|tag|tags|author|autor|autore)/", re.IGNORECASE
)
_ONE_EVENT = re.compile(r"/(?:event|evento|eventi|events|veranstaltung)/[^/]{3,}/", re.IGNORECASE)
_CALENDAR_ADDRESS = re.compile(r"\.ics(?:$|\?)|ical", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A feed or calendar that was found."""

    url: str
    why: str
    """How it was found, in words."""
    feed: ParsedFeed
    same_as: str = ""
    """The address of the better one that says the same; empty for one that stands for itself."""

    @property
    def is_calendar(self) -> bool:
        """Tell whether it is an iCalendar, which says when an event is moved or cancelled."""
        return self.feed.format == CALENDAR

    @property
    def is_empty(self) -> bool:
        """Tell whether it has no entries, or none yet."""
        return not self.feed.entries


def links_to_follow(links: Iterable[FeedLink], *, most: int = _MOST_LINKS) -> tuple[FeedLink, ...]:
    """Return the links of a page that are worth a request, the most promising first."""
    good = [link for link in links if not _is_about_comments(link) and not _is_for_outlook(link)]
    declared = any(link.is_declared and not _looks_like_calendar(link) for link in good)
    kept = [link for link in good if link.is_declared or _looks_like_calendar(link) or not declared]
    return tuple(sorted(kept, key=_promise))[:most]


def choose(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return *candidates*, the best first; one that says what a better one says names that one."""
    best: list[Candidate] = []
    twice: list[Candidate] = []
    for candidate in sorted(candidates, key=_worth):
        better = next((one for one in best if _says_the_same(one, candidate)), None)
        if better is None:
            best.append(candidate)
        else:
            twice.append(replace(candidate, same_as=better.url))
    return (*best, *twice)


def best_of(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return what a person would take: all that stand for themselves, empty ones only alone."""
    alone = [one for one in candidates if not one.same_as]
    wide = [one for one in alone if not _NARROW.search(one.url)] or alone
    full = [one for one in wide if not one.is_empty]
    return tuple(full or wide[:1])


def sample_of(feed: ParsedFeed, *, now: datetime) -> tuple[ParsedEntry, ...]:
    """Return three entries to show: the next events, or the newest news, the nearest first."""
    ahead = [entry for entry in feed.entries if entry.event and entry.event.begins_at >= now]
    return tuple(ahead[:SAMPLE] if ahead else feed.entries[::-1][:SAMPLE])


def _is_about_comments(link: FeedLink) -> bool:
    last = re.split("[»«|–—]", link.title)[-1]
    return bool(_COMMENTS_PATH.search(link.url) or _COMMENTS.search(last))


def _is_for_outlook(link: FeedLink) -> bool:
    """Tell whether it is The Events Calendar's second spelling of a calendar it names anyway."""
    return "outlook-ical" in parse_qs(urlsplit(link.url).query)


def _looks_like_calendar(link: FeedLink) -> bool:
    return link.type == "text/calendar" or _CALENDAR_ADDRESS.search(link.url) is not None


def _promise(link: FeedLink) -> tuple[bool, bool, bool, bool]:
    """Order links: whole sites before categories and single events, declared before others."""
    is_narrow = _NARROW.search(link.url) is not None
    is_single = _looks_like_calendar(link) and _ONE_EVENT.search(urlsplit(link.url).path)
    return is_narrow, bool(is_single), not link.is_declared, not _looks_like_calendar(link)


def _worth(candidate: Candidate) -> tuple[bool, bool, bool, bool, int]:
    """Order candidates: what has entries, calendars, whole sites, dates, and more of them first."""
    entries = candidate.feed.entries
    dated = sum(1 for e in entries if e.published_at or e.updated_at or e.event)
    return (
        candidate.is_empty,
        not candidate.is_calendar,
        _NARROW.search(candidate.url) is not None,
        dated * 2 < len(entries),
        -len(entries),
    )


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    if canonical_link(one.url) == canonical_link(other.url):
        return True
    by_link = _shared(_links(one.feed), _links(other.feed))
    by_title = _shared(_titles(one.feed), _titles(other.feed))
    return max(by_link, by_title) >= _ALIKE


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer else 0.0


def _links(feed: ParsedFeed) -> frozenset[str]:
    return frozenset(canonical_link(entry.link) for entry in feed.entries if entry.link)


def _titles(feed: ParsedFeed) -> frozenset[str]:
    return frozenset(normal_title(entry.title) for entry in feed.entries if entry.title)
