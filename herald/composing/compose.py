"""A post for one channel in one language, put together from its parts and made to fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from herald.composing.blocks import (
    Blocks,
    Composition,
    Draft,
    assembled,
    blocks_of,
    measured,
    opening,
    said,
)
from herald.composing.cleaning import clean
from herald.composing.fitting import shorten
from herald.composing.hashtags import hashtags, hashtags_in
from herald.composing.templates import names_in, substitute
from herald.model.ids import Language
from herald.model.network import Capabilities

LEAST_DESCRIPTION = 120
"""To about so many characters a picture's description is shortened before the text itself is."""


def compose(draft: Draft, capabilities: Capabilities) -> Composition:
    """Put *draft* together for a channel, and make it fit.

    Too long a post loses its hashtags first, the last first; then the name of who made its picture,
    where no licence asks for it; then a picture's description is
    shortened, which only tells in words what most people see; then its text, and its title where
    no text is left. Links, mentions, the marker and the statement stay whole.
    """
    blocks = blocks_of(draft)
    whole = _whole(blocks, capabilities)
    if whole is not None:
        return whole
    if blocks.credit and not draft.credit_is_owed:
        lighter = compose(replace(draft, credit="", hashtags=()), capabilities)
        return replace(lighter, dropped=(*blocks.tags, "credit", *lighter.dropped))
    if not blocks.description:
        return _fitted(draft, blocks, capabilities)
    shorter = shorter_description(blocks, lambda one: _fits(replace(one, tags=()), capabilities))
    cut = () if shorter == blocks else ("description",)
    if _fits(replace(shorter, tags=()), capabilities):
        text = assembled(shorter, (), spare=True)
        return measured(text, capabilities, dropped=(*blocks.tags, *cut))
    fitted = _fitted(draft, shorter, capabilities)
    return replace(fitted, dropped=(*fitted.dropped, *cut))


def shorter_description(blocks: Blocks, fits: Callable[[Blocks], bool]) -> Blocks:
    """Return *blocks* with as much of the description as *fits*, and never less than the least."""
    words = blocks.description
    if len(words) <= LEAST_DESCRIPTION:
        return blocks
    kept = shorten(words, lambda some: fits(replace(blocks, description=some)))
    if len(kept) < LEAST_DESCRIPTION // 2:
        kept = shorten(words, lambda some: len(some) <= LEAST_DESCRIPTION) or words
    return replace(blocks, description=kept)


def compose_together(drafts: Sequence[Draft], capabilities: Capabilities) -> Composition | None:
    """Put several languages into one post, the first leading; None where they do not fit whole.

    Each further language opens with its code ("IT:"), as a screen reader reads it; a flag stands
    for a country and is read as one. The link, the picture's description and the statement are
    the leading language's; hashtags are all languages', and go first where room is short.
    """
    each = [blocks_of(draft) for draft in drafts]
    codes = _codes([draft.language for draft in drafts])
    marked = [
        replace(one, marker=opening(f"{code}:", draft.language)) if at else one
        for at, (one, code, draft) in enumerate(zip(each, codes, drafts, strict=True))
    ]
    body = "\n\n".join(said(one) for one in marked)
    there = hashtags_in(body)
    tags = hashtags(tuple(tag for draft in drafts for tag in draft.hashtags))
    together = replace(
        each[0],
        title="",
        body=body,
        marker="",
        tags=tuple(tag for tag in tags if tag.casefold() not in there),
    )
    return _whole(together, capabilities)


def _codes(languages: Sequence[Language]) -> list[str]:
    """Return a short name for each language: its base, or all of its tag where two share one."""
    bases = [tag.split("-")[0].upper() for tag in languages]
    return [
        base if bases.count(base) == 1 else tag.upper()
        for base, tag in zip(bases, languages, strict=True)
    ]


def _whole(blocks: Blocks, capabilities: Capabilities) -> Composition | None:
    """Return the post with as many hashtags as fit, if its words do."""
    for kept in range(len(blocks.tags), -1, -1):
        text = assembled(blocks, blocks.tags[:kept], spare=True)
        composition = measured(text, capabilities, dropped=blocks.tags[kept:])
        if composition.fits:
            return composition
    return None


def _fits(blocks: Blocks, capabilities: Capabilities) -> bool:
    return measured(assembled(blocks, blocks.tags, spare=True), capabilities).fits


def _fitted(draft: Draft, parts: Blocks, capabilities: Capabilities) -> Composition:
    """Shorten the words; the link and the statement are always counted, as a cut may take them."""

    def fits(title: str, body: str) -> bool:
        changed = replace(parts, title=title, body=body)
        return measured(assembled(changed, (), spare=False), capabilities).fits

    title = parts.title
    cut: tuple[str, ...] = ("text",)
    body = _shortened_body(draft, parts, lambda text: fits(title, text))
    if not body and title and not fits(title, ""):
        title, cut = shorten(title, lambda text: fits(text, "")), ("title", "text")
    if not (title or body):
        return measured(assembled(parts, (), spare=True), capabilities, dropped=parts.tags)
    cut = cut if parts.body else ("title",)
    fitted = assembled(replace(parts, title=title, body=body), (), spare=True)
    return measured(fitted, capabilities, dropped=parts.tags + cut)


def _shortened_body(draft: Draft, parts: Blocks, fits: Callable[[str], bool]) -> str:
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
