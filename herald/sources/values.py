"""The kinds of values that stand in files: how each is written, read, and offered by an editor.

Every value comes as text. A reader raises ``fault`` with what is wrong and what to do. The JSON
Schema beside it says what an editor sees, which types YAML 1.2 scalars: ``15`` is a number there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from babel import Locale
from pydantic import (
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from herald.sources.shape import fault

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
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


def as_text(value: Any) -> Any:
    """Let JSON numbers and booleans, which environment variables may hold, be text again."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def reads(reader: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Make a validator of a function from text that lets values pass that were read already."""

    def read(value: Any) -> Any:
        if type(value) is str and "\N{NO-BREAK SPACE}" not in value:
            return reader(value.strip())  # nearly every value: a file holds tens of thousands
        value = as_text(value)
        if isinstance(value, dict | list):
            kind = "a list" if isinstance(value, list) else "a map"
            raise fault("wrong-value", f"a single value is expected here, not {kind}")
        if value is None:
            raise fault("wrong-value", "this entry is empty", "write something, or delete the line")
        if not isinstance(value, str):
            return value
        return reader(value.replace("\N{NO-BREAK SPACE}", " ").strip())

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
    PlainValidator(reads(_read_id)),
    WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{_ID.pattern}$"}),
]


def as_list(value: Any) -> Any:
    """Return a list of what was written as one: a text with commas, or a single map."""
    value = as_text(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, dict) else value


Ids = Annotated[
    tuple[Id, ...], BeforeValidator(as_list), AlsoWritten({"type": ["string", "integer"]})
]
TextList = Annotated[tuple[Text, ...], BeforeValidator(as_list), AlsoWritten(SCALAR)]


def _read_url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise fault(
            "bad-url", f'"{text}" is no web address', "write it whole: https://example.org/"
        )
    return text


Url = Annotated[
    str,
    PlainValidator(reads(_read_url)),
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
    PlainValidator(reads(_read_country)),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["IT", "SI"]}),
]


def _read_mail(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise fault("bad-address", f'"{text}" is no mail address', "write it as name@example.org")
    return text


MailAddress = Annotated[
    str,
    PlainValidator(reads(_read_mail)),
    WithJsonSchema({"type": "string", "pattern": "@"}),
]


def _read_flag(text: str) -> bool:
    match text.casefold():
        case "true" | "yes" | "on":
            return True
        case "false" | "no" | "off":
            return False
    raise fault("wrong-value", f'"{text}" is neither true nor false', "write true or false")


def _read_any_flag(value: Any) -> bool:
    return value if isinstance(value, bool) else bool(reads(_read_flag)(value))


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
    PlainValidator(reads(_read_count)),
    WithJsonSchema({"type": ["integer", "string"], "minimum": 0, "pattern": r"^\s*\d+\s*$"}),
]
