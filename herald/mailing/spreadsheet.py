"""Reading a file of subscribers as spreadsheets and other list managers write them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

MOST_BYTES = 50_000_000
"""A file of a million people is half as long."""

_HEADERS: Mapping[str, str] = {
    "email": (
        "email mail emailaddress mailaddress address indirizzoemail indirizzo posta"
        " postaelettronica correo correoelectronico emailadresse courriel adresseemail adrese"
        " eposta epostninaslov adresemail adresepocztowy epost correio"
    ),
    "name": (
        "name fullname displayname nome nomecompleto nomeecognome nombre nombrecompleto nom ime"
        " imeinpriimek imie imieinazwisko"
    ),
    "language": "language lang locale lingua idioma lengua sprache langue jezik jezyk",
    "zone": (
        "timezone zone tz fusoorario fuso zonahoraria husohorario zeitzone fuseauhoraire fuseau"
        " casovnipas fushorari fusohorario"
    ),
    "consent_source": "consentsource consent source fonte origine origen quelle",
    "consent_given": (
        "consentdate consentgiven consentat optindate optintime confirmtime confirmedat"
        " dataconsenso fechaconsentimiento"
    ),
}
"""The names that a column goes by, in the languages of the networks: letters and digits only."""

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


class UnreadableFile(ValueError):
    """The file is no list of subscribers; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as it was written, by the columns that Herald knows; empty where there is none."""

    line: int
    email: str
    name: str = ""
    language: str = ""
    zone: str = ""
    consent_source: str = ""
    consent_given: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreadsheet:
    """A file's rows, and what was noticed while reading it."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def read_spreadsheet(content: bytes) -> Spreadsheet:
    """Read *content*, whatever its encoding and separator; raise UnreadableFile.

    The first row names the columns. UTF-8 (with or without a byte-order mark) and UTF-16 are
    recognised; what is neither is taken for Windows-1252, and the notes say so.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFile(f"the file is longer than {MOST_BYTES:,} bytes (split it)")
    text, notes = _decoded(content)
    numbered = _numbered(text)
    _, header = next(numbered, (0, []))
    if not header:
        raise UnreadableFile("the file is empty (its first row names the columns: email, name)")
    columns = _columns(header)
    rows = tuple(_row(line, cells, columns) for line, cells in numbered)
    unknown = [cell.strip() for cell in header if cell.strip() and _column(cell) is None]
    if unknown:
        notes = (*notes, f"columns that Herald does not use: {', '.join(unknown)[:200]}")
    return Spreadsheet(rows=rows, notes=notes)


def read_language(written: str) -> str:
    """Return a language tag in its usual spelling (``pt-BR``); raise ValueError if it is none."""
    tag = written.strip()
    if not tag:
        return ""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{tag[:40]!r} is no language (write en, it, pt-BR)")
    base, *rest = tag.replace("_", "-").split("-")
    spelled = [part.title() if len(part) == 4 else part.upper() for part in rest]
    return "-".join([base.lower(), *spelled])


def read_zone(written: str) -> str:
    """Return the IANA name of a time zone in its usual spelling; raise ValueError if none is so."""
    name = written.strip().replace(" ", "_")
    if not name:
        return ""
    found = _zones().get(name.casefold())
    if found is None:
        raise ValueError(f"{written.strip()[:40]!r} is no time zone (write Europe/Rome)")
    return found


@cache
def _zones() -> Mapping[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), ()
        except UnicodeDecodeError as error:
            raise UnreadableFile("the file is broken UTF-16 (save it as CSV, UTF-8)") from error
    if b"\x00" in content:
        raise UnreadableFile("the file is no text (save the spreadsheet as CSV, UTF-8)")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        return text, ("the file is not UTF-8; it was read as Windows-1252: look at the names",)


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


def _columns(header: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for place, cell in enumerate(header):
        column = _column(cell)
        if column is None:
            continue
        if column in found.values():
            raise UnreadableFile(f"two columns hold the {column} (keep one of them)")
        found[place] = column
    if "email" not in found.values():
        seen = ", ".join(cell.strip() for cell in header)[:200]
        raise UnreadableFile(
            f"no column is called email (the first row says: {seen}; give it the names of the"
            " columns: email, name, language)"
        )
    return found


def _column(cell: str) -> str | None:
    plain = unicodedata.normalize("NFKD", cell).casefold()
    key = "".join(mark for mark in plain if mark.isalnum())
    return next((column for column, names in _HEADERS.items() if key in names.split()), None)


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row that is not blank begins, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(
            f"line {line} cannot be read: {error} (is a quotation mark not closed?)"
        ) from error


def _row(line: int, cells: list[str], columns: Mapping[int, str]) -> Row:
    named = {
        column: cells[place].strip() if place < len(cells) else ""
        for place, column in columns.items()
    }
    return Row(line=line, **named)
