"""Dates as people and their programs write them into spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from enum import StrEnum

_SPELLED = re.compile(
    r"(?P<one>\d{1,2})(?P<mark>[./-])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4})"
    r"(?:,? (?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?)?"
)
_MONTHS = 12


class Order(StrEnum):
    """Which of a date's first two numbers is the day."""

    DAY_FIRST = "day, month, year"
    MONTH_FIRST = "month, day, year"


def date_order(cells: Iterable[str]) -> tuple[Order | None, tuple[str, ...]]:
    """Return how a file writes its dates, as all of them together show, and what to tell of it.

    None where they could be read both ways, or some one way and some the other.
    """
    found = [pair for cell in cells if (pair := _pair(cell)) is not None]
    if not found:
        return None, ()
    is_day_first = any(one > _MONTHS for one, _ in found)
    is_month_first = any(two > _MONTHS for _, two in found)
    if is_day_first is is_month_first:
        return None, ()
    order = Order.DAY_FIRST if is_day_first else Order.MONTH_FIRST
    return order, (f"dates were read as {order.value}: some of them fit nothing else",)


def in_order(cell: str, order: Order | None) -> str:
    """Return a date or moment in ISO's spelling; *cell* itself where that cannot be told.

    With full stops the day stands first, wherever people write so.
    """
    written = cell.strip().removesuffix(" UTC")
    for read in (date.fromisoformat, datetime.fromisoformat):
        with suppress(ValueError):
            return read(written).isoformat()
    found = _SPELLED.fullmatch(written)
    if found is None:
        return cell
    order = Order.DAY_FIRST if found["mark"] == "." else order
    if order is None:
        return cell
    one, two = int(found["one"]), int(found["two"])
    day, month = (one, two) if order is Order.DAY_FIRST else (two, one)
    with suppress(ValueError):
        if found["hour"] is None:
            return date(int(found["year"]), month, day).isoformat()
        clock = (int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
        return datetime(int(found["year"]), month, day, *clock).isoformat()
    return cell


def is_either(cell: str) -> bool:
    """Tell whether a date can be read in both orders."""
    pair = _pair(cell)
    return pair is not None and max(pair) <= _MONTHS


def _pair(cell: str) -> tuple[int, int] | None:
    found = _SPELLED.fullmatch(cell.strip().removesuffix(" UTC"))
    if found is None or found["mark"] == ".":
        return None
    return int(found["one"]), int(found["two"])
