"""The marks that stand in an edition where each reader's own links go.  Pure.

Who sends an edition needs these, and nothing of what lays a letter out.
"""

from __future__ import annotations

import re
from dataclasses import replace

from markupsafe import escape

from herald.model.mailing import Edition

UNSUBSCRIBE_MARK = "https://unsubscribe.invalid/here"
"""Stands where each recipient's own link goes; no real link looks like it (RFC 2606)."""

PREFERENCES_MARK = "https://preferences.invalid/here"
"""Stands where the link to each recipient's own preferences goes."""


_LINE = re.compile(
    rf"<p\b[^<>]*>\s*<a\b[^<>]*\bhref=[\"']{re.escape(PREFERENCES_MARK)}[\"'][^<>]*>[^<]*</a>\s*</p>\n?"
)
_LINES = re.compile(rf"^[^\n]*:\n{re.escape(PREFERENCES_MARK)}\n\n?", re.MULTILINE)
"""As ``issue.html.j2`` and ``issue.txt.j2`` write them."""


def without_preferences(edition: Edition) -> Edition:
    """Return *edition* without the line that leads to each reader's preferences.

    For one that was put together while Herald had pages, and is sent while it has none.
    """
    return replace(edition, text=_LINES.sub("", edition.text), html=_LINE.sub("", edition.html))


def address_to(edition: Edition, link: str, preferences: str = "") -> Edition:
    """Return *edition* with one recipient's own links."""
    marks = {UNSUBSCRIBE_MARK: link, PREFERENCES_MARK: preferences or link}
    text, html = edition.text, edition.html
    for mark, own in marks.items():
        text, html = text.replace(mark, own), html.replace(mark, str(escape(own)))
    return replace(edition, text=text, html=html)
