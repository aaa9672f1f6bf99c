"""What a moment says on a channel: whose words count, language by language.

The closest words count: the occasion's for the channel, the occasion's, then the item's for the
channel, the item's. What an occasion says replaces title and text; what an item says for a channel
replaces only its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from herald.composing.templates import names_in
from herald.model.campaign import Before, ChannelOverride, Image, Item, Reference, Thread
from herald.model.ids import ChannelId, Language
from herald.model.words import EVERY, Words
from herald.planning.moment import Moment
from herald.planning.references import begins, find

_SAME = ChannelOverride(channel=ChannelId(""))
"""Changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything that a moment of an item may say on one channel; of several, the closest first."""

    own: tuple[Words, ...]
    """The occasion's own texts."""
    texts: tuple[Words, ...]
    """The item's."""
    titles: tuple[Words, ...]
    links: tuple[Words, ...]
    image: Image | None
    wording: Words
    falls_back: bool
    """The item's texts stand in where there is none of the occasion's own."""
    thread: Thread = Thread.NO

    def text(self, language: Language) -> tuple[str, bool] | None:
        """Return the text in *language* and whether it is the occasion's own; None if missing."""
        own = _first(self.own, language) or _base(self.wording, language)
        if own is not None:
            return own, True
        if not self.falls_back:
            return None
        if not self.texts:
            return "", False  # the item is no more than a title
        text = _first(self.texts, language)
        return None if text is None else (text, False)

    def title(self, language: Language) -> str:
        """Return the title in *language*, or nothing."""
        return _first(self.titles, language) or ""

    def item_text(self, language: Language) -> str:
        """Return what ``{text}`` stands for in *language*, or nothing."""
        return _first(self.texts, language) or ""

    def link(self, language: Language, lead: Language) -> str:
        """Return the link in *language*, else in *lead*, its ``{language}`` filled in."""
        for tag in (language, lead):
            if link := _first(self.links, tag):
                return link.replace("{language}", language)
        return ""

    def languages(self) -> frozenset[Language]:
        """Return the languages that have words; ``*`` among them serves every language."""
        sources = (*self.own, *self.texts, *self.titles)
        tags = {tag for words in sources for tag, _ in words.pairs}
        return frozenset(tag for tag in tags if self._says(tag))

    def _says(self, language: Language) -> bool:
        """Tell whether there are words in *language*, and all that they build on."""
        found = self.text(language)
        if found is None:
            return False
        text, own = found
        if not own:
            return bool(text or self.title(language))
        needs = names_in(text)
        return not (
            ("title" in needs and not self.title(language))
            or ("text" in needs and not self.item_text(language))
        )


def script(moment: Moment, item: Item, channel: ChannelId) -> Script:
    """Gather what *moment* of *item* says on *channel*."""
    occasion = moment.occasion
    close = override(occasion.on_channel, channel) or _SAME
    wide = override(item.on_channel, channel) or _SAME
    images = (close.image, occasion.image, wide.image, item.image)
    threads = (close.thread, occasion.thread, wide.thread, item.thread)
    return Script(
        own=_told(close.text, moment.text),
        texts=_told(wide.text, item.text),
        titles=_told(close.title, occasion.title, wide.title, item.title),
        links=_told(close.link, occasion.link, *_links(moment, item, wide)),
        image=next((image for image in images if image is not None), None),
        wording=moment.wording,
        falls_back=not (moment.text or moment.needs_wording),
        thread=next((thread for thread in threads if thread is not None), Thread.NO),
    )


def override(overrides: Iterable[ChannelOverride], channel: ChannelId) -> ChannelOverride | None:
    """Return what *channel* gets instead of what all get."""
    return next((one for one in overrides if one.channel == channel), None)


def _links(moment: Moment, item: Item, wide: ChannelOverride) -> tuple[Words, ...]:
    """Return the item's links; where the post is about signing up, that link comes first.

    Once nobody can sign up any more, that link is of no use.
    """
    page = (wide.link, item.link)
    if item.registration is None:
        return page
    when = moment.occasion.when
    if isinstance(when, Before) and when.of == Reference.REGISTRATION:
        return (item.registration.link, *page)
    ends = find(Reference.REGISTRATION, item, {}) or begins(item)
    return page if ends is not None and moment.at >= ends.at else (*page, item.registration.link)


def _told(*words: Words) -> tuple[Words, ...]:
    return tuple(one for one in words if one)


def _first(sources: tuple[Words, ...], language: Language) -> str | None:
    for words in sources:
        text = words.get(language)
        if text is not None:
            return text
    return None


def _base(words: Words, language: Language) -> str | None:
    """Return the words in *language*, else in its base language: ``pt`` serves ``pt-BR``."""
    if not words or language == EVERY:
        return None
    return words.first([language, Language(language.split("-")[0])])
