"""Texts as they travel where a network reserves characters for itself."""

from __future__ import annotations

import regex

_LINKEDIN = regex.compile(
    r"[\\|{}@\[\]()<>*_~]|[#＃](?![\p{L}\p{M}\p{N}_])|(?<=[\p{L}\p{M}\p{N}_])[#＃]"
)


def linkedin(text: str) -> str:
    r"""Return *text* so that LinkedIn shows it as it is.

    A reserved character without its backslash ends the post there, without a word
    (learn.microsoft.com/linkedin: little text format). The sign of a hashtag stays bare.
    """
    return str(_LINKEDIN.sub(lambda match: f"\\{match[0]}", text))
