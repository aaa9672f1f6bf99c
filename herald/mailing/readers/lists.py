"""Lists: bringing people in from a file, and letting them go for good.

An import never brings back anyone who left: that is decided in the store, in the transaction that
would add the person, by the hash that outlives every erasure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol

from herald.mailing.addresses import BadAddress, BadName, hash_address, read_address, read_name
from herald.mailing.readers.dates import in_order, is_either
from herald.mailing.readers.spreadsheet import Row, Spreadsheet, read_language, read_zone
from herald.model.ids import Language, ListId
from herald.model.mailing import (
    AddressHash,
    Candidate,
    Consent,
    Fate,
    RowReport,
    Subscriber,
)
from herald.ports import MailingStore

_AT_ONCE = 1000
"""Rows of one transaction: short enough for others to write in between."""

_TEXT_MOST = 500
"""Characters of a consent's source."""
_AHEAD_OF_UTC = timedelta(hours=14)
"""Where a day begins first, on the Line Islands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of every row of a file."""

    list: ListId
    rows: tuple[RowReport, ...]
    hashes: tuple[AddressHash, ...] = ()
    """Of every sound address."""
    notes: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """Return how many rows met *fate*."""
        return sum(row.fate is fate for row in self.rows)


class TakesPeople(Protocol):
    """Adds people to lists, and tells what it would do."""

    async def mailing_key(self) -> bytes:
        """Return the instance's secret."""
        ...

    async def admit(
        self, mailing_list: ListId, candidates: Sequence[Candidate], *, now: datetime
    ) -> tuple[RowReport, ...]:
        """Add those who are new and not suppressed; tell what became of each."""
        ...

    async def foresee(
        self, mailing_list: ListId, candidates: Sequence[Candidate]
    ) -> tuple[RowReport, ...]:
        """Tell what ``admit`` would do, and change nothing."""
        ...


def _untold(done: int, rows: int) -> None:
    """Tell nobody how far it is."""


async def import_rows(
    store: TakesPeople,
    mailing_list: ListId,
    sheet: Spreadsheet,
    *,
    source: str,
    given: str = "",
    now: datetime,
    tell: Callable[[int, int], None] = _untold,
) -> ImportReport:
    """Add the people of *sheet* to a list; repeating it changes nothing.

    *source* and *given* are where and when the people of rows agreed that do not say so: the
    file's name, and nothing. Whoever agreed at no known time waits, and receives nothing. *tell*
    hears how many rows are done, of how many.
    """
    take = partial(store.admit, now=now)
    return await _import(
        store, take, mailing_list, sheet, Consent(source=source, given=given), tell, now
    )


async def foresee_rows(
    store: TakesPeople,
    mailing_list: ListId,
    sheet: Spreadsheet,
    *,
    source: str,
    given: str = "",
    now: datetime | None = None,
    tell: Callable[[int, int], None] = _untold,
) -> ImportReport:
    """Tell what ``import_rows`` would do, and change nothing."""
    otherwise = Consent(source=source, given=given)
    return await _import(store, store.foresee, mailing_list, sheet, otherwise, tell, now)


async def _import(
    store: TakesPeople,
    take: Callable[[ListId, Sequence[Candidate]], Awaitable[tuple[RowReport, ...]]],
    mailing_list: ListId,
    sheet: Spreadsheet,
    otherwise: Consent,
    tell: Callable[[int, int], None],
    now: datetime | None,
) -> ImportReport:
    key = await store.mailing_key()
    reports: list[RowReport] = []
    lines: dict[AddressHash, int] = {}
    for rows in _batches(sheet.rows):
        candidates, refused = judge_rows(rows, key=key, otherwise=otherwise, lines=lines, now=now)
        reports.extend(refused)
        reports.extend(await take(mailing_list, candidates) if candidates else ())
        tell(len(reports), len(sheet.rows))
    return ImportReport(
        list=mailing_list,
        rows=tuple(sorted(reports, key=lambda report: report.line)),
        hashes=tuple(lines),
        notes=sheet.notes,
    )


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for first in range(0, len(rows), _AT_ONCE):
        yield rows[first : first + _AT_ONCE]


def read_consent_date(written: str) -> str:
    """Return a date or moment in its usual spelling; raise ValueError."""
    return _moment(written)


