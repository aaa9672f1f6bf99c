"""Dates and times as readers of a language write them (CLDR, through Babel)."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_time

from herald.composing.locales import locale_of
from herald.model.ids import Language


@lru_cache(maxsize=4096)
def spell(when: date | datetime, language: Language, zone: str = "") -> str:
    """Write a day, or a day with its time of day where *when* has one.

    A naive moment is local already; an aware one is shown in *zone*.
    """
    if not isinstance(when, datetime):
        return str(format_date(when, "full", locale_of(language)))
    local = _local(when, zone)
    return _joined(local.date(), local, language)


@lru_cache(maxsize=4096)
def interval(
    begins: date | datetime, finishes: date | datetime | None, language: Language, zone: str = ""
) -> str:
    """Write from when to when; *finishes* of an all-day event is its last day, included."""
    if finishes is None or finishes == begins:
        return spell(begins, language, zone)
    if isinstance(begins, datetime) and isinstance(finishes, datetime):
        first, last = _local(begins, zone), _local(finishes, zone)
        if first.date() != last.date():
            return (
                f"{_joined(first.date(), first, language)} – {_joined(last.date(), last, language)}"
            )
        return f"{_joined(first.date(), first, language)}–{time_of_day(last, language)}"
    first_day, last_day = _day(begins, zone), _day(finishes, zone)
    if last_day <= first_day:
        return spell(first_day, language)
    return str(format_interval(first_day, last_day, "yMMMMd", locale=locale_of(language)))


@lru_cache(maxsize=1024)
def month(day: date, language: Language) -> str:
    """Return the name of the month by itself."""
    return str(format_date(day, "LLLL", locale_of(language)))


@lru_cache(maxsize=4096)
def time_of_day(when: datetime, language: Language, zone: str = "") -> str:
    """Write the time of day."""
    return str(format_time(_local(when, zone), "short", locale=locale_of(language)))


def _joined(day: date, local: datetime, language: Language) -> str:
    locale = locale_of(language)
    return f"{format_date(day, 'full', locale)}, {format_time(local, 'short', locale=locale)}"


def _local(when: datetime, zone: str) -> datetime:
    if when.tzinfo is None or not zone:
        return when.replace(tzinfo=None)
    return when.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _day(when: date | datetime, zone: str) -> date:
    return _local(when, zone).date() if isinstance(when, datetime) else when
