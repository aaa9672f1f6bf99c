"""Checking plain values against a model: pydantic finds what is wrong, this says it for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from herald.model.problem import Place
from herald.sources.problems import Problems, did_you_mean
from herald.sources.yaml import KEY_STEP, Step


class Shape(BaseModel):
    """What a part of a file may hold: known keys only, frozen once read."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
        # Only whole files are checked: a validator for each part alone is never asked for.
        defer_build=True,
    )


class Located(Protocol):
    """Something whose values have a place in a file: a YAML document, or a row of a table."""

    def place(self, loc: Sequence[Step] = ()) -> Place:
        """Return where the value at *loc* stands."""
        ...

    def key(self, loc: Sequence[Step]) -> Place:
        """Return where the key of the value at *loc* stands."""
        ...


S = TypeVar("S", bound=BaseModel)


def fault(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """Make the error that a validator raises: a code, what is wrong, what to do."""
    return PydanticCustomError(
        "herald", "{message}", {"code": code, "message": message, "hint": hint}
    )


def fault_of(code: str, error: ValueError) -> PydanticCustomError:
    """Make the same from an exception whose message ends in its remedy in parentheses."""
    message, _, hint = str(error).partition(" (")
    return fault(code, message, hint.removesuffix(")"))


def check_shape(model: type[S], data: Any, where: Located, problems: Problems) -> S | None:
    """Return *data* as *model*, or None after noting every problem."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=True):
            note(detail, model, where, problems)
        return None


def note(detail: ErrorDetails, model: type[BaseModel], where: Located, problems: Problems) -> None:
    """Add one of pydantic's errors to *problems* in words."""
    loc = detail["loc"]
    match detail["type"]:
        case "missing":
            message = f'"{loc[-1]}" is missing'
            problems.error(where.place(loc[:-1]), "missing-key", message, "add it")
        case "extra_forbidden":
            hint = _known_key(str(loc[-1]), _keys_at(model, loc[:-1]))
            problems.error(where.key(loc), "unknown-key", f'unknown word "{loc[-1]}"', hint)
        case "herald":
            context = detail["ctx"]
            place = where.key(loc[:-1]) if loc and loc[-1] == KEY_STEP else where.place(loc)
            problems.error(place, context["code"], context["message"], context["hint"])
        case kind:
            problems.error(where.place(loc), "wrong-value", *_explained(kind, detail))


def _known_key(word: str, keys: frozenset[str]) -> str:
    """Return what to write instead of an unknown key."""
    if word.startswith("-") and len(word) > 1:
        return f'put a space behind the dash: "- {word.lstrip("-")}"'
    meant = _SAME.get(word.casefold())
    if meant in keys:
        return f'did you mean "{meant}"?'
    if _TAG.fullmatch(word) and "title" in keys:
        return "if this is a language of the text above, put two more spaces in front of it"
    return did_you_mean(word, keys)


_TAG = re.compile("[a-z]{2}")
_SAME: Mapping[str, str] = {
    other: key
    for key, others in {
        "title": "headline name titolo título titre tytuł naslov",
        "text": "body description content texto testo texte tekst besedilo",
        "image": "picture photo img bild foto immagine imagen obraz slika",
        "link": "url href website",
        "kind": "type art tipo typ",
        "begins": "start starts begin date datum data fecha beginn inizio",
        "finishes": "end ends finish ende fine",
        "place": "where location venue ort luogo lugar lieu miejsce kraj",
        "languages": "language lang sprachen lingue idiomas langues języki jeziki",
        "channels": "channel kanal kanäle canali canales canaux kanały kanali",
        "hashtags": "hashtag tags tag",
        "post": "when publish schedule occasions",
        "campaign": "kampagne campagna campaña campagne kampania kampanja",
        "timezone": "zone tz zeitzone",
    }.items()
    for other in others.split()
}
"""Words that people write for keys, in the languages of most networks."""


def _explained(kind: str, detail: ErrorDetails) -> tuple[str, str]:
    given = detail["input"]
    if given is None:
        return "this entry is empty", "write something, or delete the line"
    if kind in ("enum", "literal_error"):
        known = re.findall(r"'([^']*)'", detail.get("ctx", {})["expected"])
        return f'"{given}" is not one of {", ".join(known)}', _near(str(given), known)
    if kind in _MISTYPED:
        expected, hint = _MISTYPED[kind]
        return f"{expected} is expected here, not {_named(given)}", hint
    if kind in ("string_too_short", "too_short"):
        return "this is empty", "write something, or delete the line"
    return detail["msg"], ""


_MISTYPED = {
    "string_type": ("a text", ""),
    "tuple_type": ("a list", 'write "- " before each entry'),
    "dict_type": ("a map", "write KEY: VALUE"),
    "model_type": ("a map", "write KEY: VALUE"),
    "model_attributes_type": ("a map", "write KEY: VALUE"),
}
"""What each of pydantic's type errors expects, and how it is written."""


def _near(word: str, known: Sequence[str]) -> str:
    hint = did_you_mean(word, known)
    return hint if hint.startswith("did") else ""


def _named(value: object) -> str:
    match value:
        case dict():
            return "a map"
        case list():
            return "a list"
    text = str(value)
    return f'"{text[:_LONGEST]}…"' if len(text) > _LONGEST else f'"{text}"'


_LONGEST = 60
"""More of a wrong value than this hides the message."""


def _keys_at(model: type[BaseModel], loc: Sequence[Step]) -> frozenset[str]:
    """Return the words that are known at *loc*, found by walking down the models' fields."""
    current = model
    if issubclass(model, RootModel):
        current, loc = _model_in(model.model_fields["root"].annotation) or model, loc[1:]
    for step in loc:
        if isinstance(step, str) and (found := _field(current, step)) is not None:
            current = found
    return frozenset(field.alias or name for name, field in current.model_fields.items())


def _field(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return _model_in(field.annotation)
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
