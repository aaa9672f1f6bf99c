"""A post for one channel in one language, put together from its parts and made to fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

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
from herald.composing.fitting import shorten
from herald.composing.hashtags import hashtags, hashtags_in
from herald.composing.templates import Names, names_in, substitute
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
    """What the limit cost: ``#Tag`` for each hashtag, ``text`` or ``title`` for what was cut."""


def compose(draft: Draft, capabilities: Capabilities) -> Composition:
    """Put *draft* together for a channel, and make it fit.

    Too long a post loses its hashtags first, the last first; then its text is shortened, and its
    title where no text is left. Links, mentions, the marker and the statement stay whole.
    """
    parts = _parts(draft)
    for kept in range(len(parts.tags), -1, -1):
        text = _assembled(parts, parts.tags[:kept], spare=True)
        composition = _composition(text, capabilities, dropped=parts.tags[kept:])
        if composition.fits:
            return composition
    return _fitted(draft, parts, capabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The cleaned parts of a post, in the order in which they stand."""

    title: str
    body: str
    link: str
    tags: tuple[str, ...]
    statement: str
    marker: str


def _parts(draft: Draft) -> _Parts:
    title = "" if draft.own_text else clean_line(substitute(draft.title, draft.names))
    body = clean(substitute(draft.text, draft.names))
    there = hashtags_in(body) | hashtags_in(title)
    return _Parts(
        title=title,
        body=body,
        link=clean_line(draft.link),
        tags=tuple(tag for tag in hashtags(draft.hashtags) if tag.casefold() not in there),
        statement=clean_line(draft.statement),
        marker=_marker(draft.marker, draft.language),
    )


def _marker(marker: str, language: Language) -> str:
    """Return the marker so that it does not turn the direction of the line that it opens."""
    if marker and is_right_to_left(language):
        return f"{FIRST_STRONG_ISOLATE}{marker}{POP_ISOLATE}"
    return isolate(marker, language)


def _assembled(parts: _Parts, tags: tuple[str, ...], *, spare: bool) -> str:
    """Join the blocks; where *spare*, without a link or statement that the words already have."""
    words = [block for block in (parts.title, parts.body) if block]
    if parts.marker:
        words[:1] = [f"{parts.marker} {words[0]}" if words else parts.marker]
    said = "\n\n".join(words)
    link, statement = parts.link, parts.statement
    if spare and link and _has_link(said, link):
        link = ""
    if spare and statement and contains(said, statement):
        statement = ""
    return "\n\n".join(block for block in (said, link, " ".join(tags), statement) if block)


def _fitted(draft: Draft, parts: _Parts, capabilities: Capabilities) -> Composition:
    """Shorten the words; the link and the statement are always counted, as a cut may take them."""

    def fits(title: str, body: str) -> bool:
        changed = replace(parts, title=title, body=body)
        return _composition(_assembled(changed, (), spare=False), capabilities).fits

    title = parts.title
    cut: tuple[str, ...] = ("text",)
    body = _shortened_body(draft, parts, lambda text: fits(title, text))
    if not body and title and not fits(title, ""):
        title, cut = shorten(title, lambda text: fits(text, "")), ("title", "text")
    if not (title or body):
        return _composition(_assembled(parts, (), spare=True), capabilities, dropped=parts.tags)
    cut = cut if parts.body else ("title",)
    fitted = _assembled(replace(parts, title=title, body=body), (), spare=True)
    return _composition(fitted, capabilities, dropped=parts.tags + cut)


def _shortened_body(draft: Draft, parts: _Parts, fits: Callable[[str], bool]) -> str:
    """Shorten what was put in for ``{text}`` or ``{title}`` first: the words around it matter."""
    if draft.own_text:
        names = sorted(names_in(draft.text) & {"text", "title"})
        for name in names:
            if found := _shortened_name(draft, name, fits):
                return _with(draft, name, found)
        if names == ["text", "title"]:  # both are too long: the title says more
            bare = replace(draft, names=replace(draft.names, text=""))
            found = clean(draft.names.title)
            if _fits_with(bare, "title", fits, found) or (
                found := _shortened_name(bare, "title", fits)
            ):
                return _with(bare, "title", found)
        if "partner" in names_in(draft.text):
            return ""  # cut at its end it would lose whose news it is
    return shorten(parts.body, fits) if parts.body else ""


def _shortened_name(draft: Draft, name: str, fits: Callable[[str], bool]) -> str:
    return shorten(clean(getattr(draft.names, name)), partial(_fits_with, draft, name, fits))


def _fits_with(draft: Draft, name: str, fits: Callable[[str], bool], value: str) -> bool:
    return fits(_with(draft, name, value))


def _with(draft: Draft, name: str, value: str) -> str:
    return clean(substitute(draft.text, replace(draft.names, **{name: value})))


def _composition(
    text: str, capabilities: Capabilities, *, dropped: tuple[str, ...] = ()
) -> Composition:
    measured, limit, most = length(text, capabilities), capabilities.limit, capabilities.bytes_most
    fits = (limit is None or measured <= limit) and (most is None or len(text.encode()) <= most)
    return Composition(text=text, length=measured, limit=limit, fits=fits, dropped=dropped)


def _has_link(text: str, link: str) -> bool:
    """Tell whether *link* stands in *text* and is not merely the beginning of a longer one."""
    place = text.find(link)
    while place >= 0:
        after = text[place + len(link) : place + len(link) + 2]
        if not _LINK_GOES_ON.match(after):
            return True
        place = text.find(link, place + 1)
    return False
