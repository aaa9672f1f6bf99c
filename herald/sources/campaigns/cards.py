"""Cards from a spreadsheet: one row an item, one column a field (``title.it``)."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from herald.model.campaign import Item, Kind
from herald.model.problem import Place, Problem
from herald.sources.campaigns.item_shapes import ItemShape
from herald.sources.campaigns.items import item_of
from herald.sources.campaigns.rules import REQUIRED
from herald.sources.campaigns.scope import Scope
from herald.sources.encoding import decode
from herald.sources.files import is_file, read_bytes
from herald.sources.problems import Problems, did_you_mean, has_errors
from herald.sources.shape import check_shape
from herald.sources.yaml import KEY_STEP, Loc, Step

COLUMNS = frozenset(
    [
        "id",
        "kind",
        "partner",
        "title",
        "text",
        "subtitle",
        "link",
        "image",
        "hashtags",
        "begins",
        "finishes",
        "timezone",
        "place",
        "licence",
        "capacity",
        "evidence_of_success",
        "transferability",
        "channels",
        "languages",
        "statement",
    ]
)
"""The columns that a table may have."""
IN_LANGUAGES = frozenset(
    ["title", "text", "subtitle", "link", "hashtags", "evidence_of_success", "transferability"]
)
"""Those that may carry a language after a dot."""
PARTS = {
    "image": {"file", "url", "alt", "credit", "licence", "decorative"},
    "place": {"name", "country", "address"},
}
"""Those that may carry the name of a part after a dot."""
_MOST_CELL = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, and where its cells stand; the column counts cells, not characters."""

    file: str
    line: int
    header: Sequence[str]
    data: dict[str, Any]

    def place(self, loc: Sequence[Step] = ()) -> Place:
        """Return the cell of *loc*, else the row."""
        words = [str(step) for step in loc if step != KEY_STEP]
        while words:
            name = ".".join(words)
            if name in self.header:
                path = f"column {name}"
                return Place(
                    file=self.file, line=self.line, column=self.header.index(name) + 1, path=path
                )
            words.pop()
        return Place(file=self.file, line=self.line)

    def key(self, loc: Sequence[Step]) -> Place:
        """Return the same: a table has no keys in its rows."""
        return self.place(loc)


def cards_of(
    name: str, kinds: Sequence[Kind], loc: Loc, scope: Scope, *, taken: Collection[str]
) -> tuple[Item, ...]:
    """Return the items of a table that lies beside the campaign file, else in the root."""
    path = scope.pictures.find(name, scope.folder)
    if path is None or not is_file(path):
        message = f'there is no table "{name}" beside this file'
        scope.error(loc, "missing-file", message, "check the name, capital letters included")
        if path is not None:
            scope.depend_on(path)
        return ()
    scope.depend_on(path)
    file = path.relative_to(scope.pictures.root).as_posix()
    rows = _rows(path, file, kinds, scope.problems)
    cards, seen = [], dict.fromkeys(taken, 0)
    for row in rows:
        card = _card(row, scope)
        if card is None:
            continue
        if card.id in seen:
            place = row.place(("id",))
            scope.problems.error(
                place, "repeated-id", f'"{card.id}" is already an id', "change one"
            )
        seen[card.id] = row.line
        cards.append(card)
    return tuple(cards)


def _rows(path: Path, file: str, kinds: Sequence[Kind], problems: Problems) -> Iterator[Row]:
    content = read_bytes(path, file=file)
    text = content if isinstance(content, Problem) else decode(content, file=file)
    if isinstance(text, Problem):
        problems.found.append(text)
        return
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_MOST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not _is_header_sound(header, file, problems):
            return
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(cells, header, (file, line), kinds, problems)
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "save it from the spreadsheet as CSV, UTF-8"
        place = Place(file=file, line=max(reader.line_num, 1))
        problems.error(place, "no-table", f"this is no table: {error}", hint)


def _is_header_sound(header: Sequence[str], file: str, problems: Problems) -> bool:
    if not any(header):
        problems.error(
            Place(file=file), "no-table", "the table is empty", "begin with: id,title.en"
        )
        return False
    for at, name in enumerate(header):
        place = Place(file=file, column=at + 1, path=f"column {name}")
        first, _, rest = name.partition(".")
        if not name:
            continue
        if first not in COLUMNS:
            problems.error(
                place, "unknown-key", f'unknown column "{name}"', did_you_mean(first, COLUMNS)
            )
        elif (
            rest
            and first not in IN_LANGUAGES
            and rest.partition(".")[0] not in PARTS.get(first, ())
        ):
            problems.error(
                place,
                "unknown-key",
                f'unknown column "{name}"',
                did_you_mean(rest, PARTS.get(first, ())),
            )
        elif name in header[:at]:
            problems.error(place, "repeated-key", f'the column "{name}" stands twice', "delete one")
    if "id" not in header:
        hint = "add a column id with a short name for each row"
        problems.error(Place(file=file), "missing-key", 'the column "id" is missing', hint)
    return not has_errors(problems.found)


def _row(
    cells: Sequence[str],
    header: Sequence[str],
    spot: tuple[str, int],
    kinds: Sequence[Kind],
    problems: Problems,
) -> Row:
    file, line = spot
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        message = f"this row has {len(cells)} cells, the first row {len(header)}"
        problems.error(
            Place(file=file, line=line), "no-table", message, "put texts with commas in quotes"
        )
    data: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=False):
        if name and cell.strip():
            _put(data, name.split("."), cell.strip())
    data.setdefault("kind", str(kinds[0] if kinds else Kind.NEWS))
    return Row(file, line, tuple(header), data)


def _put(data: dict[str, Any], steps: Sequence[str], cell: str) -> None:
    """Put one cell in its place; a bare ``title`` beside ``title.it`` is the lead language's."""
    *upper, last = steps
    for step in upper:
        below = data.setdefault(step, {})
        if isinstance(below, str):
            below = data[step] = {_BARE.get(step, ""): below}
        data = below
    if isinstance(data.get(last), dict):
        data[last][_BARE.get(last, "")] = cell
    else:
        data[last] = cell


_BARE = {"image": "file", "place": "name", "hashtags": "any"}
"""Where the content of a column without a further name belongs."""


def _card(row: Row, scope: Scope) -> Item | None:
    shape = check_shape(ItemShape, row.data, row, scope.problems)
    if shape is None:
        return None
    if not (shape.title or shape.text):
        message = "a card needs a title or a text"
        scope.problems.error(row.place(), "missing-key", message, "fill in title.en")
    lacking = [name for name in REQUIRED.get(shape.kind, ()) if name not in row.data]
    if lacking:
        message = f"a card of the kind {shape.kind} should say {' and '.join(lacking)}"
        scope.problems.warn(row.place(), "missing-key", message, "add a column for it")
    inner = replace(scope, where=row)
    return replace(item_of(shape, (), inner, others={}), post=())
