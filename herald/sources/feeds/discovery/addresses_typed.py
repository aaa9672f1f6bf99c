"""Reads the address that a person typed: without a scheme, from a calendar's button, with slips.

Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)\s*:\s*/{0,3}(?=[^\d/]|\d+\.)", re.IGNORECASE)
_CALENDARS = frozenset({"webcal", "webcals", "feed", "ics"})
_SLIPS = dict.fromkeys(("http", "htp", "htpp", "hhtp", "ttp"), "http") | dict.fromkeys(
    ("https", "htps", "htpps", "hhtps", "ttps", "httpss", "httsp"), "https"
)
_COLON_LOST = re.compile(r"(?P<scheme>https?)//", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[^\s/?#@.,:]+\.)+[^\s/?#@.,:\d]{2,}\.?|localhost|\d+(?:\.\d+){3}|\[[\da-f:.]+\]",
    re.IGNORECASE,
)
_NO_FEEDS = {
    "facebook.com": "Facebook",
    "instagram.com": "Instagram",
    "linkedin.com": "LinkedIn",
    "x.com": "X",
    "twitter.com": "X",
    "tiktok.com": "TikTok",
    "threads.net": "Threads",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """Where to ask, the likeliest first."""

    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotTyped:
    """What was typed leads nowhere, and what to type instead."""

    why: str


def read_address(typed: str) -> Typed | NotTyped:
    """Return the addresses that *typed* may mean."""
    text = typed.strip().strip("<>\"'“”„«»").strip().replace("\\", "/")
    text = _COLON_LOST.sub(r"\g<scheme>://", text, count=1) if _COLON_LOST.match(text) else text
    match = _SCHEME.match(text)
    scheme = match["scheme"].lower() if match and "." not in match["scheme"] else ""
    rest = text[match.end() :] if match and scheme else text
    if scheme in _CALENDARS:
        inner = _SCHEME.match(rest)
        told = _SLIPS.get(inner["scheme"].lower()) if inner else None
        rest = rest[inner.end() :] if inner and told else rest
        return _checked(rest, typed, schemes=(told,) if told else ("https", "http"))
    if scheme in _SLIPS:
        return _checked(rest, typed, schemes=(_SLIPS[scheme],))
    if scheme and scheme != "localhost":
        return NotTyped(
            f"{scheme}: is no address of the web (write it whole: https://example.org/)"
        )
    if "@" in text.partition("/")[0]:
        domain = text.partition("/")[0].rpartition("@")[2]
        return NotTyped(f"{typed.strip()} is a mail address (is the site at {domain}?)")
    return _checked(text, typed, schemes=("https", "http"))


def _checked(rest: str, typed: str, *, schemes: tuple[str, ...]) -> Typed | NotTyped:
    authority, slash, path = rest.partition("/")
    if "?" in authority:
        authority, _, query = authority.partition("?")
        path, slash = f"?{query}{slash}{path}", "/"
    host, colon, port = (
        authority.rpartition(":") if re.search(r":\d+$", authority) else (authority, "", "")
    )
    if "," in host and "." not in host:
        host = host.replace(",", ".")
    if not _HOST.fullmatch(host) or " " in rest.strip():
        shown = typed.strip() or "nothing"
        return NotTyped(f"{shown} is no web address (write it whole: https://example.org/)")
    if name := _NO_FEEDS.get(_site(host)):
        return NotTyped(
            f"{name} offers no feeds (ask the partner for its own web site, or for the address of"
            " its calendar)"
        )
    urls = [f"{scheme}://{host}{colon}{port}/{path}" for scheme in schemes]
    if len(schemes) > 1 and _is_bare_domain(host):
        urls.insert(1, f"{schemes[0]}://www.{host}{colon}{port}/{path}")
    return Typed(tuple(map(_as_calendar, urls)))


def _site(host: str) -> str:
    return ".".join(host.lower().rstrip(".").split(".")[-2:])


def _is_bare_domain(host: str) -> bool:
    return host.count(".") == 1 and not host.lower().startswith("www.")


def _as_calendar(url: str) -> str:
    """Return the calendar behind the page of a Google calendar, which names no calendar itself."""
    parts = urlsplit(url)
    source = parse_qs(parts.query).get("src", [""])[0]
    if parts.hostname != "calendar.google.com" or not source:
        return url
    return f"https://calendar.google.com/calendar/ical/{quote(source, safe='')}/public/basic.ics"
