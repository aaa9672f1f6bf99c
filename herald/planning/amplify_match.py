"""Which entries an amplify rule asks for: by partner, word, category and language."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import regex

from herald.model.campaign import Amplify, Match
from herald.model.configuration import Partner
from herald.model.feed import Entry
from herald.model.ids import PartnerId
from herald.model.words import speaks

EVERYONE = "*"
_TAG = "tag:"
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
"""Scripts that put no spaces between words: there a word is found anywhere."""


def asks_for(rule: Amplify, entry: Entry, partners: Mapping[PartnerId, Partner]) -> bool:
    """Tell whether *rule* passes on *entry*; one without a configured partner is nobody's.

    What stands on a partner's own account is boosted or nothing; all else is never boosted.
    """
    if rule.boost != bool(entry.content.post_of):
        return False
    known = [partners[one] for one in entry.partners if one in partners]
    if not any(_is_named(rule.partners, partner) for partner in known):
        return False
    return _has_what(rule.match, entry) and not _has_any(rule.exclude, entry)


def _is_named(names: tuple[str, ...], partner: Partner) -> bool:
    return any(
        name in {EVERYONE, partner.id}
        or (name.startswith(_TAG) and name.removeprefix(_TAG) in partner.tags)
        for name in names
    )


def _has_what(match: Match, entry: Entry) -> bool:
    """Tell whether *entry* has one of each thing that *match* lists."""
    return (
        (not match.words or _has_word(match, entry))
        and (not match.categories or _has_category(match, entry))
        and (not match.languages or _has_language(match, entry))
    )


def _has_any(exclude: Match, entry: Entry) -> bool:
    """Tell whether *entry* has anything at all that *exclude* lists."""
    return (
        _has_word(exclude, entry) or _has_category(exclude, entry) or _has_language(exclude, entry)
    )


def _has_word(match: Match, entry: Entry) -> bool:
    if not match.words:
        return False
    pattern = _words(match.words)
    content = entry.content
    text = "\n".join((content.title, content.summary, *content.categories))
    return pattern.search(_folded(text)) is not None


def _has_category(match: Match, entry: Entry) -> bool:
    wanted = {_folded(name) for name in match.categories}
    return any(_folded(name) in wanted for name in entry.content.categories)


def _has_language(match: Match, entry: Entry) -> bool:
    return speaks(match.languages, entry.language)


@lru_cache(maxsize=256)
def _words(words: tuple[str, ...]) -> regex.Pattern[str]:
    return regex.compile(
        "|".join(_word(_folded(word)) for word in words if word.strip()) or r"(?!)"
    )


def _word(word: str) -> str:
    """Return a pattern for *word* as a whole word; its spaces stand for any white space."""
    spelled = r"\s+".join(regex.escape(part) for part in word.split())
    if _UNSPACED.search(word):
        return spelled
    return rf"(?<![\w\p{{M}}]){spelled}(?![\w\p{{M}}])"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
