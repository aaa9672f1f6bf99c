"""A case of a corpus: a document, and what its authors expect of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from herald.model.feed import ParsedEntry, ParsedFeed
from herald.sources.feeds.parsing.parse import Document, parse
from herald.sources.feeds.words.plain import absolute, fold, language_tag, plain_text

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One value that a corpus expects."""

    field: str
    """``title``, or ``entry.title`` for that of an entry."""
    want: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One document of a corpus."""

    name: str
    body: bytes
    url: str = ""
    content_type: str = ""
    checks: tuple[Check, ...] = ()
    beyond: tuple[str, ...] = ()
    """Fields with an expected value that are no part of Herald's entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A value that is not as the corpus expects it."""

    case: str
    field: str
    want: object
    found: tuple[object, ...]

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.case}: {self.field}: wants {self.want!r}, found {list(self.found)!r}"


def findings(case: Case) -> tuple[Finding, ...]:
    """Parse a case's document and return every value that differs; a crash is an exception."""
    feed = parse(Document(body=case.body, content_type=case.content_type, url=case.url, now=NOW))
    found = ((check, _values(feed, check.field)) for check in case.checks)
    return tuple(
        Finding(case=case.name, field=check.field, want=check.want, found=values)
        for check, values in found
        if not any(_agrees(check, value) for value in values)
    )


def knows(field: str) -> bool:
    """Tell whether *field* is part of what Herald reads."""
    return field in _OF_FEED or field in _OF_ENTRY


def _values(feed: ParsedFeed, field: str) -> tuple[object, ...]:
    """Return the value of the feed, or of each entry: they stand in another order than written."""
    if field in _OF_FEED:
        return (_OF_FEED[field](feed),)
    return tuple(value for entry in feed.entries for value in _OF_ENTRY[field](entry)) or ("",)


def _agrees(check: Check, value: object) -> bool:
    want = check.want
    if isinstance(want, str) and isinstance(value, str):
        return _plain(value) in _spellings(check.field, want)
    return want == value


def _spellings(field: str, want: str) -> set[str]:
    """Return how Herald may write what a corpus gives as markup, as text, or as a tag."""
    as_html, as_text = plain_text(want).text, fold(want)
    spelled = {as_html, as_text}
    if field.endswith(("language",)):
        spelled.add(language_tag(want) or "")
    if field.endswith(("link", "image", "enclosure")):
        spelled |= {absolute(want, ""), want.strip()}
    return {_plain(each) for each in spelled}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _enclosures(entry: ParsedEntry) -> Iterable[object]:
    return (each.url for each in entry.enclosures)


_OF_FEED: Mapping[str, Callable[[ParsedFeed], object]] = {
    "title": lambda feed: feed.title,
    "language": lambda feed: feed.language or "",
    "link": lambda feed: feed.link,
    "format": lambda feed: feed.format,
    "entries": lambda feed: len(feed.entries),
    "faulty": lambda feed: bool(feed.problems),
}
_OF_ENTRY: Mapping[str, Callable[[ParsedEntry], Iterable[object]]] = {
    "entry.id": lambda entry: (entry.guid,),
    "entry.title": lambda entry: (entry.title,),
    "entry.text": lambda entry: (entry.summary,),
    "entry.link": lambda entry: (entry.link,),
    "entry.author": lambda entry: (entry.author,),
    "entry.language": lambda entry: (entry.language or "",),
    "entry.category": lambda entry: entry.categories or ("",),
    "entry.published": lambda entry: (entry.published_at,),
    "entry.updated": lambda entry: (entry.updated_at,),
    "entry.licence": lambda entry: (entry.licence,),
    "entry.image": lambda entry: (entry.image.url if entry.image else "",),
    "entry.alt": lambda entry: (entry.image.alt if entry.image else "",),
    "entry.enclosure": _enclosures,
}
