"""People who have left elsewhere: whoever left at an earlier provider is not written to again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from herald.mailing.addresses import BadAddress, hash_address, read_address
from herald.mailing.readers.lists import ImportReport
from herald.mailing.readers.spreadsheet import Row, Spreadsheet
from herald.model.ids import ListId
from herald.model.mailing import AddressHash, Candidate, Fate, RowReport, SuppressionReason

_AT_ONCE = 1000
"""Rows of one transaction: short enough for others to write in between."""


class KeepsAway(Protocol):
    """Keeps addresses off lists, and tells what it would do."""

    async def mailing_key(self) -> bytes:
        """Return the instance's secret."""
        ...

    async def keep_away(
        self,
        mailing_list: ListId,
        candidates: Sequence[Candidate],
        *,
        reason: SuppressionReason,
        now: datetime,
    ) -> tuple[RowReport, ...]:
        """Take off whoever is there, and let no import bring anybody of them in."""
        ...

    async def foresee_away(
        self, mailing_list: ListId, candidates: Sequence[Candidate]
    ) -> tuple[RowReport, ...]:
        """Tell what ``keep_away`` would do, and change nothing."""
        ...


async def keep_away(
    store: KeepsAway,
    mailing_list: ListId,
    sheet: Spreadsheet,
    *,
    reason: SuppressionReason = SuppressionReason.LEFT,
    now: datetime,
) -> ImportReport:
    """Keep the people of *sheet* off a list, or off every one; repeating it changes nothing.

    Where the file says of each row whether the person has left, the others stay. Only the person
    can come back, by asking and confirming.
    """
    take = partial(store.keep_away, reason=reason, now=now)
    return await _depart(store, take, mailing_list, sheet)


async def foresee_away(store: KeepsAway, mailing_list: ListId, sheet: Spreadsheet) -> ImportReport:
    """Tell what ``keep_away`` would do, and change nothing."""
    return await _depart(store, store.foresee_away, mailing_list, sheet)


async def _depart(
    store: KeepsAway,
    take: Callable[[ListId, Sequence[Candidate]], Awaitable[tuple[RowReport, ...]]],
    mailing_list: ListId,
    sheet: Spreadsheet,
) -> ImportReport:
    key = await store.mailing_key()
    lines: dict[AddressHash, int] = {}
    reports: list[RowReport] = []
    gone: list[Candidate] = []
    for row in sheet.rows:
        if sheet.tells_who_left and not row.departed:
            reports.append(_told(row, Fate.STAYS, "the file does not say that the person left"))
            continue
        found = _judge(row, key, lines)
        if isinstance(found, Candidate):
            gone.append(found)
        else:
            reports.append(found)
    for first in range(0, len(gone), _AT_ONCE):
        reports.extend(await take(mailing_list, gone[first : first + _AT_ONCE]))
    return ImportReport(
        list=mailing_list,
        rows=tuple(sorted(reports, key=lambda report: report.line)),
        notes=sheet.notes,
    )


def _judge(row: Row, key: bytes, lines: dict[AddressHash, int]) -> Candidate | RowReport:
    try:
        address = read_address(row.email)
    except BadAddress as error:
        return _told(row, Fate.REFUSED, f"no address that mail reaches: {error}")
    known = hash_address(address, key)
    earlier = lines.setdefault(known, row.line)
    if earlier != row.line:
        return _told(row, Fate.ALREADY_THERE, f"the same address stands on line {earlier}")
    return Candidate(line=row.line, address=address, address_hash=known)


def _told(row: Row, fate: Fate, why: str) -> RowReport:
    shown = "".join(
        mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in row.email
    )
    return RowReport(line=row.line, address=shown[:254], fate=fate, why=why)
