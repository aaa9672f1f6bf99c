"""Reads the dates that feeds write, in the many ways in which they write them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

from herald.composing.locales import OwnLocale

_ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "IST": 60,
    "CET": 60, "MET": 60, "MEZ": 60, "CEST": 120, "MEST": 120, "MESZ": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420,
}  # fmt: skip
"""Minutes east of Greenwich of the names that feeds use (feedparser takes CET for UTC)."""

_NAMES = """
jan january gen gennaio ene enero janvier janv januar januarja styczeń stycznia sty janeiro jannar
 ιανουαρίου ιαν
feb february febbraio febrero février févr fev fevereiro februar februarja luty lutego lut frar
 februari φεβρουαρίου φεβ
mar march marzo mars märz mär mrz marzec marca março maart marzu mrt μαρτίου μαρ
apr april aprile abr abril avr avril kwi kwiecień kwietnia aprila απριλίου απρ
may mag maggio mayo mai maj maja maio mei mejju meju μαΐου μαΐ μαι
jun june giu giugno junio juin juni junij junija cze czerwiec czerwca junho ġunju ιουνίου ιουν
jul july lug luglio julio juil juillet juli julij julija lip lipiec lipca julho lulju
 ιουλίου ιουλ
aug august ago agosto août aou sie sierpień sierpnia avg avgust avgusta augustus awwissu
 αυγούστου αυγ
sep sept september set settembre septiembre septembre wrz wrzesień września septembra setembro
 settembru σεπτεμβρίου σεπ
oct october ott ottobre octubre okt oktober octobre paź październik października oktobra out
 outubro ottubru οκτωβρίου οκτ
nov november novembre noviembre lis listopad listopada novembra novembro novembru νοεμβρίου νοε
dec december dic dicembre diciembre dez dezember décembre déc gru grudzień grudnia decembra
 dezembro diċembru δεκεμβρίου δεκ
"""
"""A month a line, in the languages of the network and of careless systems."""
_MONTHS = {
    name.casefold(): number
    for number, names in enumerate(_NAMES.replace("\n ", " ").strip().splitlines(), start=1)
    for name in names.split()
}
_MORE_LANGUAGES = """
ar be bg bs ca cs cy da et eu fa fi fr ga gl he hr hu hy is ka lb lt lv mk mt nb nn nl pt ro
ru sk sq sr sr_Latn sv tr uk
"""

_ZONE = r"(?P<zone>(?:GMT|UTC)?[+-]\d{1,2}:?(?:\d{2})?|[A-Za-z]{1,5})?\s*(?:\([^)]*\))?"
_CLOCK = (
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\b\.?)?(?:\s*(?:Uhr|h)\b)?"
)
_JOINED = r"(?:\s*,?\s*(?:[-–|]|\b(?:ore|um|at|o|ob|à|kl\.?)\s)?\s*" + _CLOCK + r")?\s*"
_WEEKDAY = r"(?:[^\W\d_]+\.?,?\s+)?"
_WRITTEN = re.compile(
    _WEEKDAY + r"(?P<day>\d{1,2})(?:\.|º|er)?(?:\s+|-)(?:de\s+|d['’]|ta['’]\s*)?"
    r"(?P<month>[^\W\d_]+)\.?,?"
    r"(?:\s+|-)(?:de\s+|del\s+)?(?P<year>\d{4}|\d{2})" + _JOINED + _ZONE
)
_MONTH_FIRST = re.compile(
    _WEEKDAY + r"(?P<month>[^\W\d_]+)\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"
    + _JOINED + _ZONE
)  # fmt: skip
_ASCTIME = re.compile(
    _WEEKDAY + r"(?P<month>[^\W\d_]+)\s+(?P<day>\d{1,2})\s+" + _CLOCK
    + r"\s+(?P<zone>[A-Z]{3,5}\s+)?(?P<year>\d{4})"
)  # fmt: skip
_DOTTED = re.compile(
    _WEEKDAY + r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})" + _JOINED + _ZONE
)
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:(?:[Tt]\s*|\s+)" + _CLOCK + r"\s*"
    r"(?P<zone>(?:GMT|UTC)?[+-]\d{1,2}:?(?:\d{2})?|[A-Za-z]{1,5})?)?"
)
_BASIC = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[Tt](?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?P<zone>Z|z|[+-]\d{4})?)?"
)
_FORMS = (_ISO, _WRITTEN, _MONTH_FIRST, _ASCTIME, _DOTTED, _BASIC)
"""10/05/2027 is not among them: half the world reads another day."""
_PLAUSIBLE = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""Systems write 0001, 1970 and 9999 where they know no date."""
_FARTHEST = 14 * 60
"""Minutes: no zone lies farther from Greenwich."""
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Read:
    """A date that was understood."""

    moment: datetime
    """UTC."""
    has_zone: bool
    """Whether the feed said which zone; without one it counts in the reader's."""
    is_day: bool = False
    """Whether it names a day and no hour: *moment* is when that day begins."""


