"""Says what Threads would refuse in a text, beside its length. Pure.

As of November 2026, developers.facebook.com/docs/threads/create-posts: more than five different
links are refused. Of hashtags the first becomes the post's topic, by itself; the others stay text.
"""

from __future__ import annotations

import re

LINKS_MOST = 5
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)


def fault_in(text: str, *, link: str = "") -> str:
    """Return what is wrong with *text* and its *link*, for people; empty where nothing is."""
    links = {found.rstrip(".,;:!?)»”'") for found in _LINK.findall(text)} | ({link} - {""})
    if len(links) > LINKS_MOST:
        return f"the text has {len(links)} links, Threads takes {LINKS_MOST}: leave some out"
    return ""
