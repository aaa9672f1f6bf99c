"""The kinds of values that stand in files: how each is written, read, and offered by an editor.

Every value comes as text. A reader raises ``fault`` with what is wrong and what to do. The JSON
Schema beside it says what an editor sees, which types YAML 1.2 scalars: ``15`` is a number there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from babel import Locale
from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from herald.model.campaign import DayRange, Quota, Window
from herald.model.configuration import QuietHours
from herald.model.recurrence import Recurrence, parse_recurrence
from herald.model.span import Span, parse_span
from herald.sources.languages import canonical
from herald.sources.problems import did_you_mean
from herald.sources.shape import fault, fault_of

LEAD = ""
"""The key of a text that was written without a language."""

ANY = "any"
"""The key of hashtags that serve every language."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TIME = re.compile(r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?:[ T](?P<time>\d{1,2}:\d{2})(?::00)?)?")
_QUOTA = re.compile(r"(?P<count>\d{1,4})\s*/\s*(?P<period>\S+)")
_PERIODS = {"hour": "1h", "day": "1d", "week": "7d"}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_URL = re.compile(r"https?://[^\s/?#]+\.?[^\s]*", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\".]+")


class AlsoWritten:
    """Tells the JSON Schema of a further way to write a value that a validator unfolds."""

    def __init__(self, *schemas: JsonSchemaValue) -> None:
        self.schemas = schemas

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [*self.schemas, handler(core)]}


class AlsoSingle:
    """Tells the JSON Schema that a list may be a single entry, and an entry a plain text."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        whole = handler(core)
        one: list[JsonSchemaValue] = [{"type": "string"}, whole["items"]]
        return {"anyOf": [*one, {**whole, "items": {"anyOf": one}}]}


SCALAR: JsonSchemaValue = {"type": ["string", "number", "boolean"]}


def _text_of(value: Any) -> Any:
    """Let JSON numbers and booleans, which environment variables may hold, be text again."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _reads(reader: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Make a validator of a function from text that lets values pass that were read already."""

    def read(value: Any) -> Any:
        value = _text_of(value)
        if isinstance(value, dict | list):
            kind = "a list" if isinstance(value, list) else "a map"
            raise fault("wrong-value", f"a single value is expected here, not {kind}")
        if value is None:
            raise fault("wrong-value", "this entry is empty", "write something, or delete the line")
        return reader(value.strip()) if isinstance(value, str) else value

    return read


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    WithJsonSchema(SCALAR),
]


def _read_id(text: str) -> str:
    if _ID.fullmatch(text):
        return text
    slug = re.sub(r"[^a-z0-9_-]+", "-", text.casefold()).strip("-_")
    hint = f"for example {slug}" if slug else "for example salt-house"
    raise fault("bad-id", f'"{text}" is no id: only letters a-z, digits, - and _ make one', hint)


Id = Annotated[
    str,
    PlainValidator(_reads(_read_id)),
    WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{_ID.pattern}$"}),
]


def _read_language(text: str) -> str:
    try:
        return canonical(text)
    except ValueError as error:
        raise fault_of("unknown-language", error) from error


LanguageTag = Annotated[
    str,
    PlainValidator(_reads(_read_language)),
    WithJsonSchema({"type": "string", "description": "A language tag such as en, sl or pt-BR"}),
]


def _read_language_or_any(text: str) -> str:
    return text if text in (ANY, LEAD) else _read_language(text)


def _read_language_or_lead(text: str) -> str:
    return text if text == LEAD else _read_language(text)


def _single_to_map(value: Any) -> Any:
    value = _text_of(value)
    return {LEAD: value} if isinstance(value, str) else value


