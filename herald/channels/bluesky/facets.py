"""Finds what of a text is a link, a hashtag or a mention, and where, in bytes of UTF-8. Pure.

Bluesky finds nothing in a text by itself: the sender says what is where, and no server corrects it
(https://docs.bsky.app/docs/advanced-guides/post-richtext). What is found here is what Bluesky's own
app finds, with two differences: a bare ``example.org`` stays text, and a hashtag may also follow a
bracket, a quotation mark or a mark of direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import regex

from herald.composing.counting import graphemes

_TAG_MOST = 64
"""Graphemes of a hashtag; the lexicon lets it have ten times as many bytes."""
_BEFORE = r"(?<![^\s\p{Ps}\p{Pi}\"'\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069])"
_LINK = regex.compile(r"(?<![\w@/])https?://[^\s<>\p{Cc}\p{Bidi_C}]+", regex.IGNORECASE)
_TRAILING = regex.compile(r"[.,;:!?'\"…·»”’›\p{Pf}、。，；：！？؟،؛。」』]+$")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_NO_PART = r"\s\u00ad\u2060\u200a\u200b\u20e2\p{Bidi_C}"
"""White space, and what cannot be seen; joiners are parts of words and of emoji."""
_TAG = regex.compile(rf"{_BEFORE}[#＃](?!\ufe0f)([^{_NO_PART}#＃]+)")
_TAG_SAYS = regex.compile(r"[^\d\p{P}\u200c\u200d]")
_TAG_ENDS = regex.compile(r"(?:\p{P}|\u200c|\u200d)+$")
_TAG_BREAKS = regex.compile(r"[@,;:!?()\[\]{}\"/\\…«»“”„،؛؟]")
_MENTION = regex.compile(r"(?<![\w.@/-])@([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?![\w-])", regex.IGNORECASE)

Span = tuple[int, int, dict[str, Any]]
"""Where it begins and ends, in characters, and what it is."""


def facets(text: str, *, link: str = "", mentions: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the facets of *text* in their order; none overlaps another.

    *link* is the post's own, which is a link however it is spelled; *mentions* are the DIDs of the
    accounts that may be mentioned, by handle.
    """
    taken: list[Span] = []
    for found in (_own(text, link), _links(text), _mentions(text, mentions), _tags(text)):
        for span in found:
            if all(span[1] <= begins or ends <= span[0] for begins, ends, _ in taken):
                taken.append(span)
    return [_facet(text, span) for span in sorted(taken, key=lambda span: span[0])]


def names_in(text: str) -> frozenset[str]:
    """Return the handles that *text* names after an ``@``, in small letters."""
    return frozenset(match[1].casefold() for match in _MENTION.finditer(text))


def _own(text: str, link: str) -> Iterator[Span]:
    begins = text.find(link) if link.startswith(("https://", "http://")) else -1
    ends = begins + len(link)
    # What stands there may be longer than the link, and another one then.
    if begins >= 0 and text[ends : ends + 1] in {"", " ", "\n"}:
        yield begins, ends, _link(link)


def _links(text: str) -> Iterator[Span]:
    for match in _LINK.finditer(text):
        found = _without_ending(match[0])
        if len(found.partition("://")[2]) > 1:
            yield match.start(), match.start() + len(found), _link(found)


def _without_ending(found: str) -> str:
    """Return a link without what ends the sentence, and without a bracket that it never opened."""
    while True:
        shorter = _TRAILING.sub("", found)
        opens = _BRACKETS.get(shorter[-1:])
        if opens and shorter.count(shorter[-1]) > shorter.count(opens):
            shorter = shorter[:-1]
        if shorter == found:
            return found
        found = shorter


def _mentions(text: str, dids: Mapping[str, str]) -> Iterator[Span]:
    for match in _MENTION.finditer(text):
        if did := dids.get(match[1].casefold()):
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
            yield match.start(), match.end(), feature


def _tags(text: str) -> Iterator[Span]:
    for match in _TAG.finditer(text):
        tag = _TAG_ENDS.sub("", _TAG_BREAKS.split(match[1], maxsplit=1)[0])
        if _TAG_SAYS.search(tag) and graphemes(tag) <= _TAG_MOST:
            feature = {"$type": "app.bsky.richtext.facet#tag", "tag": tag}
            yield match.start(), match.start() + 1 + len(tag), feature


def _link(uri: str) -> dict[str, Any]:
    return {"$type": "app.bsky.richtext.facet#link", "uri": uri}


def _facet(text: str, span: Span) -> dict[str, Any]:
    begins, ends, feature = span
    before = len(text[:begins].encode())
    index = {"byteStart": before, "byteEnd": before + len(text[begins:ends].encode())}
    return {"index": index, "features": [feature]}
