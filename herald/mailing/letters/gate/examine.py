"""Examines an edition as it is about to be sent, and names all that is wrong with it.  Pure.

It looks at what was made, not at what it was made of: whatever way words took, they pass here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import html as reader

from herald.mailing.letters.filling import COLUMNS
from herald.mailing.letters.gate.colours import faults_of_colours
from herald.mailing.letters.gate.fault import Fault, quoted
from herald.mailing.letters.gate.page import faults_of_page, words_of
from herald.mailing.letters.marks import UNSUBSCRIBE_MARK, address_to
from herald.model.mailing import Edition

LARGEST = 102_000
"""Bytes of HTML: Gmail cuts off what is longer, with the unsubscribe link in it."""

LINE_MOST = 998
"""Bytes of a line without its end (RFC 5322 section 2.1.1)."""

_OWN_LINK = "https://example.org/u/" + "x" * 70
_UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]")
_OURS = "tell whoever looks after Herald: its design made this"


def examine(edition: Edition) -> tuple[Fault, ...]:
    """Return all that is wrong with *edition*; an edition without a fault may be sent."""
    copy = address_to(edition, _OWN_LINK)
    page = reader.document_fromstring(copy.html)
    return (
        *faults_of_page(page),
        *faults_of_colours(page),
        *_about_text(copy.text, page),
        *_about_size(copy),
        *_about_marks(edition, copy),
    )


def _about_text(text: str, page: Any) -> Iterator[Fault]:
    """Yield what the text part lacks of what the page says."""
    said = _squeezed(text)
    for heading in page.iter("h1", "h2", "h3"):
        words = words_of(heading)
        if _squeezed(words) not in said:
            yield Fault(code="text-part", what=f"the text part lacks {quoted(words)}", remedy=_OURS)
    for link in page.iter("a"):
        target = link.get("href") or ""
        if target.removeprefix("mailto:") not in text:
            yield Fault(
                code="text-part", what=f"the text part lacks the link {target}", remedy=_OURS
            )
    if any(len(line) > COLUMNS * 2 and " " in line.strip() for line in text.splitlines()):
        yield Fault(code="text-part", what="a line of the text part is too long", remedy=_OURS)


def _about_size(copy: Edition) -> Iterator[Fault]:
    size = len(copy.html.encode(errors="replace"))
    if size > LARGEST:
        yield Fault(
            code="size",
            what=f"it has {size:,} bytes of HTML, and mail programs cut off what is longer than"
            f" {LARGEST:,}",
            remedy="give its sections `most:`",
        )
    lines = (*copy.html.split("\n"), *copy.text.split("\n"))
    longest = max(lines, key=lambda line: len(line.encode(errors="replace")))
    if len(longest.encode(errors="replace")) > LINE_MOST:
        yield Fault(
            code="line",
            what=f"a line is longer than a mail's may be: {quoted(longest)}",
            remedy="shorten its link or its endless word",
        )


def _about_marks(edition: Edition, copy: Edition) -> Iterator[Fault]:
    if UNSUBSCRIBE_MARK not in edition.html or UNSUBSCRIBE_MARK not in edition.text:
        yield Fault(code="no-way-out", what="there is no link to unsubscribe", remedy=_OURS)
    everything = f"{copy.subject}\n{copy.text}\n{copy.html}"
    if "subscribe.invalid" in everything or "preferences.invalid" in everything:
        yield Fault(
            code="mark",
            what="the place of a reader's own link is left open",
            remedy="take “.invalid” addresses out of what you wrote",
        )
    if _UNSENDABLE.search(everything):
        yield Fault(
            code="controls",
            what="it holds control characters that nobody sees",
            remedy="type the text anew instead of pasting it",
        )


def _squeezed(words: str) -> str:
    return "".join(words.split())
