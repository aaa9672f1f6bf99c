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
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\ufe0f|\p{Regional_Indicator}")
_AS_SENT = {Count.LINKEDIN: linkedin, Count.DISCORD: discord}
"""What a text becomes where a network counts it after escaping."""
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
        text = URL.sub("x" * url_length, text)
    if text.isascii():
        return len(text)
    return sum(_weight(match[0]) for match in _GRAPHEME.finditer(text))


def _weight(cluster: str) -> int:
    if _EMOJI.match(cluster):
        return 2
    return sum(1 if _LIGHT.match(character) else 2 for character in cluster)


def _mastodon(text: str, url_length: int) -> int:
    if "://" in text:
        text = URL.sub("x" * url_length, text)
    if "@" in text:
        text = MENTION.sub(lambda match: f"@{match['user']}", text)
    return graphemes(text)
