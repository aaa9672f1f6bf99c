"""What a campaign file may hold besides its items: series, amplification, newsletters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, RootModel

from herald.model.campaign import (
    Approve,
    CatchUp,
    Kind,
    MissingTranslation,
    Statement,
)
from herald.sources.campaigns.item_shapes import ImageShape, ItemShape, Posts
from herald.sources.shape import Shape
from herald.sources.texts import Hashtags, Languages, Texts
from herald.sources.times import (
    Day,
    DayRanges,
    Duration,
    Length,
    Limit,
    PostingWindow,
    Recurring,
    TimeOfDay,
    Zone,
)
from herald.sources.values import AlsoWritten, Count, Flag, Id, Ids, Text, TextList


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Kinds = Annotated[tuple[Kind, ...], BeforeValidator(_split), AlsoWritten({"type": "string"})]


class SeriesShape(Shape):
    """Cards that take their turn at a recurrence."""

    id: Id
    """The series' name for ever"""
    kinds: Kinds = ()
    """Which of the campaign's items take part"""
    items_from: Text | None = None
    """A table beside this file: columns id, kind, partner, title.en, text.en, link, image"""
    every: Recurring
    """Days that come back: wednesday, first tuesday, 15"""
    at: TimeOfDay | None = None
    """The time of day (10:00 if it is not given)"""
    from_: Day | None = Field(default=None, alias="from")
    """The first day"""
    until: Day | None = None
    """The last day"""
    skip: DayRanges = ()
    """Days without a post: 2027-08-01..2027-08-31"""
    text: Texts | None = None
    """A text around each card: {title} and the like are filled in"""
    channels: Ids = ()
    """Only these channels"""
    languages: Languages = ()
    """Only these languages"""


class MatchShape(Shape):
    """Words, categories and languages, of which an entry must have one."""

    words: TextList = ()
    """Words in its title or text"""
    categories: TextList = ()
    """Its categories"""
    languages: Languages = ()
    """Its language"""


class LimitShape(Shape):
    """How many entries are passed on."""

    partner: Limit | None = None
    """At most so many of one partner: 2/day"""
    total: Limit | None = None
    """At most so many in all: 6/day"""


class AmplifyShape(Shape):
    """Which entries of partners are passed on, how many, and in what words."""

    from_: TextList = Field(alias="from", min_length=1)
    """Partners' ids, tag:museums, or * for all"""
    match: MatchShape = MatchShape()
    """Only entries that match"""
    exclude: MatchShape = MatchShape()
    """No entries that match"""
    fresh: Length | None = None
    """Older entries are only remembered (7d if it is not given)"""
    limit: LimitShape = LimitShape()
    """How many"""
    approve: Approve = Approve.FIRST
    """auto, first (a person agrees to a partner's first), or manual"""
    channels: Ids = ()
    """Only these channels"""
    text: Texts | None = None
    """The words around an entry: "{title} — {partner}" and {link}"""
    translate: dict[Literal["title", "text"], Languages] = Field(default_factory=dict)
    """Also in these languages, once somebody has typed them: {title: [en]}"""
    statement: Statement = Statement.NONE
    """Whether the funding statement stands in these posts"""
    post: Posts = ()
    """For entries that are events; others go out as they come"""


class SectionShape(Shape):
    """One part of an issue."""

    title: Texts | None = None
    """The heading"""
    write: Id | None = None
    """The key of a text that somebody writes in newsletters/ID/2027-02.yaml"""
    due: Duration | None = None
    """So long before the issue it must be written"""
    kinds: Kinds = ()
    """Items of these kinds"""
    next: Duration | None = None
    """Only what begins within this time"""
    since: Literal["last"] | None = None
    """last: what came since the last issue"""
    from_: TextList = Field(default=(), alias="from")
    """Entries of these partners: ids, tag:museums, or *"""
    most: Count | None = None
    """At most so many"""
    campaigns: Ids = ()
    """Only from these campaigns"""


class NewsletterShape(Shape):
    """A dated mail to a list."""

    id: Id
    """The newsletter's name for ever"""
    list: Id
    """To whom it goes, from config/lists.yaml"""
    every: Recurring
    """Days that come back: first tuesday"""
    at: TimeOfDay | None = None
    """The time of day (10:00 if it is not given)"""
    from_: Day | None = Field(default=None, alias="from")
    """The first day"""
    until: Day | None = None
    """The last day"""
    skip: DayRanges = ()
    """Days without an issue"""
    subject: Texts
    """The subject; {month} and {year} are filled in"""
    approve: Approve = Approve.MANUAL
    """manual: somebody agrees to each issue; auto"""
    sections: tuple[SectionShape, ...] = ()
    """The parts, in their order"""
    missing_translation: MissingTranslation = MissingTranslation.LEAD
    """What happens to a language that has no text: skip, lead or hold"""


class DefaultsShape(Shape):
    """What every campaign may say once for itself, or herald.yaml for all of them."""

    project: Id | None = None
    """From config/projects.yaml: funding, targets"""
    timezone: Zone | None = None
    """The zone of all times in it: Europe/Rome"""
    languages: Languages = ()
    """The first leads"""
    channels: Ids = ()
    """Where it posts, from config/channels.yaml"""
    hashtags: Hashtags = Field(default_factory=dict)
    """Tags without #: {any: [Ecomuseums], it: [Ecomusei]}"""
    missing_translation: MissingTranslation | None = None
    """What happens to a language that has no text: skip, lead or hold"""
    approve: Literal[Approve.AUTO, Approve.MANUAL] | None = None
    """manual: somebody agrees to each post; auto"""
    window: PostingWindow | None = None
    """When posting is welcome: {days: mon-fri, hours: "09:00-19:00"}"""
    stagger: Length | None = None
    """The time between two languages on one account (25m if it is not given)"""
    at_most_late: Length | None = None
    """After its moment a post may still go out for so long (6h if it is not given)"""
    catch_up: CatchUp | None = None
    """If it is late within that: post, skip, or ask"""


class CampaignShape(DefaultsShape):
    """A campaign: what is said, where, when, and in which languages."""

    campaign: Id
    """The campaign's name for ever, whatever the file is called"""
    title: Texts | None = None
    """Its title, in each language"""
    starts: Day | None = None
    """Nothing is posted before this day"""
    ends: Day | None = None
    """Nothing is posted after this day"""
    paused: Flag = False
    """true: nothing of it is sent until this line goes"""
    items: tuple[ItemShape, ...] = ()
    """What it says"""
    series: tuple[SeriesShape, ...] = ()
    """Cards that take their turn"""
    amplify: tuple[AmplifyShape, ...] = ()
    """What it passes on of partners"""
    newsletters: tuple[NewsletterShape, ...] = ()
    """What it mails"""


class MediaFile(RootModel[dict[str, ImageShape]]):
    """Pictures of a media folder, each described once: file name, then alt, credit, licence."""


class WrittenFile(RootModel[dict[Id, Texts]]):
    """The parts of one issue of a newsletter that somebody wrote."""
