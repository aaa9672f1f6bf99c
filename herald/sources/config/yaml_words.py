"""Spells a partner and its feeds as YAML: every text that could be misread stands in quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from herald.sources.encoding import UNREADABLE
from herald.sources.yaml import Data

_WORD = r"(?:[\w.-]*\w)?"
_PLAIN = re.compile(rf"[^\W\d_]{_WORD}(?: [^\W_]{_WORD})*")
_MISREAD = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "auto"})
"""Words that some program takes for something else than text."""
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Invisible signs that turn the direction of writing, and can make a file look like another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeed:
    """A feed to be written."""

    url: str
    licence: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """A partner to be written."""

    id: str
    name: str
    country: str = ""
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    feeds: tuple[NewFeed, ...] = ()


def words(text: str) -> str:
    """Return *text* as a YAML value on one line, in quotes unless it is plainly words."""
    clean = tidy(text)
    if _PLAIN.fullmatch(clean) and clean.casefold() not in _MISREAD:
        return clean
    return _quoted(clean)


def tidy(text: str) -> str:
    """Return *text* on one line, without signs that no file of Herald's may hold."""
    return " ".join(_TURNING.sub("", UNREADABLE.sub(" ", text)).split())


def feed_words(feed: NewFeed) -> str:
    """Return a feed as ``{url: "…", licence: …}``."""
    pairs = [f"url: {_quoted(feed.url)}"]
    pairs += [f"licence: {words(feed.licence)}"] if feed.licence else []
    pairs += [f"language: {words(feed.language)}"] if feed.language else []
    return f"{{{', '.join(pairs)}}}"


def partner_words(partner: NewPartner) -> str:
    """Return a partner on one line, as it stands between braces."""
    pairs = [f"{key}: {value}" for key, value in _pairs(partner)]
    pairs += [f"feeds: [{', '.join(map(feed_words, partner.feeds))}]"] if partner.feeds else []
    return f"{words(partner.id)}: {{{', '.join(pairs)}}}"


def partner_block(partner: NewPartner, *, indent: int = 0, step: int = 2, dash: int = 2) -> str:
    """Return a partner as lines: *step* deeper than its id, its feeds' dashes *dash* deeper."""
    margin, inner = " " * indent, " " * (indent + step)
    lines = [f"{margin}{words(partner.id)}:"]
    lines += [f"{inner}{key}: {value}" for key, value in _pairs(partner)]
    if partner.feeds:
        lines += [f"{inner}feeds:"]
        lines += [f"{inner}{' ' * dash}- {feed_words(feed)}" for feed in partner.feeds]
    return "\n".join(lines) + "\n"


def feed_data(feed: NewFeed) -> Data:
    """Return what reading a written feed gives."""
    pairs = {"url": feed.url, "licence": tidy(feed.licence), "language": feed.language}
    return {key: value for key, value in pairs.items() if value}


def partner_data(partner: NewPartner) -> Data:
    """Return what reading a written partner gives."""
    found: dict[str, Data] = {"name": tidy(partner.name)}
    if partner.country:
        found["country"] = partner.country
    if partner.languages:
        found["languages"] = list(partner.languages)
    if partner.tags:
        found["tags"] = [tidy(tag) for tag in partner.tags]
    if partner.feeds:
        found["feeds"] = [feed_data(feed) for feed in partner.feeds]
    return found


def _pairs(partner: NewPartner) -> list[tuple[str, str]]:
    pairs = [("name", words(partner.name))]
    pairs += [("country", words(partner.country))] if partner.country else []
    pairs += [("languages", _list(partner.languages))] if partner.languages else []
    return pairs + ([("tags", _list(partner.tags))] if partner.tags else [])


def _list(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(words, values))}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
