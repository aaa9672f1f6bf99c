"""Says what a partner's web master could improve, in words that do not need Herald to be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from herald.model.feed import FeedProblem, ParsedFeed

_CALENDAR = "ical"
"""Calendars have no usual place for their language; the partner's own is taken."""


def advise(feed: ParsedFeed) -> tuple[FeedProblem, ...]:
    """Return what is missing from an understood feed."""
    return tuple(
        FeedProblem(severity="warning", message=message) for message in _shortcomings(feed)
    )


def _shortcomings(feed: ParsedFeed) -> Iterator[str]:
    entries = feed.entries
    if not entries:
        if feed.format:
            yield (
                "the feed has no entries (on WordPress, a category that does not exist looks"
                " like this)"
            )
        return
    pictures = [entry.image for entry in entries if entry.image]
    without_words = sum(not picture.alt for picture in pictures)
    if without_words:
        yield (
            f"{without_words} of {len(pictures)} pictures have no description for people who"
            " cannot see them (fill in the alternative text)"
        )
    is_untold = feed.language is None and any(entry.language is None for entry in entries)
    if is_untold and feed.format != _CALENDAR:
        place = '"language"' if feed.format.startswith("json") else "<language> or xml:lang"
        yield f"the feed does not say which language it is in (add {place})"
    nameless = sum(not entry.guid for entry in entries)
    if nameless:
        yield (
            f"{_of(nameless, len(entries))} no id that stays the same"
            " (guid, id or UID); a corrected title may look like a new entry"
        )
    repeated = sum(count - 1 for guid, count in _guids(feed).items() if guid and count > 1)
    if repeated:
        have = "entry has" if repeated == 1 else "entries have"
        yield f"{repeated} {have} the id of another entry"
    yield from _missing(feed)


def _missing(feed: ParsedFeed) -> Iterator[str]:
    entries = feed.entries
    undated = sum(
        entry.published_at is None and entry.updated_at is None and entry.event is None
        for entry in entries
    )
    if undated:
        yield f"{_of(undated, len(entries))} no date"
    unlinked = sum(not entry.link for entry in entries)
    if unlinked:
        yield f"{_of(unlinked, len(entries))} no link to a page"
    untitled = sum(not entry.title for entry in entries)
    if untitled:
        yield f"{_of(untitled, len(entries))} no title"


def _of(some: int, all_: int) -> str:
    """Say how many entries have: "the only entry has", "1 of 3 entries has"."""
    if all_ == 1:
        return "the only entry has"
    return f"{some} of {all_} entries {'has' if some == 1 else 'have'}"


def _guids(feed: ParsedFeed) -> Counter[str]:
    return Counter(entry.guid for entry in feed.entries)
