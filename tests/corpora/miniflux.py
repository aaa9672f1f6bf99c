"""Reads Miniflux' parser tests: documents and expected values stand in Go source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.corpora.cases import Case, Check

_TEST = re.compile(r"^func (Test\w+)\(t \*testing\.T\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_DOCUMENT = re.compile(r"(?:data|xml|rss|feed) :?= `(.*?)`", re.DOTALL)
_ADDRESS = re.compile(r'Parse\("([^"]*)"')
_WANTED = re.compile(
    r"if feed\.(?:Entries\[(?P<entry>\d+)\]\.)?(?P<field>[A-Za-z]+)(?P<part>\[\d+\])? != "
    r'(?P<value>"(?:[^"\\]|\\.)*"|`[^`]*`)'
)
_FEED = {"Title": "title", "SiteURL": "link", "Language": "language"}
_ENTRY = {
    "Title": "entry.title",
    "URL": "entry.link",
    "Author": "entry.author",
    "Content": "entry.text",
    "Tags": "entry.category",
}


def cases(folder: Path) -> Iterator[Case]:
    """Yield the cases of ``internal/reader``; a test that asserts nothing readable has no check."""
    for path in sorted(folder.rglob("*_test.go")):
        source = path.read_text(encoding="utf-8")
        for name, body in _TEST.findall(source):
            document = _DOCUMENT.search(body)
            if document is None:
                continue
            address = _ADDRESS.search(body)
            yield Case(
                name=f"{path.parent.name}/{path.name}:{name}",
                body=document.group(1).strip().encode(),
                url=address.group(1) if address else "",
                checks=tuple(_checks(body)),
            )


def _checks(body: str) -> Iterator[Check]:
    for found in _WANTED.finditer(body):
        known = _FEED if found["entry"] is None else _ENTRY
        field, value = known.get(found["field"]), _text(found["value"])
        if field and value:
            yield Check(field=field, want=value)


def _text(literal: str) -> str:
    if literal.startswith("`"):
        return literal[1:-1]
    try:
        return str(ast.literal_eval(literal))
    except (SyntaxError, ValueError):
        return ""
