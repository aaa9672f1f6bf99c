"""Says what the entries of a feed lack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from herald.model.advice import Advice, Weight
from herald.model.feed import ParsedEntry, ParsedFeed

_CUT_OFF = re.compile(r"(?:\[\s*(?:…|\.\.\.|&hellip;)\s*\]|…|\.\.\.)\W*$")
_UNIX_TIME = re.compile(r"(?<!\d)(1\d{9}|[2-3]\d{9})(?!\d)")
_JUST_NOW = timedelta(hours=1)
_SHOUTED = 8
"""Letters; shorter titles may be abbreviations."""


def missing_facts(feed: ParsedFeed) -> Iterator[Advice]:
    """Return what readers would miss: descriptions of pictures, ids, dates, links, titles."""
    entries = feed.entries
    pictures = [entry.image for entry in entries if entry.image]
    without_words = sum(not picture.alt for picture in pictures)
    if without_words:
        yield Advice(
            weight=Weight.SHOULD,
            message=f"{without_words} of {len(pictures)} pictures have no description for people"
            " who cannot see them (fill in the alternative text)",
            how="On WordPress: Media, the picture, Alternative Text. Say in one sentence what it"
            " shows; do not repeat the title.",
        )
    yield from _unclear_ids(feed)
    yield from _unfilled(
        feed,
        lambda entry: entry.published_at or entry.updated_at or entry.event,
        "no date",
        "Ask whoever made the site to write when each entry was published.",
    )
    yield from _unfilled(
        feed,
        lambda entry: entry.link,
        "no link to a page",
        "Give each entry a page of its own, and each event the address where readers learn more.",
    )
    yield from _unfilled(
        feed, lambda entry: entry.title, "no title", "Write a title for each entry."
    )


def odd_ids(feed: ParsedFeed, now: datetime) -> Iterator[Advice]:
    """Return whether ids are made anew at each visit: then all news looks new each time."""
    fresh = sum(_is_made_now(entry, now) for entry in feed.entries)
    if fresh > 1 and fresh * 2 > len(feed.entries):
        yield Advice(
            weight=Weight.MUST,
            message="the ids of the entries seem to be made anew at each visit, so that old news"
            " looks new each time",
            how="Let each entry keep one id (guid) for ever: its address will do.",
        )


def nicer_entries(feed: ParsedFeed) -> Iterator[Advice]:
    """Return what would make entries nicer to pass on."""
    entries = feed.entries
    if not any(entry.image for entry in entries) and not all(entry.event for entry in entries):
        yield Advice(
            weight=Weight.COULD,
            message="no entry has a picture; posts with one are read more",
            how="On WordPress: give each post a featured image; some themes need a plug-in to put"
            " it into the feed.",
        )
    cut = sum(bool(_CUT_OFF.search(entry.summary)) for entry in entries)
    if cut * 2 > len(entries):
        yield Advice(
            weight=Weight.COULD,
            message="the texts are only beginnings that break off",
            how="On WordPress: Settings, Reading, for each post in a feed include: full text.",
        )
    loud = sum(_is_shouted(entry.title) for entry in entries)
    if loud:
        yield Advice(
            weight=Weight.COULD,
            message=f"{_of(loud, len(entries))} a title in CAPITALS; some screen readers spell"
            " these letter by letter",
            how="Write titles like sentences; let the design of the site make them large.",
        )
    yield from _odd_links(feed)
    unsized = sum(one.length is None for entry in entries for one in entry.enclosures)
    if unsized:
        yield Advice(
            weight=Weight.COULD,
            message=f"{unsized} attached {'file does' if unsized == 1 else 'files do'} not say how"
            " large they are",
            how='Write the size in bytes: <enclosure length="…">. Podcast plug-ins do this.',
        )
    yield from _vague_events(feed)


def _unclear_ids(feed: ParsedFeed) -> Iterator[Advice]:
    nameless = sum(not entry.guid for entry in feed.entries)
    if nameless:
        yield Advice(
            weight=Weight.MUST,
            message=f"{_of(nameless, len(feed.entries))} no id that stays the same"
            " (guid, id or UID); a corrected title may look like a new entry",
            how="Let the system write one for each entry and never change it: its address will do.",
        )
    guids = Counter(entry.guid for entry in feed.entries)
    repeated = sum(count - 1 for guid, count in guids.items() if guid and count > 1)
    if repeated:
        have = "entry has" if repeated == 1 else "entries have"
        yield Advice(
            weight=Weight.MUST,
            message=f"{repeated} {have} the id of another entry",
            how="Give every entry an id (guid) of its own; do not copy old entries with theirs.",
        )


def _unfilled(
    feed: ParsedFeed, fact: Callable[[ParsedEntry], object], what: str, how: str
) -> Iterator[Advice]:
    empty = sum(not fact(entry) for entry in feed.entries)
    if empty:
        yield Advice(
            weight=Weight.SHOULD, message=f"{_of(empty, len(feed.entries))} {what}", how=how
        )


def _odd_links(feed: ParsedFeed) -> Iterator[Advice]:
    links = [urlsplit(entry.link) for entry in feed.entries if entry.link]
    site = urlsplit(feed.link)
    old = sum(link.scheme == "http" for link in links)
    if old and (site.scheme == "https" or old < len(links)):
        yield Advice(
            weight=Weight.COULD,
            message=f"{old} of {len(links)} links begin with http:// although the site has https",
            how="On WordPress: Settings, General: write both addresses with https://.",
        )
    home = _bare(site.hostname)
    away = sum(_bare(link.hostname) != home for link in links)
    if home and away * 2 > len(links):
        yield Advice(
            weight=Weight.COULD,
            message=f"{away} of {len(links)} links lead to another site than {home}",
            how="If you have moved, write the new address in the settings of the site.",
        )


def _vague_events(feed: ParsedFeed) -> Iterator[Advice]:
    """Tell what events lack; those that are called off need no more words."""
    told = [entry.event for entry in feed.entries if entry.event]
    events = [event for event in told if event.status != "cancelled"]
    endless = sum(event.finishes_at is None and not event.all_day for event in events)
    if endless:
        yield Advice(
            weight=Weight.COULD,
            message=f"{_do_not(endless, len(events))} say when they end",
            how="Fill in the end of each event.",
        )
    nowhere = sum(not event.place for event in events)
    if nowhere:
        yield Advice(
            weight=Weight.COULD,
            message=f"{_do_not(nowhere, len(events))} say where they are",
            how="Fill in the place of each event, with the town.",
        )


def _do_not(some: int, all_: int) -> str:
    return "the events do not" if some == all_ else f"{some} of {all_} events do not"


def _is_made_now(entry: ParsedEntry, now: datetime) -> bool:
    """Tell whether an id holds the present second, although its entry is older."""
    told = entry.published_at
    if told is None or told > now - _JUST_NOW:
        return False
    moments = (datetime.fromtimestamp(int(one), UTC) for one in _UNIX_TIME.findall(entry.guid))
    return any(abs(now - moment) < _JUST_NOW for moment in moments)


def _is_shouted(title: str) -> bool:
    return title.isupper() and sum(letter.isalpha() for letter in title) >= _SHOUTED


def _bare(host: str | None) -> str:
    return (host or "").removeprefix("www.")


def _of(some: int, all_: int) -> str:
    """Say how many entries have: "the only entry has", "1 of 3 entries has"."""
    if all_ == 1:
        return "the only entry has"
    return f"{some} of {all_} entries {'has' if some == 1 else 'have'}"
