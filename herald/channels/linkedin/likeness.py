"""Tells whether a post on the page is the one that was sent. Pure.

LinkedIn gives a text back in its own format: hashtags as templates, other signs behind a backslash
(https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format).
It may also have put short addresses of its own in the place of links.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import Any

from herald.model.delivery import Payload

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HASHTAG = re.compile(r"\{hashtag\|\\?([#＃])\|((?:[^{}|\\]|\\.)+)\}")
_LINK = re.compile(r"https?://\S+")
_SHORT = re.compile(r"https://lnkd\.in/\S+")
_CUT_LEAST = 20
"""Letters of a beginning that is taken for a text which was cut."""


class Likeness(Enum):
    """How a post compares with what was sent."""

    SAME = "same"
    PERHAPS = "perhaps"
    OTHER = "other"


def compare(element: dict[str, Any], wanted: Payload) -> Likeness:
    """Compare a post, in LinkedIn's words, with what was sent."""
    commentary = element.get("commentary")
    held = _folded(read_little(commentary if isinstance(commentary, str) else ""))
    sent = _folded(wanted.text)
    if held == sent:
        return Likeness.SAME
    if _SHORT.search(commentary or "") and _without_links(commentary) == _without_links(
        wanted.text
    ):
        leads = _source(element)
        return Likeness.SAME if leads and leads == wanted.link else Likeness.PERHAPS
    # An unknown sign can end a text early; whether this one was, a person must see.
    was_cut = len(held) >= _CUT_LEAST and sent.startswith(held)
    return Likeness.PERHAPS if was_cut else Likeness.OTHER


def read_little(commentary: str) -> str:
    """Return the plain text of a commentary."""
    plain = _HASHTAG.sub(lambda match: f"{match[1]}{match[2]}", commentary)
    return _ESCAPED.sub(r"\1", plain)


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _without_links(text: object) -> str:
    return _folded(_LINK.sub("…", read_little(str(text))))


def _source(element: dict[str, Any]) -> str:
    content = element.get("content")
    article = content.get("article") if isinstance(content, dict) else None
    source = article.get("source") if isinstance(article, dict) else None
    return source if isinstance(source, str) else ""
