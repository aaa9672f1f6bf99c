"""Tells whether a text on a network is the one that was sent. Pure."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from enum import Enum

_NEAR = 0.75
_COMPARED_MOST = 2_000
"""Characters; telling how near two texts are takes the square of it."""


class Likeness(Enum):
    """How a text that is there compares with the one that was sent."""

    SAME = "same"
    PERHAPS = "perhaps"
    OTHER = "other"


def compare(shown: str, sent: str) -> Likeness:
    """Compare two texts; only space and case may differ, for the networks fold some of it.

    One that is nearly the same is neither taken for ours nor passed over. Nor is one without words:
    many posts say nothing.
    """
    one, other = _folded(shown), _folded(sent)
    if one == other:
        return Likeness.SAME if one else Likeness.PERHAPS
    return Likeness.PERHAPS if _is_near(one, other) else Likeness.OTHER


def is_same_text(shown: str, sent: str) -> bool:
    """Tell whether a text was kept as it was sent, but for the space at the ends of its lines."""
    return _plain(shown) == _plain(sent)


def _is_near(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one[:_COMPARED_MOST], other[:_COMPARED_MOST], autojunk=False)
    # The first is cheap and never less than the second.
    return matcher.quick_ratio() >= _NEAR and matcher.ratio() >= _NEAR


def _plain(text: str) -> str:
    lines = (line.rstrip() for line in text.splitlines())
    return unicodedata.normalize("NFC", "\n".join(lines).strip())


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split()).casefold()
