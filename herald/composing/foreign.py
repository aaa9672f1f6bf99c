"""Makes what others wrote harmless in a post of ours: it calls nobody, and leads nowhere.

What a partner's entry says is shown as it was written, yet a network must not act on it: no
mention, no link beside the post's own, no storm of hashtags, no invisible or reversing characters.
A word joiner (U+2060) behind the sign is not to be seen or heard, and no letter: Mastodon
(``Account::MENTION_RE``), Bluesky's and Matrix's clients, Discord and Telegram look for a letter
or digit right there.
"""

from __future__ import annotations

import itertools
import string
import unicodedata
from urllib.parse import quote

import regex

from herald.composing.cleaning import clean
from herald.composing.entities import HASHTAG, MENTION, URL

WORD_JOINER = "\u2060"
MOST_HASHTAGS = 3
"""Of a partner's own in one text; more is a storm."""
_INVISIBLE = regex.compile(
    # Zero-width spaces and joiners that hide in words, bidi marks and isolates, fillers, tags; not
    # the joiners that Persian, Indic scripts and emoji are written with.
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u206f\u3164\ufeff\uffa0]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)
_PILED = regex.compile(r"(\p{M}{4})\p{M}+")
"""Marks heaped on a letter until they cover the lines above; four are enough for any script."""
_SCHEME = regex.compile(r"(?i)\bhttps?://(?=\S)")
_ANY_SCHEME = regex.compile(r"(?<=:/)(?=/)|(?i)\b(?:mailto|tel|javascript|data):(?=\S)")
_DOMAIN_DOT = regex.compile(r"(?<=[\p{L}\p{N}\p{M}])\.(?=(?:[\p{L}\p{N}-]+\.)*\p{L}{2,})")
"""A full stop that may stand in a host's name: "museo.it", and harmlessly "e.V." or "Node.js"."""
_AT = regex.compile(
    # An address such as info@museo.it keeps its sign, unless a network calls everyone by it.
    r"(?<![\p{L}\p{N}\p{M}_])[@＠]|[@＠](?=(?i:everyone|here|channel|all|room|online)(?!\w|\.\w))"
    r"|[@＠](?=\w+@)|(?<=@\S*)[@＠]"
)
_CALL = regex.compile(r"<(?=[!#@&])")
"""Slack's and Discord's way to write a mention."""


def defuse(text: str) -> str:
    """Return *text* of a partner's so that it reads the same and no network acts on it.

    Defusing again changes nothing.
    """
    text = clean(str(_INVISIBLE.sub("", text)))
    text = _PILED.sub(r"\1", text)
    while (bare := _SCHEME.sub("", text)) != text:
        text = bare
    text = _ANY_SCHEME.sub(_broken, text)
    text = _DOMAIN_DOT.sub(f"{WORD_JOINER}.", text)
    for pattern in (_AT, _CALL):
        text = pattern.sub(_broken, text)
    return clean(_few_hashtags(text))


def defuse_line(text: str) -> str:
    """Return *text* defused and on one line."""
    return " ".join(defuse(text).split())


def web_link(link: str) -> str:
    """Return *link* if it is one that a browser opens as a page, else "".

    Networks end a link at a bracket that is not closed: brackets are encoded where that would cut
    it, and an ``@`` that would then call somebody. To the server it is the same address.
    """
    is_plain = link.isprintable() and not any(letter.isspace() for letter in link)
    is_web = link.casefold().startswith(("https://", "http://"))
    if not is_plain or not is_web or _INVISIBLE.search(link):
        return ""
    if not unicodedata.is_normalized("NFC", link):
        link = quote(link, safe=string.printable)  # as text it would become another address
    found = URL.match(link)
    if found is None or found.end() < len(link):
        link = link.replace("(", "%28").replace(")", "%29")
    return link.replace("@", "%40") if MENTION.search(URL.sub(" ", link)) else link


def _broken(found: regex.Match[str]) -> str:
    return f"{found[0]}{WORD_JOINER}"


def _few_hashtags(text: str) -> str:
    counted = itertools.count()

    def put(found: regex.Match[str]) -> str:
        tag = str(found[0])
        return tag if next(counted) < MOST_HASHTAGS else tag[0] + WORD_JOINER + tag[1:]

    return str(HASHTAG.sub(put, text))
