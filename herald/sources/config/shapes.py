"""What the files under config/ may hold; the docstrings are what an editor's help shows."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from herald.composing.contrast import ENOUGH, contrast, is_colour, readable, spelled_out
from herald.data.mail_domains import counted_domain
from herald.model.bounces import BadBounceAddress, read_pattern
from herald.model.configuration import Funding
from herald.sources.campaigns.shapes import DefaultsShape
from herald.sources.shape import Shape, fault
from herald.sources.texts import Languages, LanguageTag, Texts
from herald.sources.times import Length, MailLimits, Quiet, TimeOfDay, Zone
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

AtOnce = Literal[
    "failed", "unclear", "approval", "broken-file", "overdue", "channel", "newsletter", "feed"
]
_DOMAIN = re.compile(r"\*|(?=.{1,253}$)[^\s@*.]{1,63}(\.[^\s@*.]{1,63})+")
_ROOM = re.compile(r"![^\s/?#]+")
_WEB = re.compile(r"https?://[^\s<>\"]+")
_HERE = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:|/|$)", re.IGNORECASE)


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class OfficerShape(Shape):
    """A person who looks after Herald."""

    name: Text
    """The person's name"""
    email: MailAddress
    """The person's mail address, for what needs somebody"""
    languages: Languages = ()
    """What the person reads; the first that Herald knows is used"""


def _protected(url: str) -> str:
    if not url.lower().startswith("https://") and not _HERE.match(url):
        raise fault("not-protected", f'"{url}" is not protected on its way', "write https://")
    return url


def _room(room: str) -> str:
    if not _ROOM.fullmatch(room):
        hint = "it begins with ! and stands in the room's settings, under Advanced"
        what = "the room's address, not its" if room.startswith("#") else "no room's"
        raise fault("no-room", f'"{room}" is {what} internal id', hint)
    return room


class MatrixShape(Shape):
    """A Matrix room that is told; its token stands in HERALD_NOTIFY__MATRIX__ACCESS_TOKEN."""

    server: Annotated[Url, AfterValidator(_protected)]
    """The homeserver of the user whom the token belongs to"""
    room: Annotated[Text, AfterValidator(_room)]
    """The room's internal id; the user must have joined it"""


class WebhookShape(Shape):
    """A program that is told; its secret stands in HERALD_NOTIFY__WEBHOOK__SECRET."""

    url: Annotated[Url, AfterValidator(_protected)]
    """Where the signed notices are posted"""


class NotifyShape(Shape):
    """How officers are told what needs them; a Matrix token and a webhook's key are secrets."""

    digest: TimeOfDay = time(7, 30)
    """When the daily summary goes out, if anything is open"""
    at_once: Annotated[
        tuple[AtOnce, ...], BeforeValidator(_split), AlsoWritten({"type": "string"})
    ] = ()
    """What is told within minutes, and not only in the summary"""
    from_: MailAddress | None = Field(default=None, alias="from")
    """The address that officers' mail is from"""
    matrix: MatrixShape | None = None
    """A Matrix room that is told too"""
    webhook: WebhookShape | None = None
    """A program that is told too"""


def _domains(written: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, str] = {}
    for name in written:
        if not _DOMAIN.fullmatch(name):
            hint = 'write what stands behind the @: gmail.com, or "*" for every other domain'
            raise fault("no-domain", f'"{name}" is no domain', hint)
        provider = counted_domain(name)
        if provider in seen:
            message = f"{seen[provider]} and {name} are one provider's, and count as one"
            raise fault("same-domain", message, "keep one of them")
        seen[provider] = name
    return written


class WebShape(Shape):
    """Herald's own pages."""

    listen: Text = "127.0.0.1:8460"
    """The address and port at which /healthz answers"""
    public_url: Url | None = None
    """Where the public reaches it: the address in links for joining and leaving a list"""
    client_header: Text | None = None
    """The header in which your own proxy names who asks: X-Forwarded-For or X-Real-IP"""


def _key_file(written: str) -> str:
    if "-----BEGIN" in written:
        hint = "name the key's file here, or give the key as HERALD_SMTP__DKIM_KEY"
        raise fault("secret-in-file", "a secret must not stand in this file", hint)
    return written


