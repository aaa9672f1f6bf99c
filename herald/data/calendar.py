"""The heritage calendar: days to which campaigns anchor their posts, and how to date them."""

from __future__ import annotations

import re
import tomllib
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from herald.model.words import EVERY, Words

RANGE = "range"
"""The rule of an observance whose days nobody can compute."""

ANYWHERE = "default"
"""The place of an override that holds where no country's does."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIXED = re.compile(r"(?P<month>\d\d)-(?P<day>\d\d)")
_NEAREST = re.compile(rf"(?P<weekday>{'|'.join(_WEEKDAYS)}) nearest (?P<month>\d\d)-(?P<day>\d\d)")
_NTH = re.compile(
    rf"(?P<nth>[1-5])(?:st|nd|rd|th) (?P<weekday>{'|'.join(_WEEKDAYS)}) of (?P<month>\d\d)"
    r"(?: \+(?P<more>\d+)d)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The days of one observance in one year, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """The day of one year in one place, known and not computed."""

    year: int
    place: str
    """``default``, a country (``HU``) or a town (``PL/Cracow``)."""
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class National:
    """How one country keeps an observance."""

    country: str
    names: Words
    rule: str
    window: str = ""
    hashtags: Words = field(default_factory=Words)
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observance:
    """A day, or some days, of the heritage year."""

    id: str
    names: Words
    rule: str
    window: str = ""
    """What is known of the days of a ``range``."""
    overrides: tuple[Override, ...] = ()
    hashtags: Words = field(default_factory=Words)
    """With ``#``, separated by spaces; ``{year}`` is the year in four digits."""
    national: tuple[National, ...] = ()
    confidence: str
    """``sourced`` or ``unconfirmed``."""

    def in_country(self, country: str) -> National | None:
        """Return how *country* keeps it, where that differs."""
        return next((one for one in self.national if one.country == country), None)

    def dates(self, year: int, *, country: str = "", town: str = "") -> Dates | None:
        """Return its days in *year*, or None where no date can be computed.

        What was overridden for the town, the country or everywhere wins over the rule.
        """
        known = {one.place: one.day for one in self.overrides if one.year == year}
        for place in (f"{country}/{town}", country, ANYWHERE):
            if place in known:
                return Dates(first=known[place], last=known[place])
        national = self.in_country(country)
        return compute(national.rule if national else self.rule, year)


@cache
def calendar() -> tuple[Observance, ...]:
    """Return every observance, in the order of the year."""
    text = (files("herald.data") / "heritage_calendar.toml").read_text(encoding="utf-8")
    return tuple(_observance(table) for table in tomllib.loads(text)["observance"])


@cache
def observances() -> Mapping[str, Observance]:
    """Return every observance by its id."""
    return {one.id: one for one in calendar()}


@cache
def compute(rule: str, year: int) -> Dates | None:
    """Return the days that *rule* gives in *year*.

    None for a range, and for a date that the year lacks (29 February, a fifth Sunday). Raises
    ValueError for what is no rule.
    """
    if rule == RANGE:
        return None
    if match := _FIXED.fullmatch(rule):
        return _single(_day(year, match))
    if match := _NEAREST.fullmatch(rule):
        centre = _day(year, match)
        return _single(centre and _nearest(centre, _WEEKDAYS.index(match["weekday"])))
    if match := _NTH.fullmatch(rule):
        weekday = _WEEKDAYS.index(match["weekday"])
        first = _nth(year, int(match["month"]), weekday, int(match["nth"]))
        if first is None:
            return None
        return Dates(first=first, last=first + timedelta(days=int(match["more"] or 0)))
    raise ValueError(f"{rule!r} is no rule of the heritage calendar")


def _day(year: int, match: re.Match[str]) -> date | None:
    month, day = int(match["month"]), int(match["day"])
    return date(year, month, day) if day <= monthrange(year, month)[1] else None


def _single(day: date | None) -> Dates | None:
    return Dates(first=day, last=day) if day else None


def _nearest(centre: date, weekday: int) -> date:
    """Return the *weekday* within three days of *centre*: there is exactly one."""
    return centre + timedelta(days=(weekday - centre.weekday() + 3) % 7 - 3)


def _nth(year: int, month: int, weekday: int, nth: int) -> date | None:
    first = date(year, month, 1)
    day = 1 + (weekday - first.weekday()) % 7 + 7 * (nth - 1)
    return date(year, month, day) if day <= monthrange(year, month)[1] else None


def _observance(table: Mapping[str, Any]) -> Observance:
    return Observance(
        id=table["id"],
        names=Words.of(table.get("names", {})),
        rule=table["rule"],
        window=table.get("window", ""),
        overrides=tuple(
            Override(year=int(year), place=place, day=date.fromisoformat(day))
            for year, places in table.get("overrides", {}).items()
            for place, day in places.items()
        ),
        hashtags=_hashtags(table),
        national=tuple(_national(one) for one in table.get("national", ())),
        confidence=table["confidence"],
    )


def _national(table: Mapping[str, Any]) -> National:
    return National(
        country=table["country"],
        names=Words.of(table.get("names", {})),
        rule=table["rule"],
        window=table.get("window", ""),
        hashtags=_hashtags(table),
        confidence=table["confidence"],
    )


def _hashtags(table: Mapping[str, Any]) -> Words:
    tags: Mapping[str, list[str]] = table.get("hashtags", {})
    return Words.of({EVERY if tag == "any" else tag: " ".join(all_) for tag, all_ in tags.items()})
