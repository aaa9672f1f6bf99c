"""Looks at one feed without remembering it: for ``herald feeds check``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from herald.model.advice import Looked, Visit
from herald.model.feed import FeedProblem, ParsedFeed
from herald.ports import Clock
from herald.sources.feeds.advice.advice import advise_at, improvements
from herald.sources.feeds.fetching.fetch import Fetched, Fetcher, FetchFailed, Limits, NotModified
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.workers import ParseFailed, Parser


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    document: Document
    visit: Visit | None = None


def is_web_address(source: str) -> bool:
    """Tell whether *source* is to be fetched, and is no file."""
    return urlsplit(source).scheme.lower() in {"http", "https"}


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

    *pubdate* says what the feed's dates mean: ``published``, ``event_start`` or ``auto``;
    *zone*, an IANA name, is where times count that name none.
    """
    found = (
        await _fetched(source, clock=clock, contact=contact, allow_private=allow_private)
        if is_web_address(source)
        else _read(Path(source), clock=clock)
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


def _read(path: Path, *, clock: Clock) -> _Found | str:
    most = Limits().most_bytes
    try:
        with path.open("rb") as file:
            body = file.read(most + 1)
    except FileNotFoundError:
        return f"there is no file {path} here; a web address begins with https://"
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
    if len(body) > most:
        return f"the document is larger than {most // 1024 // 1024} MB"
    return _Found(document=Document(body=body, now=clock.now()))


def _failed(why: str) -> ParsedFeed:
    return ParsedFeed(format="", problems=(FeedProblem(severity="error", message=why),))