_TEXTS: JsonSchemaValue = {
    "type": "object",
    "additionalProperties": SCALAR,
    "propertyNames": {"pattern": r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"},
    "minProperties": 1,
    "description": "One text a language: {en: Text, it: Testo}",
}
Texts = Annotated[
    dict[Annotated[str, AfterValidator(_read_language_or_lead)], Text],
    BeforeValidator(_single_to_map),
    WithJsonSchema({"anyOf": [SCALAR, _TEXTS]}),
]
"""Words by language tag; a single text stands under LEAD."""


def _as_list(value: Any) -> Any:
    value = _text_of(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, dict) else value


Ids = Annotated[
    tuple[Id, ...], BeforeValidator(_as_list), AlsoWritten({"type": ["string", "integer"]})
]
Languages = Annotated[
    tuple[LanguageTag, ...], BeforeValidator(_as_list), AlsoWritten({"type": "string"})
]
TextList = Annotated[tuple[Text, ...], BeforeValidator(_as_list), AlsoWritten(SCALAR)]


def _read_tag(text: str) -> str:
    tag = text.removeprefix("#")
    if not tag or any(char.isspace() or char in "#.,;:!?" for char in tag):
        raise fault(
            "bad-hashtag", f'"{text}" is no hashtag', "write one word, several words as LikeThis"
        )
    return tag


Hashtag = Annotated[str, AfterValidator(_read_tag)]


def _hashtag_map(value: Any) -> Any:
    value = {ANY: value} if isinstance(value, str | list) else value
    if not isinstance(value, Mapping):
        return value
    return {k: v.replace(",", " ").split() if isinstance(v, str) else v for k, v in value.items()}


_TAG_LIST: JsonSchemaValue = {"anyOf": [SCALAR, {"type": "array", "items": SCALAR}]}
Hashtags = Annotated[
    dict[Annotated[str, AfterValidator(_read_language_or_any)], tuple[Hashtag, ...]],
    BeforeValidator(_hashtag_map),
    WithJsonSchema(
        {
            "anyOf": [*_TAG_LIST["anyOf"], {"type": "object", "additionalProperties": _TAG_LIST}],
            "description": "Tags a language, without #; any serves every language",
        }
    ),
]


def _read_span(text: str) -> Span:
    try:
        return parse_span(text)
    except ValueError as error:
        raise fault_of("bad-duration", error) from error


_SPAN: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{1,6}[smhdw]\s*$",
    "description": "A duration: 90s, 20m, 6h, 14d or 2w",
}
Duration = Annotated[Span, PlainValidator(_reads(_read_span)), WithJsonSchema(_SPAN)]
Length = Annotated[
    timedelta,
    PlainValidator(_reads(lambda text: _read_span(text).as_timedelta())),
    WithJsonSchema(_SPAN),
]


def _read_time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None or int(match["hour"]) == 24:
        raise fault("bad-time", f'"{text}" is no time of day', "write hours and minutes: 09:30")
    return time(int(match["hour"]), int(match["minute"]))


_TIME_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{1,2}:\d{2}\s*$",
    "description": "A time of day on the local clock: 09:30",
}
TimeOfDay = Annotated[time, PlainValidator(_reads(_read_time)), WithJsonSchema(_TIME_SCHEMA)]


def _read_date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise fault("bad-date", f'"{text}" is no date', "write year-month-day: 2027-05-16")


_DATE_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{4}-\d{2}-\d{2}\s*$",
    "description": "A day: 2027-05-16",
}
Day = Annotated[date, PlainValidator(_reads(_read_date)), WithJsonSchema(_DATE_SCHEMA)]


def _moment_of(text: str) -> date | datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        if re.match(r"\d{4}-\d{2}-\d{2}.*([+-]\d{2}:?\d{2}|Z)$", text):
            hint = "write the time on the local clock; timezone: names the zone"
            raise fault("bad-moment", f'"{text}" must not carry an offset', hint)
        hint = "write year-month-day hours:minutes: 2027-05-16 10:00"
        raise fault("bad-moment", f'"{text}" is no date and time', hint)
    day = _read_date(match["day"])
    return datetime.combine(day, _read_time(match["time"])) if match["time"] else day


