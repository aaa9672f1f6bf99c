"""Reading a file of subscribers as spreadsheets and other list managers write them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import chain
from zoneinfo import available_timezones

from babel import Locale
from babel.localedata import locale_identifiers

from herald.mailing.readers.dates import Order, date_order, in_order

_CODE_MOST = 3
"""Letters of a language's code (ISO 639); longer words are names."""
MOST_BYTES = 50_000_000
"""A file of a million people is half as long."""

_HEADERS: Mapping[str, str] = {
    "email": (
        "email mail emailaddress mailaddress address indirizzoemail indirizzo posta"
        " postaelettronica correo correoelectronico emailadresse courriel adresseemail adrese"
        " eposta epostninaslov adresemail adresepocztowy epost correio enderecodeemail"
        " enderecoemail enderecoeletronico direcciondecorreo direcciondecorreoelectronico"
        " adressedemessagerie adreselektroniczny pocztaelektroniczna elektronskinaslov"
        " indirizzelettroniku indirizztalemail adrecaelectronica correuelectronic"
        " البريدالالكتروني البريد العنوان emailadressa mailadresse"
        " sahkoposti sahkopostiosoite ელფოსტა ელფოსტისმისამართი epostadress eposta"
    ),
    "name": (
        "name fullname displayname nome nomecompleto nomeecognome nombre nombrecompleto nom ime"
        " imeinpriimek imie imieinazwisko"
        " nomcomplet vollstandigername namesurname isem isemukunjom nomicognoms الاسم الاسمالكامل"
        " nimi kokonimi სახელი სახელიდაგვარი"
    ),
    "first_name": "firstname fname givenname forename prenom vorname etunimi",
    "last_name": (
        "lastname lname surname familyname cognome apellido apellidos nachname familienname"
        " priimek nazwisko apelido sobrenome kunjom cognoms sukunimi გვარი"
    ),
    "language": (
        "language lang locale lingua idioma lengua sprache langue jezik jezyk lingwa kieli ენა"
        " اللغة llengua"
    ),
    "zone": (
        "timezone zone tz fusoorario fuso zonahoraria husohorario zeitzone fuseauhoraire fuseau"
        " casovnipas fushorari fusohorario"
    ),
    "consent_source": "consentsource consent source fonte origine origen quelle",
    "consent_given": (
        "consentdate consentgiven consentat optindate optintime"
        " dataconsenso fechaconsentimiento datadelconsenso fechadelconsentimiento"
        " datadoconsentimento dateduconsentement datumdereinwilligung datumprivolitve datazgody"
    ),
    "confirmed": "confirmtime confirmedat confirmationdate",
    "status": (
        "status state memberstatus subscriptionstatus emailstatus emailsubscriptionstatus"
        " emailmarketing stato estado statut tila stan"
    ),
    "left": (
        "unsubtime unsubscribed unsubscribedat unsubscribetime unsubscribedate cleantime leftat"
        " blocklisted blacklisted emailblacklisted emailblocklisted optedout optoutdate optout"
    ),
}
"""The names that a column goes by, in the languages of the networks: letters and digits only."""

_VAGUE = ("address", "indirizzo", "adrese", "adres", "correo", "posta", "correio", "العنوان")
"""Names of an e-mail's column that, beside a clearer one, are where somebody lives."""

_STATES: Mapping[str, str] = {
    "left": (
        "unsubscribed unsubscribe optedout optout left cleaned bounced hardbounced blocklisted"
        " blacklisted disabled complained spam abuse archived deleted disiscritto cancellato baja"
        " desuscrito desabonne desinscrit abgemeldet peruutettu wypisany odjavljen"
    ),
    "there": (
        "subscribed active enabled confirmed optedin iscritto attivo suscrito activo abonne"
        " inscrit angemeldet pending unconfirmed"
    ),
}
"""What list managers write into the column of a person's state: letters only."""

_NO = frozenset({"", "0", "no", "n", "false", "null", "none", "-"})

_CALLED: Mapping[str, str] = {
    "email": "email",
    "name": "name",
    "first_name": "first name",
    "last_name": "last name",
    "language": "language",
    "zone": "time zone",
    "consent_source": "consent source",
    "consent_given": "consent date",
}
"""What people are told to call a column."""
_NEAR = 0.8
"""How like a name's another must be: ``langauge`` is, ``phone`` is not."""

