"""Texts as they travel where a network reserves characters for itself."""

from __future__ import annotations

import regex

_LINKEDIN = regex.compile(
    r"[\\|{}@\[\]()<>*_~]|[#＃](?![\p{L}\p{M}\p{N}_])|(?<=[\p{L}\p{M}\p{N}_])[#＃]"
)

_DISCORD = regex.compile(
    r"""(?P<link>https?://[^\s<]+[^<.,:;"'\]\s])"""
    r"|(?P<mark>[\\*_~`|\[<])"
    r"|(?m:^)(?P<indent>[^\S\n]*)(?P<lead>>|\#{1,3}(?=\s)|-(?=\#|\s))"
    r"|(?m:^)(?P<number>[^\S\n]*\d+)\.(?=\s)"
)


def linkedin(text: str) -> str:
    r"""Return *text* so that LinkedIn shows it as it is.

    A reserved character without its backslash ends the post there, without a word
    (learn.microsoft.com/linkedin: little text format). The sign of a hashtag stays bare.
    """
    return str(_LINKEDIN.sub(lambda match: f"\\{match[0]}", text))


def discord(text: str) -> str:
    """Return *text* so that Discord shows it as it is: none of it becomes markup or a mention.

    Links stay bare, as a backslash would become a part of them
    (support.discord.com: Markdown Text 101; discord.com/developers/docs/reference: formatting).
    """
    return str(_DISCORD.sub(_as_discord_shows, text))


def _as_discord_shows(match: regex.Match[str]) -> str:
    if match["link"]:
        return str(match["link"])
    if match["mark"]:
        return f"\\{match['mark']}"
    if match["lead"]:
        return f"{match['indent']}\\{match['lead']}"
    return f"{match['number']}\\."