_MOMENT_SCHEMA: JsonSchemaValue = {
    "type": "string",
    "pattern": r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{1,2}:\d{2}(:00)?)?\s*$",
    "description": "A local moment: 2027-05-16 10:00, or a whole day: 2027-05-16",
}
read_moment = _reads(_moment_of)
"""Reads a local moment, or raises what is wrong with it."""

Moment = Annotated[date | datetime, PlainValidator(read_moment), WithJsonSchema(_MOMENT_SCHEMA)]
"""A naive local datetime, or a date where no time was written."""


def _read_day_range(text: str) -> DayRange:
    first, dots, last = text.partition("..")
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
            PlainValidator(_reads(_read_day_range)),
            WithJsonSchema(
                {"type": "string", "description": "A day, or days: 2027-08-01..2027-08-31"}
            ),
        ],
        ...,
    ],
    BeforeValidator(_as_list),
    AlsoWritten({"type": "string"}),
]


def _read_recurrence(text: str) -> Recurrence:
    try:
        return parse_recurrence(text)
    except ValueError as error:
        raise fault_of("bad-recurrence", error) from error


Recurring = Annotated[
    Recurrence,
    PlainValidator(_reads(_read_recurrence)),
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
    raise fault("unknown-zone", f'"{text}" is no time zone', hint or "for example Europe/Rome")


Zone = Annotated[
    str,
    PlainValidator(_reads(_read_zone)),
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
    return Quota(count=int(match["count"]), period=span.as_timedelta())


Limit = Annotated[
    Quota,
    PlainValidator(_reads(_read_quota)),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d{1,4}\s*/", "examples": ["2/day"]}),
]


def read_hours(text: str) -> tuple[time, time | None]:
    """Read ``09:00-19:00``; a day's end may be written 24:00 and is None."""
    first, dash, last = (part.strip() for part in text.partition("-"))
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
    PlainValidator(_reads(_read_quiet_hours)),
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


def _read_url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise fault(
            "bad-url", f'"{text}" is no web address', "write it whole: https://example.org/"
        )
    return text


Url = Annotated[
    str,
    PlainValidator(_reads(_read_url)),
    WithJsonSchema({"type": "string", "pattern": "^https?://"}),
]


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    """Codes of countries by code and name; Greece and Britain also as the Union spells them."""
    named = {
        code: name
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha()
    }
    codes = {code.casefold(): code for code in named}
    return (
        codes | {name.casefold(): code for code, name in named.items()} | {"uk": "GB", "el": "GR"}
    )


def _read_country(text: str) -> str:
    found = _countries().get(text.casefold())
    if found == text:
        return text
    hint = f'did you mean "{found}"?' if found else "write two capital letters: IT"
    raise fault("unknown-country", f'"{text}" is no country code', hint)


Country = Annotated[
    str,
    PlainValidator(_reads(_read_country)),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["IT", "SI"]}),
]


def _read_mail(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise fault("bad-address", f'"{text}" is no mail address', "write it as name@example.org")
    return text


MailAddress = Annotated[
    str,
    PlainValidator(_reads(_read_mail)),
    WithJsonSchema({"type": "string", "pattern": "@"}),
]


def _read_flag(text: str) -> bool:
    match text.casefold():
        case "true" | "yes" | "on":
            return True
        case "false" | "no" | "off":
            return False
    raise fault("wrong-value", f'"{text}" is neither true nor false')


def _read_any_flag(value: Any) -> bool:
    return value if isinstance(value, bool) else bool(_reads(_read_flag)(value))


Flag = Annotated[
    bool,
    PlainValidator(_read_any_flag),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no", "on", "off"]}]}),
]


def _read_count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise fault("wrong-value", f'"{text}" is no whole number', "write digits only: 16")
    return int(text)


Count = Annotated[
    int,
    PlainValidator(_reads(_read_count)),
    WithJsonSchema({"type": ["integer", "string"], "minimum": 0, "pattern": r"^\s*\d+\s*$"}),
]
