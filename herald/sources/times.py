"""Days, hours and durations: how each is written in a file, read, and offered by an editor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from herald.model.campaign import DayRange, Quota, Window
from herald.model.configuration import QuietHours
from herald.model.mail_limits import MailLimit
from herald.model.recurrence import Recurrence, parse_recurrence
from herald.model.span import Span, parse_span
from herald.sources.meant import (
    did_you_mean_this,
    meant_day,
    meant_days,
    meant_moment,
    meant_span,
    meant_time,
)
from herald.sources.problems import did_you_mean
from herald.sources.shape import fault, fault_of
from herald.sources.values import AlsoWritten, as_list, reads

_TIME = re.compile(r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?:[ T](?P<time>\d{1,2}:\d{2})(?::00)?)?")
_QUOTA = re.compile(r"(?P<count>\d{1,4})\s*/\s*(?P<period>\S+)")
_PERIODS = {"hour": "1h", "day": "1d", "week": "7d"}
_MAIL_LIMIT = re.compile(r"(?P<count>\d{1,7})\s*(/|an?\b|per\b)\s*(?P<period>\w+)", re.IGNORECASE)
_MAIL_PERIODS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_YEARS = range(1900, 2200)
"""Other years are slips of the finger, and the calendar's ends would break reckoning with them."""

_LONGEST = timedelta(days=3660)
"""Ten years: more is a slip of the finger too."""

_LONGEST_OBSERVANCE = timedelta(days=100)
"""The heritage days of all countries together last from August to November, and nothing longer."""


@lru_cache(maxsize=1024)
def _read_span(text: str) -> Span:
    try:
        span = parse_span(text)
    except ValueError as error:
        hint = did_you_mean_this(meant_span(text), "write a number and m, h, d or w: 20m, 6h, 14d")
        raise fault("bad-duration", f'"{text}" is no duration', hint) from error
    if span.as_timedelta() > _LONGEST:
        raise fault("bad-duration", f'"{text}" is longer than ten years', "check the letter")
    return span


_SPAN: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{1,6}[smhdw]\s*$",
    "description": "A duration: 90s, 20m, 6h, 14d or 2w",
}
Duration = Annotated[Span, PlainValidator(reads(_read_span)), WithJsonSchema(_SPAN)]
Length = Annotated[
    timedelta,
    PlainValidator(reads(lambda text: _read_span(text).as_timedelta())),
    WithJsonSchema(_SPAN),
]


@lru_cache(maxsize=1024)
def _read_time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None or int(match["hour"]) == 24:
        usual = "midnight is 00:00 of the next day" if match else "write hours and minutes: 09:30"
        hint = did_you_mean_this(meant_time(text), usual)
        raise fault("bad-time", f'"{text}" is no time of day', hint)
    return time(int(match["hour"]), int(match["minute"]))


_TIME_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{1,2}:\d{2}\s*$",
    "description": "A time of day on the local clock: 09:30",
}
TimeOfDay = Annotated[time, PlainValidator(reads(_read_time)), WithJsonSchema(_TIME_SCHEMA)]


@lru_cache(maxsize=1024)
def _read_date(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is not None and day.year in _YEARS:
        return day
    hint = did_you_mean_this(meant_day(text), "write year-month-day: 2027-05-16")
    raise fault("bad-date", f'"{text}" is no date', hint)


_DATE_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{4}-\d{2}-\d{2}\s*$",
    "description": "A day: 2027-05-16",
}
Day = Annotated[date, PlainValidator(reads(_read_date)), WithJsonSchema(_DATE_SCHEMA)]


def _moment_of(text: str) -> date | datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        if re.match(r"\d{4}-\d{2}-\d{2}.*([+-]\d{2}:?\d{2}|Z)$", text):
            hint = "write the time on the local clock; timezone: names the zone"
            raise fault("bad-moment", f'"{text}" must not carry an offset', hint)
        hint = "write year-month-day hours:minutes: 2027-05-16 10:00"
        if text.startswith("-"):
            hint = "put a space behind the dash"
        hint = did_you_mean_this(meant_moment(text), hint)
        raise fault("bad-moment", f'"{text}" is no date and time', hint)
    day = _read_date(match["day"])
    return datetime.combine(day, _read_time(match["time"])) if match["time"] else day


_MOMENT_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{1,2}:\d{2}(:00)?)?\s*$",
    "description": "A local moment: 2027-05-16 10:00, or a whole day: 2027-05-16",
}
read_moment = reads(_moment_of)
"""Reads a local moment, or raises what is wrong with it."""

