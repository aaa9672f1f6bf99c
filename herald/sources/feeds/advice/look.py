"""Looks at one feed without remembering it: for ``herald feeds check``."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from herald.model.advice import Looked, Visit
from herald.model.feed import FeedProblem, ParsedFeed
from herald.ports import Clock
from herald.sources.feeds.advice.advice import advise_at, improvements
from herald.sources.feeds.discovery.addresses_typed import Typed, read_address
from herald.sources.feeds.fetching.fetch import Fetched, Fetcher, FetchFailed, Limits, NotModified
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.workers import ParseFailed, Parser

_STANDARD_INPUT = "-"
_FILE_ENDINGS = frozenset(
    {".atom", ".htm", ".html", ".ical", ".ics", ".json", ".rdf", ".rss", ".xml"}
)
"""A bare name that ends so is a file that is missing: no domain of the web ends so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    document: Document
    visit: Visit | None = None


def addresses_of(source: str) -> tuple[str, ...]:
    """Return the addresses of the web that *source* may mean, the likeliest first; none for a file.

    A file that exists counts before an address typed without its scheme.
    """
    if urlsplit(source).scheme.lower() in {"http", "https"}:
        return (source,)
    if source == _STANDARD_INPUT or _exists(Path(source)):
        return ()
    if "/" not in source and Path(source).suffix.lower() in _FILE_ENDINGS:
        return ()
    typed = read_address(source)
    return typed.urls if isinstance(typed, Typed) else ()


async def look_at(
    source: str,
    *,
    clock: Clock,
    contact: str = "",
    allow_private: bool = False,
    pubdate: str = "auto",
    zone: str = "",
) -> Looked:
    """Return what Herald understands of a URL or a file; trouble is a problem of the result.

    *source* ``-`` is standard input; an address may lack its ``https://``.

    *pubdate* says what the feed's dates mean: ``published``, ``event_start`` or ``auto``;
    *zone*, an IANA name, is where times count that name none.
    """
    urls = addresses_of(source)
    found = (
        await _first_fetched(urls, clock=clock, contact=contact, allow_private=allow_private)
        if urls
        else _read(source, clock=clock)
    )
    visit = found.visit if isinstance(found, _Found) else None
    feed = (
        _failed(found)
        if isinstance(found, str)
        else await _parsed(replace(found.document, pubdate=pubdate, zone=zone))
    )
    now = clock.now()
    advice = improvements(feed, now=now, visit=visit)
    told = replace(feed, problems=(*feed.problems, *advise_at(feed, now)))
    return Looked(source=source, at=now, feed=told, visit=visit, advice=advice)


async def _parsed(document: Document) -> ParsedFeed:
    async with Parser(workers=1) as parser:
        parsed = await parser.parse(document)
        if isinstance(parsed, ParsedFeed) and not document.url and parsed.link:
            # A file has no address of its own: its links count from the site that it names.
            parsed = await parser.parse(replace(document, url=parsed.link))
    return _failed(parsed.why) if isinstance(parsed, ParseFailed) else parsed


async def _first_fetched(
    urls: tuple[str, ...], *, clock: Clock, contact: str, allow_private: bool
) -> _Found | str:
    """Return the first address that answers, or why the likeliest does not."""
    found = [await _fetched(urls[0], clock=clock, contact=contact, allow_private=allow_private)]
    for url in urls[1:]:
        if isinstance(found[-1], _Found):
            break
        found.append(await _fetched(url, clock=clock, contact=contact, allow_private=allow_private))
    return found[-1] if isinstance(found[-1], _Found) else found[0]


async def _fetched(url: str, *, clock: Clock, contact: str, allow_private: bool) -> _Found | str:
    async with Fetcher(contact=contact, clock=clock, allow_private=allow_private) as fetcher:
        asked_at = clock.now()
        result = await fetcher.fetch(url)
    match result:
        case Fetched():
            return _Found(
                document=Document(
                    body=result.body,
                    content_type=result.content_type,
                    url=result.final_url,
                    now=clock.now(),
                ),
                visit=Visit(
                    asked=url,
                    answered=result.final_url,
                    moved_to=result.moved_to,
                    took=clock.now() - asked_at,
                    size=len(result.body),
                    can_be_asked_for_changes=bool(
                        result.validators.etag or result.validators.last_modified
                    ),
                ),
            )
        case NotModified():
            return "the server says that nothing has changed, although it was not asked that"
        case FetchFailed():
            return result.why


def _read(source: str, *, clock: Clock) -> _Found | str:
    most = Limits().most_bytes
    try:
        if source == _STANDARD_INPUT:
            body = sys.stdin.buffer.read(most + 1)
        else:
            with Path(source).open("rb") as file:
                body = file.read(most + 1)
    except FileNotFoundError:
        return f"there is no file {source} here; a web address begins with https://"
    except IsADirectoryError:
        return f"{source} is a folder (name a file in it)"
    except PermissionError:
        return f"the file {source} may not be read by you"
    except (OSError, ValueError) as error:
        return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
    if len(body) > most:
        return f"the document is larger than {most // 1024 // 1024} MB"
    return _Found(document=Document(body=body, now=clock.now()))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is longer than any file's
        return False


def _failed(why: str) -> ParsedFeed:
    return ParsedFeed(format="", problems=(FeedProblem(severity="error", message=why),))
