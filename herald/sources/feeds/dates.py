"""Reads the dates that feeds write, in the many ways in which they write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

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
_WRITTEN = re.compile(
    r"(?:[^\W\d_]+\.?,?\s+)?(?P<day>\d{1,2})\.?(?:\s+|-)(?:de\s+)?(?P<month>[^\W\d_]+)\.?,?"
    r"(?:\s+|-)(?:de\s+)?(?P<year>\d{4}|\d{2})"
    r"(?:,?\s+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?)?"
    r"\s*(?P<zone>[A-Za-z]{1,5}|[+-]\d{1,2}:?\d{2})?\s*(?:\([^)]*\))?"
)
_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:[T\s]+(?P<time>\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?"
    r"\s*(?P<zone>Z|z|[A-Za-z]{2,5}|[+-]\d{1,2}:?\d{2})?)?"
)
_PLAUSIBLE = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Read:
    """A date that was understood."""

    moment: datetime
    """UTC."""
    has_zone: bool
    """Whether the feed said which zone; without one it counts as UTC."""


def read_date(text: str) -> Read | None:
    """Read a date in the forms of RSS, Atom and careless systems; None where it is none."""
    found = " ".join(text[:_LONGEST].split())
    for form, read in ((_ISO, _iso), (_WRITTEN, _written)):
        match = form.fullmatch(found)
        if match is None:
            continue
        try:
            read_as = read(match)
        except (ValueError, OverflowError):
            return None
        if read_as is not None and _PLAUSIBLE[0] <= read_as.moment < _PLAUSIBLE[1]:
            return read_as
    return None


def _iso(match: re.Match[str]) -> Read | None:
    clock = match["time"]
    hour_first = (
        time.fromisoformat(clock.rjust(8 if clock.count(":") == 2 else 5, "0"))
        if (clock)
        else time(0)
    )
    return _zoned(datetime.combine(date.fromisoformat(match["date"]), hour_first), match["zone"])


def _written(match: re.Match[str]) -> Read | None:
    month = _MONTHS.get(match["month"].casefold())
    if month is None:
        return None
    year = int(match["year"])
    if year < 100:
        year += 2000 if year < 70 else 1900
    second = min(int(match["second"] or 0), 59)
    local = datetime(
        year, month, int(match["day"]), int(match["hour"] or 0), int(match["minute"] or 0), second
    )
    return _zoned(local, match["zone"])


def _zoned(local: datetime, zone: str | None) -> Read | None:
    if not zone:
        return Read(local.replace(tzinfo=UTC), has_zone=False)
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").zfill(4)
        minutes = int(digits[:-2]) * 60 + int(digits[-2:])
        offset = -minutes if zone[0] == "-" else minutes
    elif zone.upper() in _ZONES:
        offset = _ZONES[zone.upper()]
    else:
        return Read(local.replace(tzinfo=UTC), has_zone=False)
    return Read(
        local.replace(tzinfo=timezone(timedelta(minutes=offset))).astimezone(UTC), has_zone=True
    )
