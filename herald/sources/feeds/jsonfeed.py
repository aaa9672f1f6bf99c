"""Reads JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from herald.model.feed import Enclosure, EntryImage, FeedProblem, ParsedEntry, ParsedFeed
from herald.sources.feeds.dates import read_date
from herald.sources.feeds.limits import MOST_ENTRIES
from herald.sources.feeds.plain import MOST_HTML, absolute, fold, language_tag, plain_text, short


def read_json(document: str, url: str) -> ParsedFeed:
    """Read a JSON Feed; whatever is wrong with it is a problem of the result."""
    try:
        found = json.loads(document)
    except (ValueError, RecursionError) as error:
        where = f" near line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        return _broken(f"the JSON is not well-formed{where}")
    version = _text(found, "version") if isinstance(found, dict) else ""
    if "jsonfeed.org/version/" not in version:
        return _broken("this is JSON, but no JSON Feed: `version` does not name jsonfeed.org")
    items = found.get("items")
    if not isinstance(items, list):
        return _broken("the JSON Feed has no list of `items`")
    return ParsedFeed(
        format="json10" if version.rstrip("/").endswith("/1") else "json11",
        title=short(_text(found, "title")),
        language=language_tag(_text(found, "language")),
        link=absolute(_text(found, "home_page_url"), url),
        entries=tuple(
            _entry(item, found, url) for item in items[: MOST_ENTRIES + 1] if isinstance(item, dict)
        ),
    )


def _entry(item: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> ParsedEntry:
    markup = plain_text(_text(item, "content_html"), base=url)
    texts = [
        markup.text,
        fold(_text(item, "content_text")[:MOST_HTML]),
        fold(_text(item, "summary")[:MOST_HTML]),
    ]
    return ParsedEntry(
        guid=short(_id(item)),
        title=short(_text(item, "title")),
        summary=max(texts, key=len),
        link=absolute(_text(item, "url"), url) or absolute(_text(item, "external_url"), url),
        published_at=_date(item, "date_published"),
        updated_at=_date(item, "date_modified"),
        language=language_tag(_text(item, "language")),
        author=_author(item) or _author(feed),
        categories=tuple(
            dict.fromkeys(short(tag) for tag in _list(item, "tags") if isinstance(tag, str))
        )[:50],
        image=_image(item, markup.images, url),
        enclosures=_enclosures(item, url),
    )


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
    authors = [*_list(holder, "authors"), holder.get("author")]
    names = (short(_text(author, "name")) for author in authors if isinstance(author, dict))
    return ", ".join(filter(None, names))


def _id(item: Mapping[str, Any]) -> str:
    """Return the id; a number is no string, and common all the same."""
    found = item.get("id")
    return str(found) if isinstance(found, str | int | float) else ""


def _date(item: Mapping[str, Any], name: str) -> datetime | None:
    read = read_date(_text(item, name))
    return read.moment if read else None


def _text(holder: Mapping[str, Any], name: str) -> str:
    found = holder.get(name)
    return found if isinstance(found, str) else ""


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return found if isinstance(found, list) else []


def _broken(message: str) -> ParsedFeed:
    return ParsedFeed(format="", problems=(FeedProblem(severity="error", message=message),))