class LimitsShape(Shape):
    """How many newsletter mails go out at most; of several limits on one thing all hold."""

    relay: MailLimits = ()
    """Through the mail server, of everybody together"""
    sender: MailLimits = ()
    """From each sender's address"""
    domains: Annotated[dict[Text, MailLimits], AfterValidator(_domains)] = Field(
        default_factory=dict
    )
    """To the addresses of one domain each; "*" stands for every other one by itself"""


_MOST_CONNECTIONS = 10
"""Servers that let one client have more at once are rare, and more gain little."""


def _some_connections(count: int) -> int:
    if not 1 <= count <= _MOST_CONNECTIONS:
        raise fault("wrong-value", f"{count} is no possible number", "write 1 to 10")
    return count


Connections = Annotated[Count, AfterValidator(_some_connections)]


class SmtpShape(Shape):
    """The server that takes mail; its password stands in HERALD_SMTP__PASSWORD."""

    host: Text = "localhost"
    """The mail server's name"""
    port: Count = 25
    """The mail server's port: 25, 465 or 587"""
    tls: Literal["none", "starttls", "tls"] = "starttls"
    """none, starttls (usual on 25 and 587), or tls (on 465)"""
    user: Text | None = None
    """The user name, if the mail server wants one; the password is a secret"""
    connections: Connections = 2
    """How many it is sent newsletters over at once, 1 to 10; some providers refuse a fourth"""
    dkim_selector: Text | None = None
    """The name of the DKIM key that signs your mails: what stands behind s= in their signature"""
    log: Text | None = None
    """The log of a Postfix on this machine (a path, * allowed): it settles which copies it took"""
    limits: LimitsShape = LimitsShape()
    """How many newsletter mails go out at most; without it as many as the server takes"""
    dkim_key: Annotated[Text, AfterValidator(_key_file)] | None = None
    """The file of the key with which Herald itself signs; not needed where the mail server does"""


def _bounce_pattern(written: str) -> str:
    try:
        return read_pattern(written)
    except BadBounceAddress as error:
        raise fault("no-bounce-address", f'"{written}" takes nothing back', str(error)) from error


class MailboxShape(Shape):
    """The mailbox for what comes back; password: HERALD_BOUNCES__MAILBOX__PASSWORD."""

    host: Text
    """The IMAP server's name"""
    port: Count = 993
    """The IMAP server's port: 993, or 143"""
    tls: Literal["none", "starttls", "tls"] = "tls"
    """tls (on 993), starttls (on 143), or none"""
    user: Text
    """The user name; the password is a secret"""
    folder: Text = "INBOX"
    """The folder that is looked into"""


def _own_door(written: str) -> str:
    host, colon, port = written.rpartition(":")
    is_path = written.startswith("/")
    is_here = host.strip("[]") in {"localhost", "::1"} or host.startswith("127.")
    if is_path or (colon and port.isdigit() and is_here):
        return written
    hint = "write 127.0.0.1:8461, or the path of a socket file: /run/herald/lmtp"
    if not (colon and port.isdigit()) or "/" in written:
        raise fault("wrong-value", f'"{written}" names no port, and no socket file', hint)
    raise fault("public-door", "LMTP knows no login, so it is for this computer alone", hint)


class BouncesShape(Shape):
    """What becomes of newsletters that come back."""

    address: Annotated[Text, AfterValidator(_bounce_pattern)] | None = None
    """Where copies come back to; each gets a sign of its own behind a +, or where a * stands"""
    mailbox: MailboxShape | None = None
    """The mailbox that is looked into every five minutes; not needed where mail is piped"""
    lmtp: Annotated[Text, AfterValidator(_own_door)] | None = None
    """Where this computer's mail server hands over what came back: 127.0.0.1:8461, or a path"""


_SHORTEST_KEPT = timedelta(days=31)
"""For a month mail servers, readers and officers still come back to a letter."""


def _long_enough(kept: timedelta) -> timedelta:
    if kept < _SHORTEST_KEPT:
        raise fault("too-short", "letters come back for a month", "write 31d or more")
    return kept


Kept = Annotated[Length, AfterValidator(_long_enough)]


class RetentionShape(Shape):
    """How long what is held of subscribers is kept; what is older is forgotten once a day."""

    letters: Kept = timedelta(days=400)
    """How long it is known who got which issue, after it was sent; its figures stay"""
    left: Kept = timedelta(days=1095)
    """How long name, address and proof of consent are kept of those who left a list"""
    unconfirmed: Kept = timedelta(days=90)
    """How long imported people are kept of whom no consent is known, and who never confirmed"""


