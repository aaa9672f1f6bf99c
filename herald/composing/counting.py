"""Lengths exactly as each network counts them."""

from __future__ import annotations

import re
import unicodedata
from typing import assert_never

import regex

from herald.composing.entities import MENTION, URL
from herald.composing.escaping import discord, linkedin
from herald.model.network import Capabilities, Count

_GRAPHEME = regex.compile(r"\X")
_NEVER_JOIN = re.compile(
    "[\x00-\x0c\x0e-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u1fff\u2010-\u20cf\u2100-\u2bff]*"
)
"""Characters that never share a cluster (UAX 29): all that most European texts consist of."""
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}[\ufe0f\u20e3]|\p{Regional_Indicator}")
_AS_SENT = {Count.LINKEDIN: linkedin, Count.DISCORD: discord}
"""What a text becomes where a network counts it after escaping."""
_BARE_LINK = regex.compile(
    r"(?<![\w@＠$#＃./-])(?:[a-z0-9](?:-*[a-z0-9])*+\.)++[a-z]{2,}+(?:/[\w/.~%&=?#+-]*)?",
    regex.IGNORECASE,
)
"""What X may take for a link without ``https://``. It knows all top-level domains; where one that
looks like it is none, a text counts a little more here than there, and still fits."""
_TURNING = regex.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LONGEST_LINK = 4096
LONGEST_HOST = 253
LONGEST_LABEL = 63
"""Characters (twitter-text, which Mastodon uses, and RFC 1035): more is no link, and no server."""
_LIGHT = regex.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")


def length(text: str, capabilities: Capabilities) -> int:
    """Return the length of *text* in the units of ``capabilities.count``, in NFC."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    match capabilities.count:
        case Count.MASTODON:
            return _mastodon(text, capabilities.url_length)
        case Count.GRAPHEMES:
            return graphemes(text)
        case Count.CODE_POINTS:
            return len(text)
        case Count.UTF16 | Count.UTF8_BYTES:
            return _code_units(text, capabilities.count)
        case Count.X_WEIGHTED:
            return _weighted(text, capabilities.url_length)
        case Count.LINKEDIN | Count.DISCORD:
            return len(_AS_SENT[capabilities.count](text))
        case _ as never:
            assert_never(never)


def _code_units(text: str, count: Count) -> int:
    if count is Count.UTF16:
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def graphemes(text: str) -> int:
    """Return how many characters a reader sees (extended grapheme clusters)."""
    if _NEVER_JOIN.fullmatch(text):
        return len(text)
    return len(_GRAPHEME.findall(text))


def _weighted(text: str, url_length: int) -> int:
    """Count as X does (docs.x.com, counting characters): a whole emoji 2, light letters 1."""
    if "://" in text:
        text = URL.sub(lambda match: _as_link(match, url_length), text)
    if "." in text:
        text = _BARE_LINK.sub(lambda match: "x" * max(url_length, len(match[0])), text)
    if text.isascii():
        return len(text)
    return sum(_weight(match[0]) for match in _GRAPHEME.finditer(text))


def _weight(cluster: str) -> int:
    if _EMOJI.match(cluster):
        return 2
    return sum(1 if _LIGHT.match(character) else 2 for character in cluster)


def _mastodon(text: str, url_length: int) -> int:
    if "://" in text:
        text = URL.sub(lambda match: _as_link(match, url_length), text)
    if "@" in text:
        text = MENTION.sub(_as_mention, text)
    return graphemes(text)


def _as_mention(match: regex.Match[str]) -> str:
    """Return the user's name alone, unless its server cannot exist."""
    server = match[0].rpartition("@")[2]
    return match[0] if len(server) > LONGEST_HOST else f"@{match['user']}"


def _as_link(match: regex.Match[str], url_length: int) -> str:
    """Return as many letters as a link counts; what cannot be one stays as it is."""
    link = match[0]
    turned = _TURNING.search(link)  # a mark of direction ends a link
    end = turned.start() if turned else len(link)
    host = link[:end].split("://", 1)[1].split("/", 1)[0]
    if end > LONGEST_LINK or any(_is_too_long(label) for label in host.split(".")):
        return str(link)
    return "x" * url_length + str(link[end:])


def _is_too_long(label: str) -> bool:
    if label.isascii():
        return len(label) > LONGEST_LABEL
    return len(label.encode("punycode", "replace")) + len("xn--") > LONGEST_LABEL
