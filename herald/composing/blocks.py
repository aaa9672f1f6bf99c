"""The blocks of which a post consists, their order, and their length together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from herald.composing.cleaning import (
    FIRST_STRONG_ISOLATE,
    POP_ISOLATE,
    clean,
    clean_line,
    is_right_to_left,
    isolate,
)
from herald.composing.comparing import contains
from herald.composing.counting import length
from herald.composing.credits import is_credited
from herald.composing.hashtags import hashtags, hashtags_in
from herald.composing.templates import Names, substitute
from herald.model.ids import Language
from herald.model.network import Capabilities

_LINK_GOES_ON = re.compile(r"[\w/%#?&=~+-]|[.,:;!]\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a post before they meet a network's limit."""

    language: Language
    """The language of the words."""
    title: str = ""
    """A template; not used where the text is the occasion's own."""
    text: str = ""
    """A template."""
    own_text: bool = False
    """The text is the occasion's, the channel's or the amplify rule's own, and says it all."""
    link: str = ""
    """As it is posted: its ``{language}`` is already filled in."""
    hashtags: tuple[str, ...] = ()
    """Without ``#``, in the order in which they matter: the last goes first."""
    statement: str = ""
    marker: str = ""
    description: str = ""
    """Of the picture, with its label, where the network has no field for it."""
    credit: str = ""
    """Who made the picture."""
    credit_is_owed: bool = True
    """It stays whatever there is no room for."""
    names: Names = field(default_factory=Names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A post as it is sent."""

    text: str
    length: int
    """In the channel's own units."""
    limit: int | None
    fits: bool
    """False: nothing sensible is left within the limit; ``text`` is then too long."""
    dropped: tuple[str, ...] = ()
    """What the limit cost: ``#Tag`` for a hashtag; ``text``, ``title``, ``description`` if cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The cleaned parts of a post, in the order in which they stand."""

    title: str
    body: str
    link: str
    description: str
    credit: str
    tags: tuple[str, ...]
    statement: str
    marker: str


def blocks_of(draft: Draft) -> Blocks:
    """Return the parts of *draft*, its templates filled in, without hashtags that it has."""
    title = "" if draft.own_text else clean_line(substitute(draft.title, draft.names))
    body = clean(substitute(draft.text, draft.names))
    there = hashtags_in(body) | hashtags_in(title)
    return Blocks(
        title=title,
        body=body,
        link=clean_line(draft.link),
        description=clean_line(draft.description) if draft.description else "",
        credit=draft.credit,
        tags=tuple(tag for tag in hashtags(draft.hashtags) if tag.casefold() not in there),
        statement=clean_line(draft.statement),
        marker=opening(draft.marker, draft.language),
    )


def opening(marker: str, language: Language) -> str:
    """Return the marker so that it does not turn the direction of the line that it opens."""
    if marker and is_right_to_left(language):
        return f"{FIRST_STRONG_ISOLATE}{marker}{POP_ISOLATE}"
    return isolate(marker, language)


def said(blocks: Blocks) -> str:
    """Return the words of *blocks*, behind their marker."""
    words = [block for block in (blocks.title, blocks.body) if block]
    if blocks.marker:
        words[:1] = [f"{blocks.marker} {words[0]}" if words else blocks.marker]
    return "\n\n".join(words)


def assembled(blocks: Blocks, tags: tuple[str, ...], *, spare: bool) -> str:
    """Join the blocks; where *spare*, without what the words already have of the others."""
    words, link, statement = said(blocks), blocks.link, blocks.statement
    credit = "" if spare and is_credited(blocks.credit, words) else blocks.credit
    if spare and link and has_link(words, link):
        link = ""
    if spare and statement and contains(words, statement):
        statement = ""
    parts = (words, link, blocks.description, credit, " ".join(tags), statement)
    return "\n\n".join(part for part in parts if part)


def measured(
    text: str, capabilities: Capabilities, *, dropped: tuple[str, ...] = ()
) -> Composition:
    """Return *text* with its length, and whether that is within both limits of *capabilities*."""
    counted, limit, most = length(text, capabilities), capabilities.limit, capabilities.bytes_most
    fits = (limit is None or counted <= limit) and (most is None or len(text.encode()) <= most)
    return Composition(text=text, length=counted, limit=limit, fits=fits, dropped=dropped)


def has_link(text: str, link: str) -> bool:
    """Tell whether *link* stands in *text* and is not merely the beginning of a longer one."""
    place = text.find(link)
    while place >= 0:
        after = text[place + len(link) : place + len(link) + 2]
        if not _LINK_GOES_ON.match(after):
            return True
        place = text.find(link, place + 1)
    return False
