"""What somebody probably meant who wrote a value in another way: suggestions for wrong values.

Nothing here is ever taken instead of what was written; a guess is only shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from functools import lru_cache

from herald.composing.locales import OwnLocale

_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-./ ](?P<month>\d{1,2})[-./ ](?P<day>\d{1,2})")
_YEAR_LAST = re.compile(r"(?P<day>\d{1,2})[-./ ]+(?P<month>\d{1,2})[-./ ]+(?P<year>\d{4})")
_MONTH_NAMED = re.compile(
    r"(?P<day>\d{1,2})[. ]*(?:de )?(?P<name>[^\W\d]+)\.? *(?:de )?(?P<year>\d{4})"
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:[.:h, ]?(?P<minute>\d{2}))?"
    r"(?: *(?P<half>[ap])\.?m\.?)?(?: *(?:h|uhr|ore|hrs))?",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"(?P<count>\d{1,6}) *(?P<unit>[^\W\d]+)\.?")
_NTH = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth"}
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS: Mapping[str, tuple[str, ...]] = {
    "s": ("sec", "sek"),
    "m": ("min",),
    "h": ("hour", "hr", "std", "stunde", "or", "heure", "hora", "ur", "godzin"),
    "d": ("day", "tag", "giorn", "jour", "dia", "día", "dni", "dan", "dzie", "den", "dn"),
    "w": ("week", "woche", "settiman", "semain", "seman", "tyd", "týd", "teden", "wk"),
}
"""How words for each unit begin, in the languages of most networks."""
_LOCALES = ("en", "de", "it", "fr", "es", "pt", "pl", "sl", "cs", "hr", "nl", "hu", "el", "ro")
"""Languages in which a month or a day of the week is recognised."""


def meant_day(text: str) -> str:
    """Return *text* as ``2027-05-16``, or an empty string where nobody can tell."""
    found = _day_in(_plain(text))
    return found[0] if found and not found[1] else ""


def meant_moment(text: str) -> str:
    """Return *text* as ``2027-05-16`` or ``2027-05-16 10:00``, else an empty string."""
    found = _day_in(_plain(text))
    if not found:
        return ""
    day, rest = found
    at = meant_time(rest) if rest else ""
    return f"{day} {at}" if at else "" if rest else day


def meant_time(text: str) -> str:
    """Return *text* as ``09:30``, else an empty string."""
    match = _CLOCK.fullmatch(_plain(text))
    if match is None or not (match["minute"] or match["half"] or match[0] != match["hour"]):
        return ""
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].casefold() == "p" else 0)
    return f"{time(hour, minute):%H:%M}" if hour < 24 and minute < 60 else ""


def meant_span(text: str) -> str:
    """Return *text* as ``14d``, else an empty string."""
    match = _AMOUNT.fullmatch(_plain(text).casefold())
    if match is None:
        return ""
    word = match["unit"]
    units = [unit for unit, begins in _UNITS.items() if word == unit or word.startswith(begins)]
    return f"{match['count']}{units[0]}" if len(units) == 1 else ""


def meant_days(text: str) -> str:
    """Return *text* as words for ``every:`` such as ``first friday``, else an empty string."""
    words = [
        word for word in _plain(text).casefold().split() if word not in ("every", "each", "the")
    ]
    words = [_NTH.get(word, _weekdays().get(word.rstrip("."), word)) for word in words]
    if words and words[-1] not in _WEEK:
        words[-1] = words[-1] if words[-1] in ("day", "weekday") else words[-1].removesuffix("s")
    nth = words[:-1]
    is_known = bool(words) and words[-1] in (*_WEEK, "day", "weekday")
    is_nth = not nth or (len(nth) == 1 and nth[0] in (*_NTH.values(), "last"))
    return " ".join(words) if is_known and is_nth else ""


def did_you_mean_this(meant: str, otherwise: str) -> str:
    """Return a hint that shows the guess, else the general one."""
    return f'did you mean "{meant}"?' if meant else otherwise


def _plain(text: str) -> str:
    """Return text with typographic dashes, spaces and quotation marks as the keyboard has them."""
    plain = text.translate({0x2013: "-", 0x2014: "-", 0x2011: "-", 0xA0: " ", 0x202F: " "})
    return " ".join(plain.strip(" “”„‟’‘«»\"'").rstrip(";,").split())


def _day_in(text: str) -> tuple[str, str] | None:
    """Return the day with which *text* begins, and what comes behind it."""
    for pattern in (_YEAR_FIRST, _YEAR_LAST, _MONTH_NAMED):
        match = pattern.match(text)
        if match is None:
            continue
        day = _date(match.groupdict(), are_unclear=pattern is _YEAR_LAST and "/" in match[0])
        return (day, text[match.end() :].strip(" ,T")) if day else None
    return None


def _date(parts: Mapping[str, str], *, are_unclear: bool) -> str:
    year, day = int(parts["year"]), int(parts["day"])
    month = int(parts["month"]) if "month" in parts else _months().get(parts["name"].casefold(), 0)
    if month > 12 >= day:
        month, day = day, month
    elif are_unclear and day <= 12 and day != month:
        return ""  # 5/6/2027 is in May or in June
    try:
        return f"{date(year, month, day)}"
    except ValueError:
        return ""


@lru_cache(maxsize=1)
def _months() -> Mapping[str, int]:
    return {name: number for number, name in _names("months")}


@lru_cache(maxsize=1)
def _weekdays() -> Mapping[str, str]:
    plural = {f"{day}s": day for day in _WEEK}
    return {name: _WEEK[number] for number, name in _names("days")} | plural


def _names(what: str) -> Iterable[tuple[int, str]]:
    """Yield names of months or days with their numbers, as CLDR has them."""
    for tag in _LOCALES:
        forms = getattr(OwnLocale(tag), what)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in forms[context][width].items():
                    yield number, name.casefold().rstrip(".")