Moment = Annotated[date | datetime, PlainValidator(read_moment), WithJsonSchema(_MOMENT_SCHEMA)]
"""A naive local datetime, or a date where no time was written."""


def _read_day_range(text: str) -> DayRange:
    first, dots, last = text.partition("..")
    if not dots and len(ends := _DATE.findall(text)) == 2:
        raise fault("bad-range", f'"{text}" is no date', f'did you mean "{ends[0]}..{ends[1]}"?')
    days = DayRange(
        first=_read_date(first.strip()), last=_read_date((last if dots else first).strip())
    )
    if days.last < days.first:
        raise fault("bad-range", f'"{text}" ends before it begins', "write the earlier day first")
    return days


DayRanges = Annotated[
    tuple[
        Annotated[
            DayRange,
            PlainValidator(reads(_read_day_range)),
            WithJsonSchema(
                {"type": "string", "description": "A day, or days: 2027-08-01..2027-08-31"}
            ),
        ],
        ...,
    ],
    BeforeValidator(as_list),
    AlsoWritten({"type": "string"}),
]


def _one_a_year(ranges: tuple[DayRange, ...]) -> tuple[DayRange, ...]:
    """Return the days of an observance, of which each year has one date or one range."""
    if not ranges:
        raise fault("wrong-value", "this is empty", "write a day: 2027-05-16")
    seen: dict[int, DayRange] = {}
    for days in ranges:
        if days.last - days.first > _LONGEST_OBSERVANCE:
            message = f"{_range(days)} is longer than {_LONGEST_OBSERVANCE.days} days"
            raise fault("bad-range", message, "write two days as a list: [DAY, DAY]")
        other = seen.setdefault(days.first.year, days)
        if other is not days:
            message = f"{_range(other)} and {_range(days)} are in one year"
            hint = "keep one of them; several days in a row are written 2027-06-07..2027-06-13"
            raise fault("same-year", message, hint)
    return ranges


def _range(days: DayRange) -> str:
    return f"{days.first}" if days.first == days.last else f"{days.first}..{days.last}"


DaysByYear = Annotated[
    DayRanges,
    AfterValidator(_one_a_year),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ],
            "description": "Its day or days in each year: 2027-06-07..2027-06-13",
            "examples": ["2027-06-07..2027-06-13", ["2027-05-15", "2028-05-20"]],
        }
    ),
]
"""The days of one observance, at most one date or range a year."""


@lru_cache(maxsize=1024)
def _read_recurrence(text: str) -> Recurrence:
    try:
        return parse_recurrence(text)
    except ValueError as error:
        if "=" in text:
            raise fault_of("bad-recurrence", error) from error
        usual = "write day, weekday, friday, first tuesday, or 15 for that day of the month"
        hint = did_you_mean_this(meant_days(text), usual)
        raise fault("bad-recurrence", f'"{text}" does not say on which days', hint) from error


Recurring = Annotated[
    Recurrence,
    PlainValidator(reads(_read_recurrence)),
    WithJsonSchema(
        {
            "type": ["string", "integer"],
            "description": "day, weekday, friday, first tuesday, 15 (of the month), an RRULE",
            "examples": ["friday", "first tuesday", "last friday", "weekday", "day", "15"],
        }
    ),
]


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _read_zone(text: str) -> str:
    if text in _zones():
        return text
    cities = {name.rpartition("/")[2]: name for name in _zones()}
    near = cities.get(text.strip().title()) or cities.get(text.rpartition("/")[2].title())
    hint = f'did you mean "{near}"?' if near else did_you_mean(text, _zones())
    if text[:3].upper() in ("GMT", "UTC"):
        hint = "name a city, whose clocks change in summer: Europe/Rome"
    raise fault("unknown-zone", f'"{text}" is no time zone', hint or "for example Europe/Rome")


Zone = Annotated[
    str,
    PlainValidator(reads(_read_zone)),
    WithJsonSchema({"type": "string", "description": "A time zone: Europe/Rome, Atlantic/Azores"}),
]


def _read_quota(text: str) -> Quota:
    match = _QUOTA.fullmatch(text)
    if match is None:
        raise fault("bad-limit", f'"{text}" is no limit', "write a number and a period: 2/day")
    try:
        span = parse_span(_PERIODS.get(match["period"], match["period"]))
    except ValueError as error:
        hint = "write hour, day, week or a duration: 2/day, 6/12h"
        raise fault("bad-limit", f'"{match["period"]}" is no period', hint) from error
    if span.as_timedelta() == timedelta(0):
        raise fault("bad-limit", f'"{text}" has no period', "write hour, day or week: 2/day")
    return Quota(count=int(match["count"]), period=span.as_timedelta())