_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel and LibreOffice begin, new ones and old."""
_HEAD = 200
"""Bytes of the header, by which an unmarked encoding is recognised."""
_FEW_NULS = 10
"""Fewer than one byte in so many is a slip in some cell, which that row's report names."""
_SEP = re.compile(r"sep=([,;\t])", re.IGNORECASE)
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


_Named = Mapping[str, list[str]]
"""A row's cells by the columns that Herald knows."""

_MANY = frozenset({"left", "status"})
"""What several columns may tell."""


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
    departed: str = ""
    """How the file says that the person has left, in its own word or date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreadsheet:
    """A file's rows, and what was noticed while reading it."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    tells_who_left: bool = False
    """It says of every row whether the person has left."""


def read_spreadsheet(content: bytes) -> Spreadsheet:
    """Read *content*, whatever its encoding and separator; raise UnreadableFile.

    The first row names the columns. UTF-8 (with or without a byte-order mark) and UTF-16 are
    recognised; what is neither is taken for Windows-1252, and the notes say so.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFile(f"the file is longer than {MOST_BYTES:,} bytes (split it)")
    text, notes = _decoded(content)
    numbered = _numbered(text)
    first, header = next(numbered, (0, []))
    if not header:
        raise UnreadableFile("the file is empty (its first row names the columns: email, name)")
    if len(header) == 1 and "@" in header[0]:
        header, numbered = ["email"], chain(((first, header),), numbered)
        notes = (*notes, "no row names the columns; every line was read as an address")
    columns = _columns(header)
    cells = [(line, _named(row, columns)) for line, row in numbered]
    order, told = date_order([date for _, named in cells for date in _dates(named)])
    rows = tuple(_row(line, named, order) for line, named in cells)
    return Spreadsheet(
        rows=rows,
        notes=(*notes, *told, *_unused(header, columns), *_strange(cells)),
        tells_who_left=any(row.departed for row in rows)
        or any(_state(word) == "there" for _, named in cells for word in named["status"]),
    )


def _unused(header: list[str], columns: Mapping[int, str]) -> tuple[str, ...]:
    near = {_key(name): name for column, name in _CALLED.items() if column not in columns.values()}
    unknown = []
    for place, cell in enumerate(header):
        if cell.strip() and place not in columns:
            shown = "".join(mark for mark in cell if mark.isprintable()).strip()
            meant = get_close_matches(_key(cell), near, n=1, cutoff=_NEAR)
            hint = f" (did you mean {near[meant[0]]}?)" if meant else ""
            unknown.append(shown + hint)
    return (f"columns that Herald does not use: {', '.join(unknown)[:200]}",) if unknown else ()


def _strange(cells: Iterable[tuple[int, _Named]]) -> tuple[str, ...]:
    """Tell of states that Herald does not know: their people are taken."""
    words = {word for _, named in cells for word in named["status"] if word}
    strange = sorted(word for word in words if not _state(word))
    if not strange:
        return ()
    shown = ", ".join(word[:40] for word in strange[:5])
    return (f"states that Herald does not know, and takes for nothing: {shown}",)


def read_language(written: str) -> str:
    """Return a language tag in its usual spelling (``pt-BR``); raise ValueError if it is none.

    A language's name is understood, in English and in the language itself.
    """
    tag = written.strip()
    if not tag:
        return ""
    if not _TAG.fullmatch(tag) or len(re.split("[-_]", tag)[0]) > _CODE_MOST:
        named = tag.casefold()
        if code := _english_names().get(named) or _own_names().get(named):
            return code
        raise ValueError(f"{tag[:40]!r} is no language (write its code: en, it, pt-BR)")
    base, *rest = tag.replace("_", "-").split("-")
    spelled = [part.title() if len(part) == 4 else part.upper() for part in rest]
    return "-".join([base.lower(), *spelled])


@cache
def _english_names() -> Mapping[str, str]:
    names = Locale("en").languages
    return {name.casefold(): code for code, name in names.items() if code.isalpha()}


@cache
def _own_names() -> Mapping[str, str]:
    codes = [each for each in locale_identifiers() if each.isalpha()]
    found = ((Locale(code).languages.get(code), code) for code in codes)
    return {name.casefold(): code for name, code in found if name}


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
    if content.startswith(_ARCHIVES):
        raise UnreadableFile(
            "the file is no text (open it, and save the spreadsheet as CSV, UTF-8)"
        )
    if encoding := _wide(content):
        try:
            return content.decode(encoding), ()
        except UnicodeDecodeError as error:
            raise UnreadableFile("the file is broken UTF-16 (save it as CSV, UTF-8)") from error
    if content.count(b"\x00") * _FEW_NULS > len(content):
        raise UnreadableFile("the file is no text (save the spreadsheet as CSV, UTF-8)")
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        return text, ("the file is not UTF-8; it was read as Windows-1252: look at the names",)


def _wide(content: bytes) -> str:
    """Return which UTF-16 it is, by its mark, or by the empty halves of its plain letters."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:_HEAD]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd * 2 > len(head) // 2 and not even:
        return "utf-16-le"
    return "utf-16-be" if even * 2 > len(head) // 2 and not odd else ""