def zone_of(name: str) -> tzinfo:
    """Return the zone of an IANA name; UTC where it is empty or unknown."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def read_date(text: str, *, zone: tzinfo = UTC) -> Read | None:
    """Read a date in the forms of RSS, Atom and careless systems; None where it is none.

    What does not say its zone, and a bare day, count in *zone*.
    """
    found = " ".join(text[:_LONGEST].split())
    for form in _FORMS:
        match = form.fullmatch(found)
        if match is None:
            continue
        try:
            read = _read(match, zone)
        except (ValueError, OverflowError):
            continue
        if read is not None and _PLAUSIBLE[0] <= read.moment < _PLAUSIBLE[1]:
            return read
    return None


def _read(match: re.Match[str], zone: tzinfo) -> Read | None:
    parts = match.groupdict()
    day = _day(parts["year"], parts["month"], parts["day"])
    if day is None:
        return None
    if parts["hour"] is None:
        begins = datetime.combine(day, time(0), tzinfo=zone)
        return Read(begins.astimezone(UTC), has_zone=False, is_day=True)
    local = datetime.combine(day, time(0)) + _since_midnight(parts)
    told = _offset((parts["zone"] or "").strip())
    if told is None:
        return Read(local.replace(tzinfo=zone).astimezone(UTC), has_zone=False)
    return Read(local.replace(tzinfo=timezone(told)).astimezone(UTC), has_zone=True)


def _day(year: str, month: str, day: str) -> date | None:
    number = int(month) if month.isdigit() else _month(month.casefold())
    if number is None:
        return None
    whole = int(year)
    if len(year) == 2:
        whole += 2000 if whole < 70 else 1900
    return date(whole, number, int(day))


def _month(name: str) -> int | None:
    if name in _MONTHS:
        return _MONTHS[name]
    more = _months_of_more_languages()
    return more.get(name) or more.get(name.removeprefix("ב"))  # Hebrew: "in May" in one word


@cache
def _months_of_more_languages() -> dict[str, int]:
    """Return the names that mean one month only: *listopad* is another one in Zagreb."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for locale in map(OwnLocale.parse, _MORE_LANGUAGES.split()):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, locale).items():
                    found[name.casefold().rstrip(".")].add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}


def _since_midnight(parts: dict[str, str | None]) -> timedelta:
    """Return the time of day: 24:00 is the next midnight, a leap second the one before it."""
    hour, minute = int(parts["hour"] or 0), int(parts["minute"] or 0)
    second = int(parts.get("second") or 0)
    if half := (parts.get("half") or "").lower():
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise ValueError(hour)
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59))


def _offset(zone: str) -> timedelta | None:
    """Return how far east of Greenwich *zone* is, None where it says nothing known."""
    sign = re.search(r"[+-]", zone)
    if sign is None:
        minutes = _ZONES.get(zone.upper())
        return None if minutes is None else timedelta(minutes=minutes)
    digits = zone[sign.end() :].replace(":", "")
    digits = digits.zfill(2) + "00" if len(digits) <= 2 else digits.zfill(4)
    minutes = int(digits[:-2]) * 60 + int(digits[-2:])
    if minutes > _FARTHEST:
        return None
    return timedelta(minutes=-minutes if sign[0] == "-" else minutes)
