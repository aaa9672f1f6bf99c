"""CLDR locales for language tags, chosen for European readers."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property, lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.localedata import LocaleDataDict, load

from herald.model.ids import Language

_CHOSEN = {
    "en": "en_GB",  # plain English writes the month first, as in the United States
}
_FALLBACK = "en_GB"
_REFERRING = ("months", "days", "quarters", "eras", "currency_formats")
"""What refers to another part of the same locale, and is inherited with that."""


class OwnLocale(Locale):
    """A locale whose words are its own: for all that names months, days or eras.

    Babel keeps in one place what locales inherit, and writes what it finds back into it: once a
    month was spelled in Hebrew or Japanese, those of Maltese and many others came out so as well
    (python-babel#1234, there in 2.18).
    """

    @cached_property
    def _data(self) -> LocaleDataDict:
        shared = load(str(self).partition("@")[0])
        own = {name: deepcopy(shared[name]) for name in _REFERRING if name in shared}
        parts: dict[Any, Any] = {**shared, **own}
        return LocaleDataDict(parts)


@lru_cache(maxsize=256)
def locale_of(language: Language) -> Locale:
    """Return the locale for *language*, else for its base language, else British English."""
    parts = language.replace("_", "-").split("-")
    for size in range(len(parts), 0, -1):
        tag = "-".join(parts[:size])
        try:
            return OwnLocale.parse(_CHOSEN.get(tag.casefold(), tag.replace("-", "_")))
        except (ValueError, TypeError, UnknownLocaleError):
            continue
    return OwnLocale.parse(_FALLBACK)


@lru_cache(maxsize=1024)
def language_name(language: Language, reader: Language) -> str:
    """Return the name of *language* as *reader* calls it, or the tag where no name is known."""
    names = locale_of(reader).languages
    name = names.get(language.replace("-", "_")) or names.get(language.split("-")[0].casefold())
    return str(name) if name else str(language)
