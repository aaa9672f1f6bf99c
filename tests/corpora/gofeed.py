"""Reads the translator cases of gofeed: a document beside the JSON that it should become."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.corpora.cases import Case, Check

_FEED = {"title": "title", "language": "language", "link": "link"}
_ITEM = {"title": "entry.title", "link": "entry.link", "guid": "entry.id"}


def cases(folder: Path) -> Iterator[Case]:
    """Yield the cases below gofeed's ``testdata/translator``."""
    for path in sorted(folder.rglob("*")):
        expected = path.with_suffix(".json")
        is_pair = path.suffix == ".xml" and expected.is_file()
        if not is_pair:
            continue
        wanted = json.loads(expected.read_text(encoding="utf-8"))
        yield Case(
            name=path.relative_to(folder).as_posix(),
            body=path.read_bytes(),
            checks=tuple(_checks(wanted)),
        )


def _checks(wanted: Mapping[str, Any]) -> Iterator[Check]:
    for name, field in _FEED.items():
        if wanted.get(name):
            yield Check(field=field, want=wanted[name])
    for item in wanted.get("items", ()):
        yield from _of_item(item)


def _of_item(item: Mapping[str, Any]) -> Iterator[Check]:
    for name, field in _ITEM.items():
        if item.get(name):
            yield Check(field=field, want=item[name])
    longest = max(item.get("content", ""), item.get("description", ""), key=len)
    if longest:
        yield Check(field="entry.text", want=longest)
    for name, field in (("publishedParsed", "published"), ("updatedParsed", "updated")):
        if item.get(name):
            yield Check(field=f"entry.{field}", want=datetime.fromisoformat(item[name]))
    if (item.get("author") or {}).get("name"):
        yield Check(field="entry.author", want=item["author"]["name"])
    for category in item.get("categories", ()):
        yield Check(field="entry.category", want=category)
    for enclosure in item.get("enclosures", ()):
        if enclosure.get("url"):
            yield Check(field="entry.enclosure", want=enclosure["url"])
    if (item.get("image") or {}).get("url"):
        yield Check(field="entry.image", want=item["image"]["url"])
