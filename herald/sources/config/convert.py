"""The files under config/, turned into the values that planning reads."""

from __future__ import annotations

from collections.abc import Mapping

from herald.model.configuration import (
    ChannelConfig,
    FeedConfig,
    LetterDesign,
    MailingList,
    NamedPicture,
    Partner,
    Project,
)
from herald.model.ids import ChannelId, Language, ListId, PartnerId, ProjectId
from herald.model.words import EVERY, Words
from herald.sources.config.account_feeds import POSTS_EVERY
from herald.sources.config.shapes import (
    ChannelShape,
    DesignShape,
    FeedShape,
    ListShape,
    NamedPictureShape,
    PartnerShape,
    ProjectShape,
    TargetShape,
)
from herald.sources.shape import Located
from herald.sources.texts import LEAD


def channel_of(name: str, shape: ChannelShape, where: Located) -> ChannelConfig:
    """Return one channel, its network's own settings as they were written."""
    return ChannelConfig(
        id=ChannelId(name),
        network=shape.network,
        languages=_languages(shape.languages),
        paused=shape.paused,
        settings=dict(shape.__pydantic_extra__ or {}),
        place=where.place((name,)),
    )


def partner_of(name: str, shape: PartnerShape, where: Located) -> Partner:
    """Return one partner."""
    return Partner(
        id=PartnerId(name),
        name=_words(shape.name),
        country=shape.country or "",
        languages=_languages(shape.languages),
        tags=shape.tags,
        accounts=dict(shape.accounts),
        feeds=tuple(_feed(feed) for feed in shape.feeds),
        paused=shape.paused,
        place=where.place((name,)),
    )


def project_of(name: str, shape: ProjectShape, where: Located) -> Project:
    """Return one project."""
    return Project(
        id=ProjectId(name),
        name=shape.name,
        grant=shape.grant,
        authority=shape.authority,
        programme=shape.programme,
        funding=shape.funding,
        statement=_words(shape.statement),
        disclaimer=_words(shape.disclaimer),
        emblem=_picture(shape.emblem),
        targets={word: _target(target) for word, target in shape.targets.items()},
        place=where.place((name,)),
    )


def list_of(
    name: str, shape: ListShape, where: Located, *, languages: tuple[str, ...]
) -> MailingList:
    """Return one mailing list, in *languages* where it names none."""
    return MailingList(
        id=ListId(name),
        name=_words(shape.name),
        sender_name=shape.from_.name,
        sender_address=shape.from_.address,
        languages=_languages(shape.languages or languages),
        place=where.place((name,)),
        is_open=shape.subscribe == "open",
        controller=_words(shape.controller),
        privacy=_words(shape.privacy),
        has_archive=(shape.archive or shape.subscribe) == "open",
        design=_design(shape.design),
    )


def _languages(tags: tuple[str, ...]) -> tuple[Language, ...]:
    return tuple(Language(tag) for tag in tags)


def _words(texts: Mapping[str, str] | None) -> Words:
    """Return words; what was written without a language serves every one."""
    return Words(
        tuple((EVERY if tag == LEAD else Language(tag), t) for tag, t in (texts or {}).items())
    )


def _design(shape: DesignShape | None) -> LetterDesign:
    if shape is None:
        return LetterDesign()
    return LetterDesign(
        accent=shape.accent or "", ground=shape.ground or "", logo=_picture(shape.logo)
    )


def _picture(shape: NamedPictureShape | None) -> NamedPicture | None:
    if shape is None:
        return None
    return NamedPicture(file=shape.file or "", url=shape.url or "", alt=_words(shape.alt))


def _feed(shape: FeedShape) -> FeedConfig:
    return FeedConfig(
        url=shape.url,
        licence=shape.licence or "",
        pubdate=shape.pubdate,
        event_pages="never" if shape.posts_of else shape.event_pages,
        seed=shape.seed,
        every=shape.every or (POSTS_EVERY if shape.posts_of else None),
        language=None if shape.language is None else Language(shape.language),
        posts_of=shape.posts_of or "",
    )


def _target(shape: TargetShape) -> object:
    """Return a bare number where only a total was promised."""
    if shape.per_partner is None:
        return shape.total
    return shape.model_dump(exclude_none=True)
