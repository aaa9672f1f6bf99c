"""Several names as one list, as a language writes it."""

from __future__ import annotations

from collections.abc import Sequence

from babel.lists import format_list

from herald.composing.locales import locale_of
from herald.model.ids import Language


def listed(names: Sequence[str], language: Language) -> str:
    """Return *names* joined for *language*: "A, B and C"; each name once."""
    return format_list([name for name in dict.fromkeys(names) if name], locale=locale_of(language))
