"""A text that is meant to be long, as a thread: posts that answer each other.

All that a post owes stands with the first part: it is the one that is listed, passed on and found.
The link, with its card; the hashtags; the picture and its description; and the funding statement,
which so goes wherever the post goes. The further parts are words alone. If a network refuses one
of them, what is out there is still a whole and lawful post.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from herald.composing.blocks import (
    Blocks,
    Composition,
    Draft,
    assembled,
    blocks_of,
    has_link,
    measured,
    said,
)
from herald.composing.compose import compose, shorter_description
from herald.composing.splitting import split
from herald.model.network import Capabilities

MOST_PARTS = 15
"""More is no post any more: it belongs on a page, to which a post leads."""
MOST_EXTRAS = 1 / 2
"""Of the first part's room, so much may go to link, hashtags, statement and description."""
_EVENER = (0.55, 0.65, 0.75, 0.85, 0.93)
"""Shares of the limit with which as many parts are tried, so that the last is no mere word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threaded:
    """A text as one post or several."""

    parts: tuple[Composition, ...]
    """Empty where there are too many."""
    is_too_long: bool = False


def thread(
    draft: Draft, capabilities: Capabilities, *, further: Capabilities, numbered: bool
) -> Threaded:
    """Return *draft* as one post where its words fit, else as a thread; numbered as ``(1/3)``.

    *capabilities* are for the first part, which may stand under a picture, *further* for the
    others. Where something that must not be cut is longer than a post, it is fitted into one.
    """
    single = compose(draft, capabilities)
    if single.fits and not {"title", "text"} & set(single.dropped):
        return Threaded(parts=(single,))
    first = _first(blocks_of(draft), capabilities)
    rooms = _Rooms(first=first, capabilities=capabilities, further=further)
    pieces: tuple[str, ...] = ()
    for digits in (1, 2) if numbered else (0,):
        rooms = replace(rooms, mark=f" ({'9' * digits}/{'9' * digits})" if digits else "")
        pieces = split(said(first), rooms.fits, most=MOST_PARTS)
        if not digits or len(pieces) < 10**digits:
            break
    if len(pieces) > MOST_PARTS:
        return Threaded(parts=(), is_too_long=True)
    if len(pieces) <= 1:
        return Threaded(parts=(single,))
    pieces = _evened(said(first), pieces, rooms)
    marks = [f" ({at}/{len(pieces)})" if numbered else "" for at in range(1, len(pieces) + 1)]
    return Threaded(
        parts=tuple(
            rooms.part(piece + mark, at)
            for at, (piece, mark) in enumerate(zip(pieces, marks, strict=True))
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rooms:
    """What the first part and the others can hold."""

    first: Blocks
    capabilities: Capabilities
    further: Capabilities
    mark: str = ""
    share: float = 1.0

    def fits(self, piece: str, number: int) -> bool:
        part = self.part(piece + self.mark, number, spare=False)
        return part.fits and (part.limit is None or part.length <= part.limit * self.share)

    def part(self, piece: str, number: int, *, spare: bool = True) -> Composition:
        if number:
            return measured(piece, self.further)
        blocks = replace(self.first, title="", body=piece, marker="")
        return measured(assembled(blocks, blocks.tags, spare=spare), self.capabilities)


def _first(blocks: Blocks, capabilities: Capabilities) -> Blocks:
    """Return *blocks* with no more hashtags and description than leave room for words."""
    if blocks.link and has_link(said(blocks), blocks.link):
        blocks = replace(blocks, link="")
    if capabilities.limit is None:
        return blocks
    room = capabilities.limit * MOST_EXTRAS

    def is_small(changed: Blocks) -> bool:
        extras = replace(changed, title="", body="", marker="")
        return measured(assembled(extras, extras.tags, spare=False), capabilities).length <= room

    for kept in range(len(blocks.tags), -1, -1):
        if is_small(replace(blocks, tags=blocks.tags[:kept])):
            return replace(blocks, tags=blocks.tags[:kept])
    blocks = replace(blocks, tags=())
    return shorter_description(blocks, is_small)


def _evened(text: str, pieces: tuple[str, ...], rooms: _Rooms) -> tuple[str, ...]:
    """Return as many pieces of more equal length, where there are such."""
    if len(pieces[-1]) * 2 > max(len(piece) for piece in pieces):
        return pieces
    for share in _EVENER:
        even = split(text, replace(rooms, share=share).fits, most=len(pieces))
        if len(even) == len(pieces):
            return even
    return pieces
