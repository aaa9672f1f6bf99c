"""Says what a partner's web master could improve, in words that do not need Herald to be known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from herald.model.feed import FeedProblem, ParsedFeed


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
    if feed.language is None and any(entry.language is None for entry in entries):
        yield "the feed does not say which language it is in (add <language> or xml:lang)"
    nameless = sum(not entry.guid for entry in entries)
    if nameless:
        yield (
            f"{nameless} of {len(entries)} entries have no id that stays the same"
            " (guid, id or UID); a corrected title may look like a new entry"
        )
    repeated = sum(count - 1 for guid, count in _guids(feed).items() if guid and count > 1)
    if repeated:
        yield f"{repeated} entries have the id of another entry"
    yield from _missing(feed)


def _missing(feed: ParsedFeed) -> Iterator[str]:
    entries = feed.entries
    undated = sum(
        entry.published_at is None and entry.updated_at is None and entry.event is None
        for entry in entries
    )
    if undated:
        yield f"{undated} of {len(entries)} entries have no date"
    unlinked = sum(not entry.link for entry in entries)
    if unlinked:
        yield f"{unlinked} of {len(entries)} entries have no link to a page"
    untitled = sum(not entry.title for entry in entries)
    if untitled:
        yield f"{untitled} of {len(entries)} entries have no title"


def _guids(feed: ParsedFeed) -> Counter[str]:
    return Counter(entry.guid for entry in feed.entries)
