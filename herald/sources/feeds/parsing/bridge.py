"""Knows the error messages that feed generators publish as if they were news.

Only what a generator itself writes, word by word and from the title's beginning: a headline about
an error ("Error 500, the play", "404 years of salt") is news.
"""

from __future__ import annotations

import re

from herald.model.feed import ParsedEntry

_BRIDGE = re.compile(r"Bridge returned error \d+!")
"""RSS-Bridge, with a fresh id every day."""
_NO_TITLE = frozenset({"", "no title found"})
_NO_TEXT = "[unable to retrieve full-text content]"
"""FiveFilters' Full-Text RSS and graby, in place of a text; alone it only lacks the text, and a
title beside it is still the entry's own. "No title found" is graby's."""


def is_error_item(entry: ParsedEntry) -> bool:
    """Tell whether *entry* is an error message in disguise."""
    if _BRIDGE.match(entry.title):
        return True
    lacks_text = entry.summary.strip().casefold().startswith(_NO_TEXT)
    return lacks_text and entry.title.strip().casefold() in {*_NO_TITLE, _NO_TEXT}
