"""Reads the test suite of feedparser: a document a file, its expectation in a comment above."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.corpora.cases import Case, Check, knows

SERVED_AT = "http://127.0.0.1:8097/tests"
"""Where the suite's own server puts its files; expected links count from there."""
_EXPECTATION = re.compile(rb"^\s*Expect:\s*(.+?)\s*$", re.MULTILINE)
_HEADER = re.compile(rb"^Header:\s+Content-type:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_UTF = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}

_FEED = {"title": "title", "language": "language", "link": "link"}
_ENTRY = {
    "title": "entry.title",
    "description": "entry.text",
    "summary": "entry.text",
    "content": "entry.text",
    "link": "entry.link",
    "id": "entry.id",
    "guid": "entry.id",
    "author": "entry.author",
    "published_parsed": "entry.published",
    "created_parsed": "entry.published",
    "updated_parsed": "entry.updated",
    "modified_parsed": "entry.updated",
    "license": "entry.licence",
    "rights": "entry.licence",
    "tags": "entry.category",
    "category": "entry.category",
    "enclosures": "entry.enclosure",
}
_PARTS = {
    ("title_detail", "value"): "title",
    ("summary_detail", "value"): "summary",
    ("content", "value"): "content",
    ("content", "language"): "language",
    ("title_detail", "language"): "language",
    ("tags", "term"): "tags",
    ("enclosures", "href"): "enclosures",
    ("enclosures", "url"): "enclosures",
}


def cases(folder: Path) -> Iterator[Case]:
    """Yield the cases below the ``tests`` folder of feedparser's source distribution."""
    for path in sorted(folder.rglob("*.xml")):
        body = path.read_bytes()
        expectation = _expectation(body)
        if expectation is None:
            continue
        name = path.relative_to(folder).as_posix()
        header = _HEADER.search(body)
        read = tuple(_read(expectation))
        yield Case(
            name=name,
            body=body,
            url=f"{SERVED_AT}/{name}",
            content_type=header.group(1).decode("latin-1") if header else "application/xml",
            checks=tuple(check for check in read if isinstance(check, Check)),
            beyond=tuple(field for field in read if isinstance(field, str)),
        )


def _expectation(body: bytes) -> str | None:
    """Return the expectation; documents in wide encodings write it in theirs."""
    for encoding in dict.fromkeys((_UTF.get(body[:2]), "utf-8", "utf-32", "cp037")):
        if encoding is None:
            continue
        try:
            text = body.decode(encoding)
        except UnicodeError:
            continue
        found = _EXPECTATION.search(text.encode())
        if found:
            return found.group(1).decode()
    found = _EXPECTATION.search(body)
    return found.group(1).decode("latin-1") if found else None


def _read(expectation: str) -> Iterator[Check | str]:
    try:
        tree = ast.parse(expectation, mode="eval").body
    except SyntaxError:
        yield expectation
        return
    for part in tree.values if isinstance(tree, ast.BoolOp) else [tree]:
        yield from _check(part)


def _check(part: ast.expr) -> Iterator[Check | str]:
    match part:
        case ast.Name(id="bozo"):
            yield Check(field="faulty", want=True)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id="bozo")) | ast.Constant():
            pass
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            path = _path(left)
            field = _field(path)
            want = _value(right)
            if field and knows(field) and want is not None:
                yield Check(field=field, want=_moment(want) if isinstance(want, tuple) else want)
            else:
                yield ".".join(path) or ast.unparse(part)
        case _:
            yield ast.unparse(part)


def _path(expression: ast.expr) -> tuple[str, ...]:
    """Return ``entries[0]['title']`` as entries, title; indices are left out."""
    match expression:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name):
            return (*_path(value), name)
        case ast.Subscript(value=value, slice=ast.Constant(value=str() as name)):
            return (*_path(value), name)
        case ast.Subscript(value=value):
            return _path(value)
    return ()


def _field(path: tuple[str, ...]) -> str:
    match path:
        case ("version",):
            return "format"
        case ("feed", name):
            return _FEED.get(name, "")
        case ("feed", detail, part) if _PARTS.get((detail, part)) == "title":
            return "title"
        case ("entries", name) if name not in {"tags", "enclosures", "content"}:
            return _ENTRY.get(name, "")
        case ("entries", detail, part):
            named = _PARTS.get((detail, part), "")
            return "entry.language" if named == "language" else _ENTRY.get(named, "")
    return ""


def _value(expression: ast.expr) -> object:
    """Return a constant, also one that is put together of strings."""
    match expression:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _value(left), _value(right)
            if isinstance(first, str) and isinstance(second, str):
                return first + second
            return None
    try:
        value: object = ast.literal_eval(expression)
    except ValueError:
        return None
    return value


def _moment(parts: tuple[int, ...]) -> datetime | None:
    try:
        year, month, day, hour, minute, second = parts[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (TypeError, ValueError):
        return None
