"""What the files under config/ may hold; the docstrings are what an editor's help shows."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from herald.model.configuration import Funding
from herald.sources.campaigns.shapes import DefaultsShape
from herald.sources.shape import Shape
from herald.sources.texts import Languages, LanguageTag, Texts
from herald.sources.times import Quiet, TimeOfDay, Zone
from herald.sources.values import (
    AlsoSingle,
    AlsoWritten,
    Count,
    Country,
    Flag,
    Id,
    MailAddress,
    Text,
    TextList,
    Url,
)

AtOnce = Literal["failed", "unclear", "approval", "broken-file"]


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class OfficerShape(Shape):
    """A person who looks after Herald."""

    name: Text
    """The name"""
    email: MailAddress
    """Where Herald writes to"""
    languages: Languages = ()
    """What the person reads; the first is used"""


class NotifyShape(Shape):
    """When officers get mail."""

    digest: TimeOfDay = time(7, 30)
    """When the daily summary goes out"""
    at_once: Annotated[
        tuple[AtOnce, ...], BeforeValidator(_split), AlsoWritten({"type": "string"})
    ] = ()
    """What is told at once: failed, unclear, approval, broken-file"""


class WebShape(Shape):
    """Herald's own pages."""

    listen: Text = "127.0.0.1:8460"
    """Address and port: 127.0.0.1:8460"""
    public_url: Url | None = None
    """Where the public finds them: https://herald.example.org"""


class SmtpShape(Shape):
    """The server that takes mail; its password stands in HERALD_SMTP__PASSWORD."""

    host: Text = "localhost"
    """Its name"""
    port: Count = 25
    """Its port: 25, 465 or 587"""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    """none, starttls (usual on 25 and 587), or tls (on 465)"""
    user: Text | None = None
    """The user name, if it wants one"""


class FeedsShape(Shape):
    """How partners' feeds are fetched."""

    allow_private: Flag = False
    """true lets feeds come from private and loopback addresses"""


class HeraldShape(Shape):
    """What holds for everything."""

    timezone: Zone = "UTC"
    """The zone of campaigns that name none: Europe/Rome"""
    contact: str = ""
    """A page or address by which a partner's web master can ask"""
    officers: Annotated[tuple[OfficerShape, ...], AlsoSingle()] = ()
    """Who looks after Herald"""
    notify: NotifyShape = NotifyShape()
    """When officers get mail"""
    store: Text = "sqlite:///var/herald.db"
    """Where Herald remembers: sqlite:///var/herald.db, or postgresql://…"""
    paused: Flag = False
    """true: nothing at all is sent"""
    quiet_hours: Quiet | None = None
    """Local hours in which Herald by itself posts nothing: 20:00-08:30"""
    web: WebShape = WebShape()
    """Herald's own pages"""
    smtp: SmtpShape = SmtpShape()
    """The server that takes mail"""
    feeds: FeedsShape = FeedsShape()
    """How partners' feeds are fetched"""
    defaults: DefaultsShape = DefaultsShape()
    """What every campaign repeats: languages, channels, project"""


class ChannelShape(BaseModel):
    """One account; beside these keys stand the network's own settings, one value each."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, Text]

    network: Id
    """What kind of account it is: mastodon, manual, journal"""
    languages: Languages = ()
    """What it speaks; every language if it is not given"""
    paused: Flag = False
    """true: nothing is sent to it"""


class FeedShape(Shape):
    """A feed or calendar of a partner."""

    url: Url
    """Its address"""
    licence: Text | None = None
    """Under what terms it may be used: CC-BY-4.0"""
    pubdate: Literal["published", "event_start", "auto"] = "auto"
    """What its dates mean: published, event_start, or auto"""
    language: LanguageTag | None = None
    """Its language, if it does not say so itself"""


def _feed(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [{"url": entry} if isinstance(entry, str) else entry for entry in entries]


class PartnerShape(Shape):
    """An organisation of the network."""

    name: Texts
    """Its name; one for all languages, or one each"""
    country: Country | None = None
    """Two capital letters: IT"""
    languages: Languages = ()
    """What it publishes in"""
    tags: TextList = ()
    """Words by which campaigns choose it: from: [tag:museums]"""
    accounts: dict[Id, Text] = Field(default_factory=dict)
    """Its accounts, to credit it: {mastodon: "@argenta@social.example.org"}"""
    feeds: Annotated[tuple[FeedShape, ...], BeforeValidator(_feed), AlsoSingle()] = ()
    """Its feeds and calendars"""
    paused: Flag = False
    """true: nothing of it is passed on"""


class TargetShape(Shape):
    """A figure that the project promised."""

    per_partner: Count | None = None
    """So many of each partner"""
    total: Count | None = None
    """So many in all"""


def _target(value: Any) -> Any:
    return {"total": value} if isinstance(value, str | int) else value


class ProjectShape(Shape):
    """A funded project."""

    name: Text
    """Its name"""
    grant: Text = ""
    """The grant's number, as the agreement writes it: it decides what every post must say"""
    authority: Text = ""
    """Who granted it: SEPIE, EACEA"""
    programme: Text = ""
    """The programme: Erasmus+, Creative Europe, Interreg"""
    funding: Funding = Funding.CO_FUNDED
    """co-funded, or funded"""
    statement: Texts | None = None
    """The agreement's own wording, if it gives one"""
    disclaimer: Texts | None = None
    """The agreement's own disclaimer, if it gives one"""
    targets: dict[
        Id,
        Annotated[
            TargetShape, BeforeValidator(_target), AlsoWritten({"type": ["integer", "string"]})
        ],
    ] = Field(default_factory=dict)
    """What was promised: {meeting: 5, stakeholder: {per_partner: 5}}"""


class SenderShape(Shape):
    """From whom a list's mail is."""

    name: Text
    """The name"""
    address: MailAddress
    """The address"""


class ListShape(Shape):
    """A mailing list."""

    name: Texts
    """Its name; one for all languages, or one each"""
    from_: SenderShape = Field(alias="from")
    """From whom its mail is"""
    languages: Languages = ()
    """What it is written in; the first leads"""


class ChannelsFile(RootModel[dict[Id, ChannelShape]]):
    """Where posts go: each account by its id."""


class PartnersFile(RootModel[dict[Id, PartnerShape]]):
    """The network's members, each by its id."""


class ProjectsFile(RootModel[dict[Id, ProjectShape]]):
    """Who pays: each project by its id."""


class ListsFile(RootModel[dict[Id, ListShape]]):
    """Mailing lists, each by its id."""
