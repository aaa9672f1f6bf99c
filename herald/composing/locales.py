"""CLDR locales for language tags, chosen for European readers."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError

from herald.model.ids import Language

_CHOSEN = {
    "en": "en_GB",  # plain English writes the month first, as in the United States
}
_FALLBACK = "en_GB"


@lru_cache(maxsize=256)
def locale_of(language: Language) -> Locale:
    """Return the locale for *language*, else for its base language, else British English."""
    parts = language.replace("_", "-").split("-")
    for size in range(len(parts), 0, -1):
        tag = "-".join(parts[:size])
        try:
            return Locale.parse(_CHOSEN.get(tag.casefold(), tag.replace("-", "_")))
        except (ValueError, TypeError, UnknownLocaleError):
            continue
    return Locale.parse(_FALLBACK)


@lru_cache(maxsize=1024)
def language_name(language: Language, reader: Language) -> str:
    """Return the name of *language* as *reader* calls it, or the tag where no name is known."""
    name = Locale.parse(str(locale_of(reader))).languages.get(
        language.replace("-", "_")
    ) or locale_of(reader).languages.get(language.split("-")[0].casefold())
    return str(name) if name else str(language)