class FeedsShape(Shape):
    """How partners' feeds are fetched."""

    allow_private: Flag = False
    """true: feeds may come from this computer and from private networks"""


class HeraldShape(Shape):
    """What holds for everything."""

    timezone: Zone = "UTC"
    """The zone of campaigns that name none"""
    contact: str = ""
    """A page or address by which a partner's web master can ask who reads the feed"""
    officers: Annotated[tuple[OfficerShape, ...], AlsoSingle()] = ()
    """Who looks after Herald"""
    notify: NotifyShape = NotifyShape()
    """When and how officers are told what needs them"""
    store: Text = "sqlite:///var/herald.db"
    """Where Herald keeps what it remembers; paths count from this folder"""
    paused: Flag = False
    """true: nothing at all is sent"""
    quiet_hours: Quiet | None = None
    """Hours, on each campaign's clock, in which Herald by itself posts nothing"""
    web: WebShape = WebShape()
    """Herald's own pages"""
    smtp: SmtpShape = SmtpShape()
    """The server that takes mail"""
    bounces: BouncesShape = BouncesShape()
    """What becomes of newsletters that come back"""
    retention: RetentionShape = RetentionShape()
    """How long what is held of subscribers is kept"""
    feeds: FeedsShape = FeedsShape()
    """How partners' feeds are fetched"""
    defaults: DefaultsShape = DefaultsShape()
    """What a campaign need not say again"""


class ChannelShape(BaseModel):
    """One account; beside these keys stand the network's own settings, one value each."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, Text]

    network: Id
    """What kind of account it is: mastodon, bluesky, matrix, manual, journal"""
    languages: Languages = ()
    """The languages that it speaks"""
    paused: Flag = False
    """true: nothing is sent to it"""


_SHORTEST_PAUSE = timedelta(minutes=15)
_MOST_SEEDS = 3
_CALENDAR_SCHEME = re.compile("webcals?://", re.IGNORECASE)


def _as_https(value: Any) -> Any:
    """Read the address that calendars offer for subscribing as the web address that it is."""
    if not isinstance(value, str):
        return value
    return _CALENDAR_SCHEME.sub("https://", value.strip(), count=1)


def _not_too_often(pause: timedelta) -> timedelta:
    if pause < _SHORTEST_PAUSE:
        raise fault(
            "too-often", "no feed is asked more often than every 15 minutes", "write 15m or more"
        )
    return pause


def _few(count: int) -> int:
    if count > _MOST_SEEDS:
        raise fault("wrong-value", f"{count} is too many", "write 0, 1, 2 or 3")
    return count


FeedUrl = Annotated[
    Url,
    BeforeValidator(_as_https),
    WithJsonSchema({"type": "string", "pattern": "^(https?|webcals?)://"}),
]
FewEntries = Annotated[Count, AfterValidator(_few)]
Pause = Annotated[Length, AfterValidator(_not_too_often)]


class FeedShape(Shape):
    """A feed or calendar of a partner."""

    url: FeedUrl
    """Its web address; webcal:// is read as https://"""
    licence: Text | None = None
    """The terms under which it may be passed on"""
    pubdate: Literal["published", "event_start", "auto"] = "auto"
    """What its dates mean: when it was published, when an event starts, or find out"""
    event_pages: Literal["auto", "always", "never"] = "auto"
    """Whether the page of an entry is read to see if it announces an event: where it looks like
    one, always, or never"""
    seed: FewEntries = 0
    """How many of the newest entries are passed on although they were there before Herald came,
    0 to 3"""
    every: Pause | None = None
    """How often the partner agreed to be asked, 15m or more; without it Herald finds a polite
    pause"""
    language: LanguageTag | None = None
    """The language it is written in"""
    posts_of: Literal["mastodon", "bluesky"] | None = None
    """Its entries are posts of the partner's own account on this network: they are boosted, where
    a campaign says boost: true, and never posted as text"""


