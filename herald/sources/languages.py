"""Language tags as people write them, checked and put into their usual spelling."""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale

from herald.sources.problems import did_you_mean

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*)",
    re.IGNORECASE,
)
_COUNTRIES = {"cz": "cs", "gr": "el", "dk": "da", "ua": "uk", "jp": "ja", "cn": "zh", "al": "sq"}
"""Country codes that are often taken for languages, and are none."""


@lru_cache(maxsize=1024)
def canonical(tag: str) -> str:
    """Return *tag* in its usual spelling (``pt-BR``); raise ValueError with a remedy if it is none.

    Two-letter languages are a closed list (ISO 639-1); of the thousands with three letters any is
    taken, because CLDR, which Babel carries, names only some.
    """
    match = _TAG.fullmatch(tag.strip().replace("_", "-"))
    if match is None:
        raise ValueError(f'"{tag}" is no language ({_instead_of(tag)})')
    language = match["language"].lower()
    if len(language) == 2 and language not in _two_letters():
        near = _COUNTRIES.get(language)
        hint = f'did you mean "{near}"?' if near else did_you_mean(language, _EUROPEAN)
        hint = hint or "write a tag such as en, sl, pt-BR or sr-Latn"
        raise ValueError(f'"{tag}" is no language ({hint})')
    script = f"-{match['script'].title()}" if match["script"] else ""
    region = f"-{match['region'].upper()}" if match["region"] else ""
    return f"{language}{script}{region}{match['variants'].lower()}"


def _instead_of(words: str) -> str:
    """Return a remedy for a language's name, for several tags, or for words cut off a text."""
    tags = words.replace(";", " ").split()
    if len(tags) > 1 and all(tag in _two_letters() for tag in tags):
        return f"put commas between them: {', '.join(tags)}"
    if named := _names().get(words.strip().casefold()):
        return f'did you mean "{named}"?'
    if len(tags) > 1:
        return "if it belongs to the text before it, put that whole text in quotes"
    return "write a tag such as en, sl, pt-BR or sr-Latn"


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return the languages of Europe by their names in English and in themselves."""
    english = Locale("en").languages
    own = {str(Locale(tag).get_language_name()).casefold(): tag for tag in _EUROPEAN}
    return own | {str(english[tag]).casefold(): tag for tag in _EUROPEAN}


@lru_cache(maxsize=1)
def _two_letters() -> frozenset[str]:
    return frozenset(tag for tag in map(str, Locale("en").languages) if len(tag) == 2)


_EUROPEAN = (
    *("bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr"),
    *("hu", "is", "it", "lt", "lv", "mk", "mt", "nl", "no", "pl", "pt", "ro", "sk", "sl", "sq"),
    *("sr", "sv", "tr", "uk"),
)
"""What a slip of the finger is compared with."""