Limit = Annotated[
    Quota,
    PlainValidator(reads(_read_quota)),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d{1,4}\s*/", "examples": ["2/day"]}),
]


def _read_mail_limit(text: str) -> MailLimit:
    match = _MAIL_LIMIT.fullmatch(text)
    if match is None:
        hint = "write a number and a period: 300/hour, 20/minute, 500/day"
        raise fault("bad-limit", f'"{text}" is no limit', hint)
    count, period = int(match["count"]), match["period"].casefold()
    length = _MAIL_PERIODS.get(period.removesuffix("s"))
    if length is None:
        near = did_you_mean(period, _MAIL_PERIODS)
        hint = near or "write second, minute, hour or day: 300/hour"
        raise fault("bad-limit", f'"{match["period"]}" is no period', hint)
    if count == 0:
        hint = "pause the campaign instead, or name what may go"
        raise fault("bad-limit", "nothing could ever go out", hint)
    return MailLimit(count=count, period=length)


def _one_a_period(limits: tuple[MailLimit, ...]) -> tuple[MailLimit, ...]:
    if len({limit.period for limit in limits}) < len(limits):
        raise fault("bad-limit", "two limits have the same period", "keep the smaller of them")
    return limits


MailLimits = Annotated[
    tuple[Annotated[MailLimit, PlainValidator(reads(_read_mail_limit))], ...],
    BeforeValidator(as_list),
    AfterValidator(_one_a_period),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "description": "At most so many mails: 300/hour; several limits hold together",
            "examples": ["300/hour", ["20/minute", "500/day"]],
        }
    ),
]
"""How many mails, in the words of mail providers; one or several."""


def read_hours(text: str) -> tuple[time, time | None]:
    """Read ``09:00-19:00``; a day's end may be written 24:00 and is None."""
    first, dash, last = (part.strip() for part in text.replace("\N{EN DASH}", "-").partition("-"))
    if not dash:
        raise fault("bad-hours", f'"{text}" are no hours', 'write from-to: "09:00-19:00"')
    closes = None if last in ("24:00", "00:00") else _read_time(last)
    opens = _read_time(first)
    if opens == closes:
        raise fault("bad-hours", f'"{text}" begins when it ends', 'write from-to: "09:00-19:00"')
    return opens, closes


def read_days(text: str) -> frozenset[int]:
    """Read ``mon-fri`` or ``mon, wed, sat-sun`` as weekday numbers from Monday, 0."""
    found: set[int] = set()
    for part in text.replace(",", " ").split():
        first, dash, last = part.casefold().partition("-")
        ends = [name[:3] for name in (first, last if dash else first)]
        if not set(ends) <= set(_DAYS):
            hint = "write days as mon-fri, or mon, wed, sat"
            raise fault("bad-days", f'"{part}" are no days of the week', hint)
        begin, end = (_DAYS.index(name) for name in ends)
        found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)


def _read_quiet_hours(text: str) -> QuietHours:
    begins, ends = read_hours(text)
    return QuietHours(begins=begins, ends=ends or time(0, 0))


Quiet = Annotated[
    QuietHours,
    PlainValidator(reads(_read_quiet_hours)),
    WithJsonSchema({"type": "string", "description": "Local hours without posts: 20:00-08:30"}),
]


def _read_window(value: Any) -> Window:
    if isinstance(value, Window):
        return value
    if isinstance(value, str):
        value = {"hours": value}
    if not isinstance(value, Mapping) or not set(value) <= {"days", "hours"}:
        hint = 'write {days: mon-fri, hours: "09:00-19:00"}'
        raise fault("bad-window", "a window has days and hours, nothing else", hint)
    days, hours = value.get("days", "mon-sun"), value.get("hours", "00:00-24:00")
    if not isinstance(hours, str):
        raise fault("bad-hours", "hours are one text", 'write from-to: "09:00-19:00"')
    opens, closes = read_hours(hours)
    named = ",".join(str(day) for day in days) if isinstance(days, list) else str(days)
    return Window(weekdays=read_days(named), opens=opens, closes=closes)


PostingWindow = Annotated[
    Window,
    PlainValidator(_read_window),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "days": {"anyOf": [{"type": "string"}, {"type": "array"}]},
                        "hours": {"type": "string", "examples": ["09:00-19:00"]},
                    },
                },
            ],
            "description": 'When posting is welcome: {days: mon-fri, hours: "09:00-19:00"}',
        }
    ),
]
