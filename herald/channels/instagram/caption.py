"""Says what Instagram would refuse in a caption, beside its length. Pure.

As of November 2026, developers.facebook.com/docs/instagram-platform: 30 hashtags and 20 mentions.
"""

from __future__ import annotations

import re

HASHTAGS_MOST = 30
MENTIONS_MOST = 20
_HASHTAG = re.compile(r"(?<!\w)#\w+")
_MENTION = re.compile(r"(?<!\w)@[\w.]+")


def fault_in(caption: str) -> str:
    """Return what is wrong with *caption*, for people; empty where nothing is."""
    counted = (
        (len(_HASHTAG.findall(caption)), HASHTAGS_MOST, "hashtags"),
        (len(_MENTION.findall(caption)), MENTIONS_MOST, "mentions"),
    )
    for count, most, what in counted:
        if count > most:
            return f"the text has {count} {what}, Instagram takes {most}: leave some out"
    return ""
