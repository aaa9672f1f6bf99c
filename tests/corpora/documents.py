"""Documents without expected values: nothing in them may break the parser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.corpora.cases import Case

_DOCUMENTS = frozenset({".xml", ".rss", ".atom", ".rdf", ".json", ".ics", ".feed", ""})


def cases(folder: Path) -> Iterator[Case]:
    """Yield every document below *folder*."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in _DOCUMENTS:
            name = path.relative_to(folder).as_posix()
            yield Case(name=name, body=path.read_bytes(), url="https://example.org/feed")
