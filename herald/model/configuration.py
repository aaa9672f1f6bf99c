"""What a network has told Herald about itself: channels, partners, projects, lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum

from herald.model.ids import ChannelId, Language, ListId, PartnerId, ProjectId
from herald.model.problem import Place
from herald.model.words import Words


class Funding(StrEnum):
    """Whether the Union pays a part or the whole."""

    CO_FUNDED = "co-funded"
    FUNDED = "funded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One configured account on a network."""

    id: ChannelId
    network: str
    languages: tuple[Language, ...] = ()
    """What it speaks; empty means whatever the campaign writes."""
    paused: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    """The network's own settings as written, checked by the channel's module."""
    place: Place = field(compare=False)
    """A line that moves changes no account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """A feed that a partner publishes."""

    url: str
    licence: str = ""
    pubdate: str = "auto"
    """What its dates mean: published, event_start or auto."""
    event_pages: str = "auto"
    """Whether its entries' pages are read for events: auto, always or never."""
    seed: int = 0
    """How many of the newest entries of its first poll are news all the same."""
    every: timedelta | None = None
    """The pause between two checks that the partner agreed to."""
    language: Language | None = None
    posts_of: str = ""
    """The network on which its entries are posts of the partner's own account, which are boosted
    there and never posted as text; empty for a website's feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An organisation of the network, with its feeds and its accounts."""

    id: PartnerId
    name: Words
    country: str = ""
    languages: tuple[Language, ...] = ()
    tags: tuple[str, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    feeds: tuple[FeedConfig, ...] = ()
    paused: bool = False
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPicture:
    """A picture that a file under ``config/`` names, such as a logo."""

    file: str = ""
    """Its path in Herald's folder; empty where it has an address."""
    url: str = ""
    alt: Words
    """What it says to those who cannot see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterDesign:
    """How a list's letters look; what is empty is Herald's own."""

    accent: str = ""
    """The colour of links, such as ``#7a1f2b``."""
    ground: str = ""
    """The colour around the sheet."""
    logo: NamedPicture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A funded project: its grant decides what every post must say."""

    id: ProjectId
    name: str
    grant: str = ""
    authority: str = ""
    programme: str = ""
    funding: Funding = Funding.CO_FUNDED
    statement: Words = field(default_factory=Words)
    """The grant agreement's own wording, which wins over Herald's data."""
    disclaimer: Words = field(default_factory=Words)
    emblem: NamedPicture | None = None
    """Of who pays; it stands beside the statement, as it is."""
    targets: Mapping[str, object] = field(default_factory=dict)
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingList:
    """A list of subscribers and who writes to it."""

    id: ListId
    name: Words
    sender_name: str
    sender_address: str
    languages: tuple[Language, ...]
    place: Place
    is_open: bool = False
    """Anybody may ask on the web to join."""
    controller: Words = field(default_factory=Words)
    """Who answers for the personal data; empty means the sender."""
    privacy: Words = field(default_factory=Words)
    """Addresses of the page that says how personal data are protected."""
    has_archive: bool = False
    """Its letters stand on public pages once they were sent."""
    design: LetterDesign = LetterDesign()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """The part of every local day in which Herald by itself posts nothing; may span midnight."""

    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything under ``config/`` that planning needs."""

    zone: str = "UTC"
    quiet_hours: QuietHours | None = None
    paused: bool = False
    channels: Mapping[ChannelId, ChannelConfig] = field(default_factory=dict)
    partners: Mapping[PartnerId, Partner] = field(default_factory=dict)
    projects: Mapping[ProjectId, Project] = field(default_factory=dict)
    lists: Mapping[ListId, MailingList] = field(default_factory=dict)
