"""What a channel gets: the words of a moment, composed within the channel's limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from herald.composing.compose import Draft, compose
from herald.composing.dates import month, spell
from herald.composing.language import Choice
from herald.composing.templates import Names, substitute
from herald.composing.visibility import Statement as Told
from herald.composing.visibility import short_statement
from herald.data.networks import capabilities_of
from herald.model.campaign import Campaign, Image, Item, Statement
from herald.model.configuration import ChannelConfig, Configuration, Project
from herald.model.delivery import Media, Payload
from herald.model.ids import ChannelId, Language
from herald.model.network import Capabilities
from herald.model.words import EVERY, Words
from herald.planning.wording import Script

_NOT_OWED = Told(text="", language=Language(""), required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What goes out on one channel in one language, and what is to be said about it."""

    payload: Payload
    fits: bool
    statement: Told


class Composer:
    """Composes the posts of one campaign; remembers what is the same for many of them."""

    def __init__(
        self,
        campaign: Campaign,
        configuration: Configuration,
        capabilities: Mapping[ChannelId, Capabilities],
    ) -> None:
        self._campaign = campaign
        self._configuration = configuration
        self._capabilities = capabilities
        self._statements: dict[Language, Told] = {}

    def post(
        self, script: Script, item: Item, choice: Choice, channel: ChannelConfig, local: datetime
    ) -> Post:
        """Compose what *channel* gets of *item* in the language of *choice*.

        *local* is the day of the post, for ``{month}`` and ``{year}``.
        """
        words = choice.words
        text, own = script.text(words) or ("", False)
        title = script.title(words)
        link = script.link(words, self._campaign.lead)
        names = Names(language=words)
        if "{" in text or "{" in title:
            names = self._names(script, item, words, link, local)
        statement = self.statement(words, item.statement)
        limits = self.limits(channel)
        draft = Draft(
            language=words,
            title=title,
            text=text,
            own_text=own,
            link=link,
            hashtags=_tags(item.hashtags, words) + _tags(self._campaign.hashtags, words),
            statement=statement.text,
            marker=choice.marker,
            names=names,
        )
        composed = compose(draft, limits)
        payload = Payload(
            text=composed.text,
            language=words,
            title=substitute(title, names),
            link=link,
            media=self._media(script.image, words) if limits.media_most else (),
            length=composed.length,
            limit=composed.limit,
        )
        return Post(payload=payload, fits=composed.fits, statement=statement)

    def limits(self, channel: ChannelConfig) -> Capabilities:
        """Return what *channel* told last, else what its network usually takes."""
        told = self._capabilities.get(channel.id)
        return capabilities_of(channel.network) if told is None else told

    def statement(self, language: Language, wanted: Statement) -> Told:
        """Return the funding statement that a post in *language* owes."""
        if wanted is Statement.NONE or self._campaign.project is None:
            return _NOT_OWED
        if language not in self._statements:
            project = self._configuration.projects.get(self._campaign.project)
            self._statements[language] = _told(project, self._campaign, language)
        return self._statements[language]

    def partner(self, item: Item, language: Language) -> str:
        """Return the name of the partner of *item*, as *language* calls it."""
        known = self._configuration.partners.get(item.partner) if item.partner else None
        if known is None:
            return ""
        return known.name.first([language, EVERY, *known.name.languages]) or ""

    def _names(
        self, script: Script, item: Item, language: Language, link: str, local: datetime
    ) -> Names:
        return Names(
            title=script.title(language),
            text=script.item_text(language),
            link=link,
            partner=self.partner(item, language),
            begins=spell(item.begins, language, item.zone) if item.begins else "",
            finishes=spell(item.finishes, language, item.zone) if item.finishes else "",
            place=item.location.name if item.location else "",
            month=month(local.date(), language),
            year=str(local.year),
            language=language,
        )

    def _media(self, image: Image | None, language: Language) -> tuple[Media, ...]:
        if image is None:
            return ()
        alt = image.alt.first([language, *self._campaign.languages])
        return (
            Media(
                file=image.file,
                url=image.url,
                alt="" if image.decorative else alt or "",
                sha256=image.sha256,
                media_type=image.media_type,
                credit=image.credit,
                licence=image.licence,
            ),
        )


def content_hash(payload: Payload, due_at: datetime) -> str:
    """Return a name for what a person approves: text, title, link, pictures and moment."""
    pictures = [(each.file, each.url, each.alt, each.sha256) for each in payload.media]
    shown = [payload.text, payload.title, payload.link, pictures, due_at.isoformat()]
    spelled = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate, which an escape in a file can bring in, has no UTF-8.
    return hashlib.sha256(spelled.encode(errors="surrogatepass")).hexdigest()[:32]


def _told(project: Project | None, campaign: Campaign, language: Language) -> Told:
    if project is not None:
        return short_statement(project, language)
    return Told(
        text="",
        language=language,
        warning=f"the project {campaign.project} is not in config/projects.yaml",
    )


def _tags(words: Words, language: Language) -> tuple[str, ...]:
    """Return the tags of *language*, then those of every language."""
    if not words:
        return ()
    return tuple(
        tag
        for wanted in (language, EVERY)
        for spoken, tags in words
        if spoken == wanted
        for tag in tags.split()
    )
