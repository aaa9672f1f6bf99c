"""Who made a picture and on what terms it may be shown, as one line of a post. Pure.

    📷 Ecomuseo di Argenta (CC BY 4.0)

A camera stands before it, which screen readers name in the reader's language: a word of ours would
need a translation into each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from herald.composing.cleaning import clean_line, isolate
from herald.composing.comparing import contains
from herald.model.ids import Language

_CAMERA = "📷"
_CREATIVE_COMMONS = re.compile(
    r"(?:https?://)?(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/(?P<what>[a-z-]+)"
    r"(?:/(?P<version>\d\.\d))?.*|cc[ -]?(?P<short>[a-z][a-z -]*?|0|zero)(?:[ -]v?(?P<of>\d\.\d))?"
    r"(?:[ -](?P<land>[a-z]{2}))?",
    re.IGNORECASE,
)
_FREE = {"zero": "CC0", "0": "CC0", "mark": "Public Domain", "publicdomain": "Public Domain"}
"""What asks for no name: CC0 1.0, and the Public Domain Mark, which says that nobody may ask."""
_NOT_OWED = frozenset({"", "own", "cc0", "cc0 1.0", "public domain", "pd", "pdm", "gemeinfrei"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """The line under a picture."""

    text: str
    owed: bool
    """The licence or the agreement asks for it: it never goes for want of room."""


def credit_of(credit: str, licence: str, language: Language) -> Credit:
    """Return the line for a picture by *credit* under *licence*; empty where nobody is named.

    It is owed under every licence but those that ask for no name; a credit without a licence is
    taken for one that was agreed on.
    """
    name, terms = clean_line(credit), spelled(licence)
    free = terms.casefold() in _NOT_OWED - {""}
    if not name:
        return Credit(text="", owed=False)
    shown = isolate(name, language)
    if terms and terms.casefold() != "own" and terms.casefold() not in name.casefold():
        shown = f"{shown} ({terms})"
    return Credit(text=f"{_CAMERA} {shown}", owed=not free)


def is_credited(credit: str, words: str) -> bool:
    """Tell whether *words* say all that the line *credit* says."""
    said = credit.removeprefix(_CAMERA).strip()
    return bool(said) and contains(words, said)


def asks_for_a_name(licence: str) -> bool:
    """Tell whether *licence* is one of Creative Commons that asks to name who made the work."""
    return spelled(licence).startswith("CC BY")


def spelled(licence: str) -> str:
    """Return a licence as people write it: ``CC BY-SA 4.0`` for ``CC-BY-SA-4.0`` or its address.

    What is not known stays as it is.
    """
    plain = clean_line(licence)
    found = _CREATIVE_COMMONS.fullmatch(plain)
    if found is None:
        return plain
    what = (found["what"] or found["short"]).strip(" -").casefold().replace(" ", "-")
    version = found["version"] or found["of"] or ""
    land = f" {found['land'].upper()}" if found["land"] else ""
    if what in _FREE:
        return f"{_FREE[what]} {version}".strip() if _FREE[what] == "CC0" else _FREE[what]
    if what.split("-")[0] != "by":
        return plain
    return f"CC {what.upper()} {version}".strip() + land