def _separated(text: str) -> tuple[str, str, int]:
    """Return a text's separator, the text from its header on, and on which line that stands.

    A first line ``sep=;`` is how Excel names the separator.
    """
    first, end, rest = text.partition("\n")
    named = _SEP.fullmatch(first.strip())
    if named is not None:
        return named.group(1), rest, 2 if end else 1
    return _separator(text), text, 1


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


def _columns(header: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    named = [_column(cell) for cell in header]
    clear = any(
        _key(cell) not in _VAGUE
        for cell, name in zip(header, named, strict=True)
        if name == "email"
    )
    for place, (cell, column) in enumerate(zip(header, named, strict=True)):
        if column is None or (column == "email" and clear and _key(cell) in _VAGUE):
            continue
        if column in found.values() and column not in _MANY:
            raise UnreadableFile(
                f"two columns hold the {column.replace('_', ' ')} (keep one of them)"
            )
        found[place] = column
    if "email" not in found.values():
        seen = ", ".join(cell.strip() for cell in header)[:200]
        raise UnreadableFile(
            f"no column is called email (the first row says: {seen}; give it the names of the"
            " columns: email, name, language)"
        )
    return found


def _column(cell: str) -> str | None:
    key = _key(cell)
    return next((column for column, names in _HEADERS.items() if key in names.split()), None)


def _key(cell: str) -> str:
    plain = unicodedata.normalize("NFKD", cell).casefold()
    return "".join(mark for mark in plain if mark.isalnum())


def _state(word: str) -> str:
    """Return ``left`` or ``there``; empty for what Herald does not know."""
    key = "".join(mark for mark in _key(word) if mark.isalpha())
    return next((state for state, words in _STATES.items() if key in words.split()), "")


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row that is not blank begins, and its cells."""
    separator, text, first = _separated(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = first
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + first
    except csv.Error as error:
        raise UnreadableFile(
            f"line {line} cannot be read: {error} (is a quotation mark not closed?)"
        ) from error


def _named(cells: list[str], columns: Mapping[int, str]) -> _Named:
    named: dict[str, list[str]] = {column: [] for column in _HEADERS}
    for place, column in columns.items():
        named[column].append(cells[place].strip() if place < len(cells) else "")
    return named


def _dates(named: _Named) -> list[str]:
    return [*named["confirmed"], *named["consent_given"]]


def _row(line: int, named: _Named, order: Order | None) -> Row:
    def cell(*columns: str) -> str:
        return next((text for column in columns for text in named[column] if text), "")

    return Row(
        line=line,
        email=cell("email"),
        name=_whole(cell("first_name"), cell("name"), cell("last_name")),
        language=cell("language"),
        zone=cell("zone"),
        consent_source=cell("consent_source"),
        # Whoever confirmed has agreed then; before that anybody may have typed the address.
        consent_given=in_order(cell("confirmed", "consent_given"), order),
        departed=_departed(named),
    )


def _whole(first: str, name: str, last: str) -> str:
    """Return a name of its parts; one that holds the others stands alone."""
    if name and all(part.casefold() in name.casefold() for part in (first, last)):
        return name
    return " ".join(part for part in (first, name, last) if part)


def _departed(named: _Named) -> str:
    left = (cell for cell in named["left"] if cell.casefold() not in _NO)
    return next(chain(left, (word for word in named["status"] if _state(word) == "left")), "")