def _feed(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [{"url": entry} if isinstance(entry, str) else entry for entry in entries]


class PartnerShape(Shape):
    """An organisation of the network."""

    name: Texts
    """Its name; one for all languages, or one each"""
    country: Country | None = None
    """Its country, two capital letters"""
    languages: Languages = ()
    """The languages it publishes in"""
    tags: TextList = ()
    """Words by which campaigns choose it: tag:museums"""
    accounts: dict[Id, Text] = Field(default_factory=dict)
    """Its accounts by network: what they post may be boosted (mastodon: "@name@server", bluesky:
    name), and on Bluesky only accounts that stand here are mentioned"""
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


class NamedPictureShape(Shape):
    """A picture beside the words, such as a logo: a file of this folder, or an address."""

    file: Text | None = None
    """Its path in Herald's folder: config/logo.png"""
    url: Url | None = None
    """Its web address, if it is on the web already"""
    alt: Texts
    """What it says to those who cannot see it; one for all languages, or one each"""

    @model_validator(mode="after")
    def _one_of_both(self) -> NamedPictureShape:
        if (self.file is None) == (self.url is None):
            raise fault("bad-image", "a picture is either a file or a url", "write one of them")
        return self


class ProjectShape(Shape):
    """A funded project."""

    name: Text
    """The project's name"""
    grant: Text = ""
    """The grant's number, as the agreement writes it"""
    authority: Text = ""
    """Who granted it"""
    programme: Text = ""
    """The programme: Erasmus+, Creative Europe, Interreg"""
    funding: Funding = Funding.CO_FUNDED
    """As the agreement says: co-funded, or funded"""
    statement: Texts | None = None
    """The agreement's own wording, instead of Herald's"""
    disclaimer: Texts | None = None
    """The agreement's own disclaimer, instead of Herald's"""
    emblem: NamedPictureShape | None = None
    """The funder's emblem, for the foot of newsletters; it is shown as it is"""
    targets: dict[
        Id,
        Annotated[
            TargetShape, BeforeValidator(_target), AlsoWritten({"type": ["integer", "string"]})
        ],
    ] = Field(default_factory=dict)
    """What was promised, kept for the report; not used yet"""


class SenderShape(Shape):
    """From whom a list's mail is."""

    name: Text
    """The sender's name"""
    address: MailAddress
    """The sender's mail address"""


def _colour(written: str) -> str:
    if not is_colour(written):
        raise fault("no-colour", f'"{written}" is no colour', 'write six digits: "#7a1f2b"')
    return spelled_out(written)


def _accent(written: str) -> str:
    colour, paper = _colour(written), "#ffffff"
    if (better := readable(colour, paper)) != colour:
        ratio = contrast(colour, paper)
        message = (
            f"links in {colour} on the letter's white paper ({paper}) have a contrast of"
            f" {ratio:.1f}, and {ENOUGH} is needed to read them"
        )
        raise fault("contrast", message, f'"{better}" is near it and would do')
    return colour


class DesignShape(Shape):
    """How a list's letters look."""

    accent: Annotated[Text, AfterValidator(_accent)] | None = None
    """The colour of links and of the bar at the top, "#7a1f2b"; Herald finds one for the dark"""
    ground: Annotated[Text, AfterValidator(_colour)] | None = None
    """The colour around the sheet, "#f4f1ea"; nothing is written on it"""
    logo: NamedPictureShape | None = None
    """Stands at the top"""


class ListShape(Shape):
    """A mailing list."""

    name: Texts
    """Its name; one for all languages, or one each"""
    from_: SenderShape = Field(alias="from")
    """From whom its mail is"""
    languages: Languages = ()
    """What it is written in; the first leads"""
    subscribe: Literal["closed", "open"] = "closed"
    """open: anybody may ask to join, on a page of Herald's at /lists/ID"""
    archive: Literal["closed", "open"] | None = None
    """open: its letters stand on public pages at /letters/ID once they were sent"""
    controller: Texts | None = None
    """Who answers for the subscribers' data: name and postal or mail address"""
    privacy: Texts | None = None
    """The address of your page on personal data; one for all languages, or one each"""
    design: DesignShape | None = None
    """How its letters look"""

    @field_validator("privacy")
    @classmethod
    def _web_addresses(cls, written: dict[str, str] | None) -> dict[str, str] | None:
        if any(not _WEB.fullmatch(one.strip()) for one in (written or {}).values()):
            hint = "write https://example.org/privacy"
            raise fault("bad-address", "this is no web address", hint)
        return written


class ChannelsFile(RootModel[dict[Id, ChannelShape]]):
    """Where posts go: each account by its id."""


class PartnersFile(RootModel[dict[Id, PartnerShape]]):
    """The network's members, each by its id."""


class ProjectsFile(RootModel[dict[Id, ProjectShape]]):
    """Who pays: each project by its id."""


class ListsFile(RootModel[dict[Id, ListShape]]):
    """Mailing lists, each by its id."""
