"""Reads JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from herald.model.feed import Enclosure, EntryImage, FeedProblem, HubLink, ParsedEntry, ParsedFeed
from herald.sources.feeds.words.authors import joined
from herald.sources.feeds.words.limits import MOST_ENTRIES
from herald.sources.feeds.words.plain import (
    MOST_HTML,
    absolute,
    fold,
    language_tag,
    plain_text,
    short,
)
from herald.sources.feeds.words.reading import Reading, announced, read_said, told_of_dates


def read_json(document: str, reading: Reading) -> ParsedFeed:
    """Read a JSON Feed; whatever is wrong with it is a problem of the result."""
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as error:
        where = f" near line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        return _broken(f"the JSON is not well-formed{where}")
    version = _text(found, "version") if isinstance(found, dict) else ""
    if "jsonfeed.org/version/" not in version:
        said = _error_in(found)
        return _broken(
            f"the server answered with an error instead of a feed: {said!r}"
            if said
            else "this is JSON, but no JSON Feed: `version` does not name jsonfeed.org"
        )
    items = found.get("items")
    if not isinstance(items, list):
        return _broken("the JSON Feed has no list of `items`")
    read = [
        _entry(item, found, reading) for item in items[: MOST_ENTRIES + 1] if isinstance(item, dict)
    ]
    return ParsedFeed(
        format="json10" if version.rstrip("/").endswith("/1") else "json11",
        title=short(_text(found, "title")),
        language=language_tag(_text(found, "language")),
        link=absolute(_text(found, "home_page_url"), reading.url),
        entries=tuple(entry for entry, _ in read),
        hub=_hub(found, reading.url),
        problems=tuple(told_of_dates((fault for _, told in read for fault in told), reading)),
    )


def _entry(
    item: Mapping[str, Any], feed: Mapping[str, Any], reading: Reading
) -> tuple[ParsedEntry, list[str]]:
    """Return an entry, and what is wrong with its dates."""
    url = reading.url
    markup = plain_text(_text(item, "content_html"), base=url)
    texts = [
        markup.text,
        fold(_text(item, "content_text")[:MOST_HTML]),
        fold(_text(item, "summary")[:MOST_HTML]),
    ]
    published, fault = read_said(_text(item, "date_published"), reading)
    updated, later_fault = read_said(_text(item, "date_modified"), reading)
    entry = ParsedEntry(
        guid=short(_id(item)),
        title=short(_text(item, "title")),
        summary=max(texts, key=len),
        link=absolute(_text(item, "url"), url) or absolute(_text(item, "external_url"), url),
        published_at=published.moment if published else None,
        updated_at=updated.moment if updated else None,
        language=language_tag(_text(item, "language")),
        author=_author(item) or _author(feed),
        categories=tuple(
            dict.fromkeys(
                tag
                for each in _list(item, "tags")
                if isinstance(each, str) and (tag := short(each))
            )
        )[:50],
        image=_image(item, markup.images, url),
        enclosures=_enclosures(item, url),
    )
    faults = [told for told in (fault or later_fault,) if told]
    return announced(entry, published or updated, reading), faults


def _hub(feed: Mapping[str, Any], url: str) -> HubLink | None:
    """Return the first hub of WebSub; a feed that names none of its own addresses has this one."""
    hubs = (
        absolute(_text(hub, "url"), url)
        for hub in _list(feed, "hubs")[:20]
        if isinstance(hub, dict) and _text(hub, "type").lower() in {"websub", "pubsubhubbub", ""}
    )
    hub = next(filter(None, hubs), "")
    topic = absolute(_text(feed, "feed_url"), url) or absolute(url, "")
    return HubLink(hub=hub, topic=topic) if hub and topic else None


def _error_in(found: object) -> str:
    """Return what a server says of its own failure, where a feed should be."""
    if not isinstance(found, dict) or "items" in found:
        return ""
    error = found.get("error") or found.get("errors")
    said = error if isinstance(error, str) else _text(found, "message")
    return short(said)[:80]


def _image(item: Mapping[str, Any], inline: tuple[EntryImage, ...], url: str) -> EntryImage | None:
    named = absolute(_text(item, "image"), url) or absolute(_text(item, "banner_image"), url)
    alts = {image.url: image.alt for image in inline}
    if named:
        return EntryImage(url=named, alt=alts.get(named, ""))
    return next(iter(inline), None)


def _enclosures(item: Mapping[str, Any], url: str) -> tuple[Enclosure, ...]:
    found = []
    for attachment in _list(item, "attachments")[:20]:
        if isinstance(attachment, dict) and (link := absolute(_text(attachment, "url"), url)):
            size = attachment.get("size_in_bytes")
            found.append(
                Enclosure(
                    url=link,
                    type=short(_text(attachment, "mime_type")),
                    length=size if type(size) is int and size >= 0 else None,
                )
            )
    return tuple(found)


def _author(holder: Mapping[str, Any]) -> str:
    authors = [*_list(holder, "authors"), holder.get("authors"), holder.get("author")]
    return joined(_text(author, "name") for author in authors[:20] if isinstance(author, dict))


def _id(item: Mapping[str, Any]) -> str:
    """Return the id; a number is no string, and common all the same."""
    found = item.get("id")
    return str(found) if isinstance(found, str | int | float) else ""


def _text(holder: Mapping[str, Any], name: str) -> str:
    found = holder.get(name)
    return found if isinstance(found, str) else ""


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return found if isinstance(found, list) else []


def _broken(message: str) -> ParsedFeed:
    return ParsedFeed(format="", problems=(FeedProblem(severity="error", message=message),))
