"""Compares the two ways on which Herald reads XML: off the tree, and with feedparser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from herald.model.feed import ParsedFeed
from herald.sources.feeds.markup.plainfeed import read_plainly
from herald.sources.feeds.markup.tree import Element
from herald.sources.feeds.markup.xmlfeed import read_xml
from herald.sources.feeds.words.charset import decode
from herald.sources.feeds.words.reading import Reading
from tests.corpora.cases import Case


@dataclass(slots=True)
class Comparison:
    """How the two ways agree on some documents."""

    documents: int = 0
    taken: int = 0
    """Documents that were read off the tree."""
    differing: list[str] = field(default_factory=list)


def compare(cases: Iterable[Case]) -> Comparison:
    """Read every XML document on both ways and say where they differ."""
    found = Comparison()
    for case in cases:
        text, _ = decode(case.body, case.content_type)
        if not text.lstrip("\ufeff \t\r\n\0").startswith("<"):
            continue
        found.documents += 1
        is_taken, differences = both_ways(text, case.url)
        found.taken += is_taken
        found.differing.extend(f"{case.name}: {each}" for each in differences)
    return found


def both_ways(document: str, url: str) -> tuple[bool, tuple[str, ...]]:
    """Tell whether *document* is read off the tree, and what feedparser reads otherwise."""
    watched = _Watched()
    reading = Reading(url=url)
    feed, head = read_xml(document, reading, shortcut=watched)
    if not watched.has_taken:
        return False, ()
    other, other_head = read_xml(document, reading, shortcut=_to_feedparser)
    differences = tuple(_differences(feed, other))
    return True, differences if head == other_head else (*differences, "the head")


class _Watched:
    """The shortcut, and whether it was taken."""

    def __init__(self) -> None:
        self.has_taken = False

    def __call__(self, root: Element, document: str, url: str) -> Mapping[str, Any] | None:
        found = read_plainly(root, document, url)
        self.has_taken = found is not None
        return found


def _to_feedparser(_root: Element, _document: str, _url: str) -> None:
    """Leave every document to feedparser."""


def _differences(feed: ParsedFeed, other: ParsedFeed) -> Iterable[str]:
    for each in fields(feed):
        ours, theirs = getattr(feed, each.name), getattr(other, each.name)
        if each.name != "entries" and ours != theirs:
            yield f"{each.name}: {ours!r}, feedparser {theirs!r}"
    if len(feed.entries) != len(other.entries):
        yield f"{len(feed.entries)} entries, feedparser {len(other.entries)}"
    for entry, counterpart in zip(feed.entries, other.entries, strict=False):
        for each in fields(entry):
            ours, theirs = getattr(entry, each.name), getattr(counterpart, each.name)
            if ours != theirs:
                yield f"entry.{each.name}: {ours!r}, feedparser {theirs!r}"