def report_rows(report: ImportReport) -> str:
    """Return what became of every row as a CSV file, for a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("line", "address", "fate", "why"))
    for row in report.rows:
        writer.writerow((row.line, _harmless(row.address), row.fate.value, _harmless(row.why)))
    return out.getvalue()


def judge_rows(
    rows: Iterable[Row],
    *,
    key: bytes,
    otherwise: Consent,
    lines: dict[AddressHash, int],
    now: datetime | None = None,
) -> tuple[tuple[Candidate, ...], tuple[RowReport, ...]]:
    """Return the rows that may be added, and what is wrong with the others.

    *lines* remembers where every address stood first, also in rows that were judged before.
    """
    sound: list[Candidate] = []
    refused: list[RowReport] = []
    for row in rows:
        try:
            candidate = _candidate(row, key, otherwise)
            _refuse_future(candidate.consent.given, now)
        except ValueError as error:
            refused.append(_refusal(row, str(error)))
            continue
        earlier = lines.setdefault(candidate.address_hash, row.line)
        if earlier != row.line:
            refused.append(_refusal(row, f"the same address stands on line {earlier}"))
            continue
        sound.append(candidate)
    return tuple(sound), tuple(refused)


def export_rows(subscribers: Sequence[Subscriber]) -> str:
    """Return a CSV file of *subscribers* that an import reads back.

    A cell that a spreadsheet would take for a formula is led by an apostrophe (CSV injection).
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(
        ("email", "name", "language", "zone", "state", "since", "consent source", "consent date")
    )
    for person in subscribers:
        cells = (
            person.address,
            person.name,
            person.language or "",
            person.zone,
            person.state.value,
            person.since.isoformat(timespec="seconds"),
            person.consent.source,
            person.consent.given,
        )
        writer.writerow(_harmless(cell) for cell in cells)
    return out.getvalue()


async def find_hash(store: MailingStore, written: str) -> AddressHash:
    """Return the hash of an address that a person typed; raise BadAddress."""
    return hash_address(read_address(written), await store.mailing_key())


def _candidate(row: Row, key: bytes, otherwise: Consent) -> Candidate:
    if row.departed:
        raise ValueError(
            f"the file says that the person has left ({row.departed[:40]});"
            " herald lists suppress keeps such people away"
        )
    try:
        address, name = read_address(row.email), read_name(_bare(row.name))
    except BadAddress as error:
        raise ValueError(f"no address that mail reaches: {error}") from error
    except BadName as error:
        raise ValueError(f"{error} (is a quotation mark not closed?)") from error
    consent = Consent(
        source=read_name(row.consent_source[:_TEXT_MOST])[:_TEXT_MOST] or otherwise.source,
        given=_moment(row.consent_given) or otherwise.given,
    )
    zone, note = _zone(row)
    return Candidate(
        line=row.line,
        address=address,
        address_hash=hash_address(address, key),
        name=name,
        language=Language(tag) if (tag := read_language(row.language)) else None,
        zone=zone,
        note=note,
        consent=consent,
    )


def _refuse_future(given: str, now: datetime | None) -> None:
    """Raise ValueError where nobody, anywhere on earth, can have agreed yet."""
    if now is not None and given[:10] > (now + _AHEAD_OF_UTC).date().isoformat():
        raise ValueError(f"the consent date {given[:10]} is in the future (see what was meant)")


def _zone(row: Row) -> tuple[str, str]:
    """Return a row's zone; none, and why, where it cannot be read: the person is taken."""
    try:
        return read_zone(row.zone), ""
    except ValueError as error:
        return "", f"taken without a time zone: {error}"


def _refusal(row: Row, why: str) -> RowReport:
    shown = "".join(
        mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in row.email
    )
    return RowReport(line=row.line, address=shown[:254], fate=Fate.REFUSED, why=why)


def _moment(written: str) -> str:
    if not written:
        return ""
    plain = in_order(written, None)
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(plain).isoformat()
        except ValueError:
            continue
    if is_either(written):
        raise ValueError(
            f"{written[:40]!r} may be two dates: the day first, or the month (write 2026-11-30)"
        )
    raise ValueError(f"{written[:40]!r} is no consent date (write 2026-11-30)")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _bare(cell: str) -> str:
    """Undo ``_harmless``."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@"} else cell
