"""What a channel gets: the words of a moment, composed within the channel's limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from herald.composing.blocks import Composition, Draft
from herald.composing.compose import compose, compose_together
from herald.composing.credits import credit_of
from herald.composing.dates import month, spell
from herald.composing.describing import in_words, within
from herald.composing.entities import MENTION
from herald.composing.language import Choice
from herald.composing.templates import Names, names_in, substitute
from herald.composing.threads import thread
from herald.composing.visibility import Statement as Told
from herald.composing.visibility import short_statement
from herald.data.networks import capabilities_of
from herald.model.campaign import Campaign, Image, Item, Statement, Thread
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


_CALLED_BY_NETWORK = frozenset({"mastodon", "instagram", "telegram", "threads", "x"})
"""Networks that make a mention of whatever looks like one, and tell the one who is mentioned."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about a post that an editor should know, though it goes out."""

    code: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What goes out on one channel in one language, and what is to be said about it."""

    payload: Payload
    fits: bool
    statement: Told
    fingerprint: str
    """Of what the payload shows, and the further parts of its thread."""
    further: tuple[Payload, ...] = ()
    """The parts of a thread behind the first."""
    is_endless: bool = False
    """It does not fit, as a thread of it would have too many parts."""
    troubles: tuple[Trouble, ...] = ()


class _Lines(NamedTuple):
    """What a script says in a language: templates, and an address."""

    text: str
    own: bool
    title: str
    link: str


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
        self._before_together = (
            before._together if before is not None and is_same else {}  # noqa: SLF001
        )
        self._together: dict[tuple[object, ...], Post | None] = {}
        self._declared: dict[str, frozenset[str]] = {}

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
        lines = self._lines(script, words)
        day = (local.year, local.month) if names_in(lines.text) or names_in(lines.title) else None
        # One text goes out on many occasions: it is composed, and kept in memory, once.
        told: tuple[object, ...] = (
            item.id,
            channel.id,
            words,
            day,
            choice.marker,
            lines,
            script.image,
        )
        if script.thread is not Thread.NO:
            told = (*told, script.thread)
        if told in self._posts:
            return self._posts[told]
        post = self._before.get(told)
        if post is None:
            draft, statement = self._draft(lines, script, item, choice, local)
            post = self.compose(
                draft,
                channel,
                image=self.shown(script.image, channel),
                statement=statement,
                threaded=script.thread,
            )
        self._posts[told] = post
        return post

    def together(
        self,
        script: Script,
        item: Item,
        choices: Sequence[Choice],
        channel: ChannelConfig,
        local: datetime,
    ) -> Post | None:
        """Compose one post in the languages of *choices*; None where they have no room in it."""
        drafts, statements = zip(
            *(
                self._draft(self._lines(script, choice.words), script, item, choice, local)
                for choice in choices
            ),
            strict=True,
        )
        image = self.shown(script.image, channel)
        told = (item.id, channel.id, drafts, image)
        if told in self._before_together:
            self._together[told] = self._before_together[told]
        if told not in self._together:
            room, described = self._room(drafts[0], channel, image)
            composed = compose_together((described, *drafts[1:]), room)
            self._together[told] = (
                None
                if composed is None
                else self._post(
                    (composed,),
                    described,
                    channel,
                    image=image,
                    statement=statements[0],
                    also=tuple(draft.language for draft in drafts[1:]),
                )
            )
        return self._together[told]

    def _lines(self, script: Script, language: Language) -> _Lines:
        text, own = script.text(language) or ("", False)
        link = script.link(language, self._campaign.lead)
        return _Lines(text, own, script.title(language), link)

    def _draft(
        self, lines: _Lines, script: Script, item: Item, choice: Choice, local: datetime
    ) -> tuple[Draft, Told]:
        words = choice.words
        text, own, title, link = lines
        wanted = names_in(text) | names_in(title)
        statement = self.statement(words, item.statement)
        names = self._names(wanted, script, item, words, link, local) if wanted else _NO_NAMES
        draft = Draft(
            language=words,
            title=title,
            text=text,
            own_text=own,
            link=link,
            hashtags=self._hashtags(item, words),
            statement=statement.text,
            marker=choice.marker,
            names=names,
        )
        return draft, statement

    def compose(
        self,
        draft: Draft,
        channel: ChannelConfig,
        *,
        image: Image | None,
        statement: Told,
        threaded: Thread = Thread.NO,
    ) -> Post:
        """Fit *draft* to *channel*: into one post, or where wished and possible into a thread."""
        limits, described = self._room(draft, channel, image)
        plain = self.limits(channel)
        if threaded is Thread.NO or not plain.threads:
            parts: tuple[Composition, ...] = (compose(described, limits),)
        else:
            numbered = threaded is Thread.NUMBERED
            parts = thread(described, limits, further=plain, numbered=numbered).parts
        if parts:
            return self._post(parts, described, channel, image=image, statement=statement)
        endless = (compose(described, limits),)
        post = self._post(endless, described, channel, image=image, statement=statement)
        return replace(post, fits=False, is_endless=True)

    def _room(
        self, draft: Draft, channel: ChannelConfig, image: Image | None
    ) -> tuple[Capabilities, Draft]:
        """Return the limits of a post with *image*, and *draft* with what they make it say."""
        limits = self.limits(channel)
        if image is None or not limits.media_most:
            return limits, draft
        if limits.alt_limit == 0:
            alt, language = self._alt(image, draft.language)
            draft = replace(draft, description=in_words(alt, language))
        if limits.limit_with_media is not None:
            limits = replace(limits, limit=limits.limit_with_media)
        if image.credit:
            credit = credit_of(image.credit, image.licence, draft.language)
            draft = replace(draft, credit=credit.text, credit_is_owed=credit.owed)
        return limits, draft

    def _post(
        self,
        parts: tuple[Composition, ...],
        draft: Draft,
        channel: ChannelConfig,
        *,
        image: Image | None,
        statement: Told,
        also: tuple[Language, ...] = (),
    ) -> Post:
        """Return *parts* as payloads; title, link and picture go with the first."""
        limits = self.limits(channel)
        first = self._payload(
            parts[0],
            draft.language,
            channel,
            title=substitute(draft.title, draft.names),
            link=draft.link,
            media=self._media(image, draft.language, limits) if limits.media_most else (),
            also=also,
        )
        further = tuple(self._payload(part, draft.language, channel) for part in parts[1:])
        return Post(
            payload=first,
            fits=parts[0].fits,
            statement=statement,
            fingerprint=fingerprint(first, *further),
            further=further,
            troubles=()
            if image is None and not any("@" in part.text for part in parts)
            else tuple(self._troubles((first, *further), parts[0], image, channel)),
        )

    def _payload(
        self, part: Composition, language: Language, channel: ChannelConfig, **with_first: Any
    ) -> Payload:
        return Payload(
            text=part.text,
            language=language,
            length=part.length,
            limit=part.limit,
            mentions=self._mentions(part.text, channel.network),
            **with_first,
        )

    def _mentions(self, text: str, network: str) -> tuple[str, ...]:
        """Return the accounts on *network* that partners declared and *text* names."""
        if "@" not in text or network not in _MENTIONS_ARE_MADE:
            return ()
        said = text.casefold()
        return tuple(sorted(name for name in self._accounts(network) if f"@{name}" in said))

    def _accounts(self, network: str) -> frozenset[str]:
        """Return the accounts on *network* that partners declared, without ``@``."""
        if network not in self._declared:
            partners = self._configuration.partners.values()
            declared = {partner.accounts.get(network, "") for partner in partners}
            names = {name.strip().removeprefix("@").casefold() for name in declared}
            self._declared[network] = frozenset(names - {""})
        return self._declared[network]

    def _troubles(
        self,
        payloads: tuple[Payload, ...],
        first: Composition,
        image: Image | None,
        channel: ChannelConfig,
    ) -> Iterator[Trouble]:
        """Yield what an editor should know of a post that goes out."""
        if "description" in first.dropped:
            yield Trouble(
                "long-alt",
                f"{channel.id} has no field for a picture's description, and in the text it has"
                " no room: it is shortened",
                f"write a shorter one, or a shorter text under on_channel: {channel.id}",
            )
        limit = self.limits(channel).alt_limit
        if image is not None and limit:
            length = len(self._alt(image, payloads[0].language)[0])
            if length > limit:
                yield Trouble(
                    "long-alt",
                    f"the picture's description has {length} characters, and {channel.id} takes"
                    f" {limit}: it is shortened",
                    "write a shorter one",
                )
        if channel.network in _CALLED_BY_NETWORK:
            yield from self._strangers(payloads, channel)

    def _strangers(
        self, payloads: tuple[Payload, ...], channel: ChannelConfig
    ) -> Iterator[Trouble]:
        """Yield the accounts that a text would call though no partner declared them."""
        for payload in payloads:
            for found in MENTION.finditer(payload.text) if "@" in payload.text else ():
                name = found[0].removeprefix("@")
                if name.casefold() not in self._accounts(channel.network):
                    yield Trouble(
                        "stranger",
                        f"{found[0]} is no account of a partner, and {channel.id} would call it",
                        "declare it under accounts: of its partner in config/partners.yaml, or"
                        " write the name without @",
                    )

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

    def _media(
        self, image: Image | None, language: Language, limits: Capabilities
    ) -> tuple[Media, ...]:
        if image is None:
            return ()
        alt, _ = self._alt(image, language)
        return (
            Media(
                file=image.file,
                url=image.url,
                alt=within(alt, limits.alt_limit or None),
                sha256=image.sha256,
                media_type=image.media_type,
                credit=image.credit,
                licence=image.licence,
            ),
        )

    def _alt(self, image: Image, language: Language) -> tuple[str, Language]:
        """Return the description for a post in *language*, and in what language it is written."""
        for tag in (language, *self._campaign.languages):
            alt = None if image.decorative else image.alt.get(tag)
            if alt is not None:
                return alt, tag
        return "", language

    def shown(self, image: Image | None, channel: ChannelConfig) -> Image | None:
        """Return *image*; None in the place of a video that *channel* does not take."""
        if image is None or not image.video_bytes:
            return image
        is_taken = self.limits(channel).take_video(image.media_type, image.video_bytes)
        return image if is_taken else None

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


def fingerprint(payload: Payload, *further: Payload) -> str:
    """Return a name for what a post shows: text, title, link, pictures and mentions of all parts.

    What one post shows has the same name as ever: an approval of it stands.
    """
    if further:
        parts = "".join(fingerprint(part) for part in (payload, *further))
        return hashlib.sha256(parts.encode()).hexdigest()
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
