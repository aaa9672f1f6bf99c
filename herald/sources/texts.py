"""Words, languages and hashtags: how each is written in a file, read, and offered by an editor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from herald.sources.languages import canonical
from herald.sources.shape import fault, fault_of
from herald.sources.values import SCALAR, AlsoWritten, Text, as_list, as_text, reads

LEAD = ""
"""The key of a text that was written without a language."""

ANY = "any"
"""The key of hashtags that serve every language."""


def _read_language(text: str) -> str:
    try:
        return canonical(text)
    except ValueError as error:
        raise fault_of("unknown-language", error) from error


LanguageTag = Annotated[
    str,
    PlainValidator(reads(_read_language)),
    WithJsonSchema({"type": "string", "description": "A language tag such as en, sl or pt-BR"}),
]


def _read_language_or_any(text: str) -> str:
    return text if text in (ANY, LEAD) else _read_language(text)


def _read_language_or_lead(text: str) -> str:
    return text if text == LEAD else _read_language(text)


def _single_to_map(value: Any) -> Any:
    value = as_text(value)
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


Languages = Annotated[
    tuple[LanguageTag, ...], BeforeValidator(as_list), AlsoWritten({"type": "string"})
]


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
