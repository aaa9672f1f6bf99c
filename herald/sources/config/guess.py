"""Guesses what a new partner's lines should say from what its site says: for a person to correct.

Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from herald.sources.languages import canonical
from herald.sources.values import Country, Id

TRUSTED = "trusted"
"""The tag by which a rule may pass on a partner without asking first."""

_SEPARATORS = re.compile(r"\s+[|–—·•»«:-]\s+|\s*[|»«]\s*")
_NO_NAMES = frozenset(
    {
        *("home", "homepage", "start", "startseite", "index", "inicio", "accueil", "benvenuti"),
        *("welcome", "willkommen", "news", "notizie", "novice", "aktualności", "noticias"),
        *("actualités", "blog", "feed", "rss", "events", "eventi", "eventos", "calendar"),
        *("calendario", "agenda", "kalender", "untitled", "wordpress", "site"),
    }
)
"""Parts of titles that name nobody."""
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h"}
    | {"ı": "i"}
)
_LONGEST_ID = 40
_HOSTS_OF_MANY = ("google.com", "live.com", "office365.com", "feedburner.com", "icloud.com")
"""There the host says nothing about whose feed it is."""
_VANITY = frozenset({"ai", "co", "eu", "fm", "io", "me", "tv", "to", "cc", "ws", "gg", "ly"})
"""Domains of countries, and of the Union, that anybody takes."""
_CREATIVE = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/(?P<kind>[a-z-]+)/(?P<version>[\d.]+)",
    re.IGNORECASE,
)
_LICENCE = re.compile(
    r"cc[\s-]*(?P<kind>by(?:[\s-]+(?:sa|nc|nd))*|0|zero)[\s-]*(?P<v>[\d.]+)?", re.IGNORECASE
)
_NO_LICENCE = frozenset({"none", "no", "-", "nessuna", "keine", ""})


def name_from(titles: Iterable[str]) -> str:
    """Return the first part of *titles* that names somebody; empty where there is none."""
    for title in titles:
        parts = [part.strip() for part in _SEPARATORS.split(title)]
        for part in parts:
            if part and part.casefold() not in _NO_NAMES:
                return part[:200]
    return ""


def id_from(name: str, url: str, *, taken: Collection[str] = ()) -> str:
    """Return a free id: the name in plain letters, else the site's own name."""
    slug = _slug(name) or _slug(_site(url)) or "partner"
    known = {one.casefold() for one in taken}
    free = (slug if n == 1 else f"{slug}-{n}" for n in range(1, len(known) + 2))
    return next(one for one in free if one.casefold() not in known)


def read_id(text: str) -> str:
    """Return an id by the rules of the file; raise ValueError with what is wrong and a remedy."""
    return _read(TypeAdapter(Id), text)


def read_country(text: str) -> str:
    """Return a country's code, also for its name; raise ValueError with what to write."""
    try:
        return _read(TypeAdapter(Country), text)
    except ValueError as error:
        meant = re.search(r'did you mean "([A-Z]{2})"', str(error))
        if meant is None:
            raise
        return meant[1]


def country_of(url: str) -> str:
    """Return the country whose domain *url* has; empty for .org, .eu and the like."""
    last = (urlsplit(url).hostname or "").rpartition(".")[2]
    if len(last) != 2 or last in _VANITY:
        return ""
    try:
        return read_country(last)
    except ValueError:
        return ""


def language_from(tag: str) -> str:
    """Return a language as partners name theirs: it for it-IT, but pt-BR; empty for nonsense."""
    try:
        found = canonical(tag)
    except ValueError:
        return ""
    parts = found.split("-")
    keeps_region = found == "pt-BR" or parts[0] == "zh"
    return found if keeps_region else "-".join(p for p in parts if len(p) != 2 or p == parts[0])


def licence_from(text: str) -> str:
    """Return a licence by its usual name: CC-BY-4.0 for "cc by 4.0" and for its web address."""
    clean = " ".join(text.split())
    if clean.casefold() in _NO_LICENCE:
        return ""
    if found := _CREATIVE.search(clean):
        kind, version = found["kind"].upper(), found["version"]
        return f"CC0-{version}" if kind == "ZERO" else f"CC-{kind}-{version}"
    if found := _LICENCE.fullmatch(clean):
        kind, version = re.sub(r"[\s-]+", "-", found["kind"].upper()), found["v"]
        if kind in {"0", "ZERO"}:
            return f"CC0-{version or '1.0'}"
        return f"CC-{kind}-{version or '4.0'}"
    return clean


def same_host(one: str, other: str) -> bool:
    """Tell whether two addresses are on one site; calendars of big services never are."""
    host = _host(one)
    if not host or any(host == many or host.endswith(f".{many}") for many in _HOSTS_OF_MANY):
        return False
    return host == _host(other)


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}:{parts.port}" if parts.port else host


def _site(url: str) -> str:
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return host.rpartition(".")[0] or host


def _slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    if not any(c.isascii() and c.isalnum() for c in plain):
        return ""
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(slug) <= _LONGEST_ID:
        return slug
    return slug[: _LONGEST_ID + 1].rpartition("-")[0].strip("-") or slug[:_LONGEST_ID]


def _read(kind: TypeAdapter[str], text: str) -> str:
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        context = error.errors()[0].get("ctx", {})
        told = (context.get("message", "that cannot be used"), context.get("hint", ""))
        raise ValueError(" — ".join(filter(None, told))) from error
