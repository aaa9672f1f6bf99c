"""What a channel gets: the words of a moment, composed within the channel's limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from herald.composing.compose import Draft, compose
from herald.composing.dates import month, spell
from herald.composing.language import Choice
from herald.composing.templates import Names, names_in, substitute
from herald.composing.visibility import Statement as Told
from herald.composing.visibility import short_statement
from herald.data.networks import capabilities_of
from herald.model.campaign import Campaign, Image, Item, Statement
from herald.model.configuration import ChannelConfig, Configuration, Project
from herald.model.delivery import Media, Payload
from herald.model.ids import CampaignId, ChannelId, Language, PartnerId, ProjectId
from herald.model.network import Capabilities
from herald.model.problem import Place
from herald.model.words import EVERY, Words
from herald.planning.wording import Script

_SPELL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NO_NAMES = Names()
_MENTIONS_ARE_MADE = frozenset({"bluesky"})
"""Networks that find no mention in a text by themselves: the sender says which there are."""
_NOT_OWED = Told(text="", language=Language(""), required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What goes out on one channel in one language, and what is to be said about it."""

    payload: Payload
    fits: bool
    statement: Told
    fingerprint: str
    """Of what the payload shows."""


class Composer:
    """Composes the posts of one campaign; remembers what is the same for many of them."""

    def __init__(
        self,
        campaign: Campaign,
        configuration: Configuration,
        capabilities: Mapping[ChannelId, Capabilities],
        *,
        before: Composer | None = None,
    ) -> None:
        """Take over what *before* composed last, if it was made of the same."""
        self._campaign = campaign
        self._configuration = configuration
        self._capabilities = capabilities
        made_of = (campaign, configuration, capabilities)
        is_same = before is not None and before._made_of() == made_of  # noqa: SLF001 - its own kind
        self._before = before._posts if before is not None and is_same else {}  # noqa: SLF001
        self._statements: dict[Language, Told] = {}
        self._tags: dict[Language, tuple[str, ...]] = {}
        self._posts: dict[tuple[object, ...], Post] = {}

    def _made_of(self) -> tuple[object, ...]:
        return self._campaign, self._configuration, self._capabilities

    @property
    def funder(self) -> Place:
        """Where the campaign's project stands in its file; the campaign where it has none."""
        project = self._configuration.projects.get(self._campaign.project or ProjectId(""))
        return self._campaign.place if project is None else project.place

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
        wanted = names_in(text) | names_in(title)
        day = (local.year, local.month) if wanted else None
        # One text goes out on many occasions: it is composed, and kept in memory, once.
        said = (choice.marker, title, text, own, link, script.image)
        told = (item.id, channel.id, words, day, said)
        if told in self._posts:
            return self._posts[told]
        post = self._before.get(told)
        if post is None:
            statement = self.statement(words, item.statement)
            draft = Draft(
                language=words,
                title=title,
                text=text,
                own_text=own,
                link=link,
                hashtags=self._hashtags(item, words),
                statement=statement.text,
                marker=choice.marker,
                names=self._names(wanted, script, item, words, link, local)
                if wanted
                else _NO_NAMES,
            )
            post = self.compose(draft, channel, image=script.image, statement=statement)
        self._posts[told] = post
        return post

    def compose(
        self, draft: Draft, channel: ChannelConfig, *, image: Image | None, statement: Told
    ) -> Post:
        """Fit *draft* to *channel*."""
        limits = self.limits(channel)
        composed = compose(draft, limits)
        payload = Payload(
            text=composed.text,
            language=draft.language,
            title=substitute(draft.title, draft.names),
            link=draft.link,
            media=self._media(image, draft.language) if limits.media_most else (),
            length=composed.length,
            limit=composed.limit,
            mentions=self._mentions(composed.text, channel.network),
        )
        return Post(
            payload=payload,
            fits=composed.fits,
            statement=statement,
            fingerprint=fingerprint(payload),
        )

    def _mentions(self, text: str, network: str) -> tuple[str, ...]:
        """Return the accounts on *network* that partners declared and *text* names."""
        if "@" not in text or network not in _MENTIONS_ARE_MADE:
            return ()
        partners = self._configuration.partners.values()
        declared = {partner.accounts.get(network, "") for partner in partners}
        names = {name.strip().removeprefix("@").casefold() for name in declared} - {""}
        said = text.casefold()
        return tuple(sorted(name for name in names if f"@{name}" in said))

    def _names(
        self,
        wanted: frozenset[str],
        script: Script,
        item: Item,
        language: Language,
        link: str,
        local: datetime,
    ) -> Names:
        # to spell dates takes longer than all the rest, and few templates name them
        begins = item.begins if "begins" in wanted else None
        finishes = item.finishes if "finishes" in wanted else None
        return Names(
            title=script.title(language),
            text=script.item_text(language),
            link=link,
            partner=self.partner(item.partner, language),
            begins=spell(begins, language, item.zone) if begins else "",
            finishes=spell(finishes, language, item.zone) if finishes else "",
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

    def _hashtags(self, item: Item, language: Language) -> tuple[str, ...]:
        """Return the item's tags and the campaign's: where room is short, the last go first."""
        if language not in self._tags:
            self._tags[language] = _tags(self._campaign.hashtags, language)
        return _tags(item.hashtags, language) + self._tags[language]

    def partner(self, partner: PartnerId | None, language: Language) -> str:
        """Return the name of *partner* as *language* calls it; nothing for one nobody knows."""
        known = self._configuration.partners.get(partner) if partner else None
        if known is None:
            return ""
        return known.name.first([language, EVERY, *known.name.languages]) or ""


def composers(
    campaigns: Sequence[Campaign],
    configuration: Configuration,
    capabilities: Mapping[ChannelId, Capabilities],
    *,
    before: Mapping[CampaignId, Composer] | None = None,
) -> dict[CampaignId, Composer]:
    """Return a composer for each campaign, which knows again what those of the last plan composed.

    Only where the campaign, the configuration and every limit are the same as then.
    """
    known = before or {}
    return {
        one.id: Composer(one, configuration, capabilities, before=known.get(one.id))
        for one in campaigns
    }


def fingerprint(payload: Payload) -> str:
    """Return a name for what *payload* shows: text, title, link, pictures and mentions."""
    pictures = [(each.file, each.url, each.alt, each.sha256) for each in payload.media]
    mentions = [payload.mentions] if payload.mentions else []
    spelled = _SPELL([payload.text, payload.title, payload.link, pictures, *mentions])
    # A lone surrogate, which an escape in a file can bring in, has no UTF-8.
    return hashlib.sha256(spelled.encode(errors="surrogatepass")).hexdigest()


def content_hash(shown: str, due_at: datetime) -> str:
    """Return a name for what a person approves: what is *shown* (a fingerprint), and when."""
    return hashlib.sha256(f"{shown} {due_at.isoformat()}".encode()).hexdigest()[:32]


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
