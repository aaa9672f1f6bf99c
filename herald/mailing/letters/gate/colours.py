"""Whether every word of a letter can be told from what is behind it, by day and by night.  Pure.

Computed as a mail program does: a colour holds for all that is within, until another one comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from herald.composing.contrast import ENOUGH, contrast, is_colour, readable, spelled_out
from herald.mailing.letters.gate.fault import Fault, quoted
from herald.mailing.letters.gate.style import UnknownStyle, declarations, night_colours

Element = Any
_OURS = "tell whoever looks after Herald: its design made this"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The colours that hold where a word stands."""

    ink: str = "#000000"
    ground: str = "#ffffff"


def faults_of_colours(page: Element) -> Iterator[Fault]:
    """Yield each pair of colours of *page* that is not seen well enough, with where it stands."""
    sheet = "\n".join(style.text or "" for style in page.iter("style"))
    try:
        night = night_colours(sheet)
    except UnknownStyle as error:
        yield Fault(
            code="night",
            what=f"nobody can tell how the letter looks at night, for the sake of {error}",
            remedy=_OURS,
        )
        return
    told: set[tuple[str, _Seen]] = set()
    for when, classes in (("", {}), (" in the dark", night)):
        for words, seen in _words(page, _Seen(), classes):
            if (when, seen) not in told:
                told.add((when, seen))
                yield from _judged(words, seen, when)


def _words(
    element: Element, around: _Seen, night: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, _Seen]]:
    """Yield the words of an element with the colours in which they are seen."""
    if not isinstance(element.tag, str) or element.tag in {"head", "style", "title"}:
        return
    says = declarations(element.get("style") or "")
    if says.get("display") == "none":
        return
    here = _with(around, says)
    for name in (element.get("class") or "").split():
        here = _with(here, night.get(name, {}))
    if element.tag == "img" and (element.get("alt") or "").strip():
        yield element.get("alt"), here  # most mail programs show no picture until they are told to
    if element.text and element.text.strip():
        yield element.text, here
    for child in element:
        yield from _words(child, here, night)
        if child.tail and child.tail.strip():
            yield child.tail, here


def _with(seen: _Seen, says: Mapping[str, str]) -> _Seen:
    ink, ground = says.get("color"), says.get("background-color") or says.get("background")
    return replace(seen, ink=ink or seen.ink, ground=ground or seen.ground)


def _judged(words: str, seen: _Seen, when: str) -> Iterator[Fault]:
    if not (is_colour(seen.ink) and is_colour(seen.ground)):
        yield Fault(
            code="contrast",
            what=f"nobody can tell how {quoted(words)} looks{when}: {seen.ink} on {seen.ground}",
            remedy=_OURS,
        )
        return
    ratio = contrast(seen.ink, seen.ground)
    if ratio < ENOUGH:
        better = readable(seen.ink, spelled_out(seen.ground))
        yield Fault(
            code="contrast",
            what=f"{quoted(words)} is hard to read{when}: {seen.ink} on {seen.ground} has a"
            f" contrast of {ratio:.1f}, and {ENOUGH} is needed",
            remedy=f"{better} would do; a list's colours stand in design: in config/lists.yaml",
        )
