"""Which languages of an item go to a channel, and what stands in for one that is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from herald.composing.locales import language_name, locale_of
from herald.model.campaign import MissingTranslation
from herald.model.ids import Language
from herald.model.words import EVERY, speaks

_PHRASES = {
    "ca": "en {}",
    "da": "på {}",
    "de": "auf {}",
    "el": "στα {}",
    "en": "in {}",
    "es": "en {}",
    "et": "{} keeles",
    "fr": "en {}",
    "gl": "en {}",
    "hu": "{} nyelven",
    "it": "in {}",
    "lt": "{} kalba",
    "lv": "{} valodā",
    "nb": "på {}",
    "nl": "in het {}",
    "no": "på {}",
    "pt": "em {}",
    "ro": "în {}",
    "sv": "på {}",
}
"""How a language says "in English" where the dictionary form of the name can stay as it is.

Elsewhere (Polish, Slovene, Maltese …) the name would have to be inflected, and stands alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One language in which an item goes to a channel."""

    language: Language
    """The delivery's language, by which its key is made."""
    words: Language
    """The language in which the words are taken; another one than ``language`` only on hold."""
    marker: str = ""
    """``[in English]``, in a language of the channel; empty where none is needed."""
    hold: bool = False
    """The translation is missing and awaited: the words are shown, not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What goes to a channel, and what it would have got in languages that are missing.

    Without choices and without anything missing, the channel speaks none of the languages.
    """

    choices: tuple[Choice, ...] = ()
    missing: tuple[Language, ...] = ()
    """Languages wanted and spoken here without words; empty under ``hold``, which holds them."""


def route(
    available: Collection[Language],
    *,
    wanted: Sequence[Language],
    spoken: Sequence[Language],
    missing_translation: MissingTranslation,
) -> Routing:
    """Choose the languages in which words go to a channel.

    *available* are the languages that have words (``*`` serves all), *wanted* the campaign's in
    its order (the first leads), *spoken* the channel's (empty: whatever is written). Under ``lead``
    the first wanted language that has words goes out once where nothing else would; under ``hold``
    each missing language gets a held choice with those words.
    """
    everywhere = EVERY in available
    heard = [tag for tag in dict.fromkeys(wanted) if not spoken or speaks(spoken, tag)]
    there = [tag for tag in heard if everywhere or tag in available]
    missing = tuple(tag for tag in heard if tag not in there)
    choices = [Choice(language=tag, words=tag) for tag in there]
    stand_in = next((tag for tag in wanted if everywhere or tag in available), None)
    if stand_in is None:
        return Routing(missing=missing)
    if missing_translation is MissingTranslation.HOLD:
        held = {tag: Choice(language=tag, words=stand_in, hold=True) for tag in missing}
        taken = {choice.language: choice for choice in choices}
        return Routing(choices=tuple((taken | held)[tag] for tag in heard))
    if missing_translation is MissingTranslation.LEAD and not choices:
        reader = next(iter([*missing, *spoken]), stand_in)
        choices = [Choice(language=stand_in, words=stand_in, marker=marker(stand_in, reader))]
    return Routing(choices=tuple(choices), missing=missing)


def marker(language: Language, reader: Language) -> str:
    """Return ``[in English]``: what *language* a text is in, told to one who reads *reader*."""
    name = language_name(language, reader)
    phrase = _PHRASES.get(locale_of(reader).language, "{}")
    return f"[{phrase.format(name)}]"
