"""What a campaign file may hold besides its items: series, amplification, newsletters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, RootModel

from herald.model.campaign import (
    Approve,
    CatchUp,
    Kind,
    MissingTranslation,
    Multilingual,
    Statement,
)
from herald.model.mailing import WhenUncertain
from herald.sources.campaigns.item_shapes import ImageShape, ItemShape, Posts
from herald.sources.shape import Shape
from herald.sources.texts import Hashtags, Languages, Texts
from herald.sources.times import (
    Day,
    DayRanges,
    DaysByYear,
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
    """Which of the campaign's items take their turn"""
    items_from: Text | None = None
    """A table of cards (CSV) beside this file"""
    every: Recurring
    """Days that come back"""
    at: TimeOfDay | None = None
    """The time of day (10:00 if it is not given)"""
    from_: Day | None = Field(default=None, alias="from")
    """The first day"""
    until: Day | None = None
    """The last day"""
    skip: DayRanges = ()
    """Days without a post"""
    text: Texts | None = None
    """A text around each card: {title} and the like are filled in"""
    channels: Ids = ()
    """Only these channels"""
    languages: Languages = ()
    """Only these languages"""


class MatchShape(Shape):
    """Words, categories and languages, of which an entry must have one."""

    words: TextList = ()
    """Words in its title, text or categories"""
    categories: TextList = ()
    """Its categories, as the partner names them"""
    languages: Languages = ()
    """Its languages"""


class LimitShape(Shape):
    """How many entries are passed on."""

    partner: Limit | None = None
    """At most so many of one partner"""
    total: Limit | None = None
    """At most so many of all partners together"""


class AmplifyShape(Shape):
    """Which entries of partners are passed on, how many, and in what words."""

    from_: TextList = Field(alias="from", min_length=1)
    """Partners' ids, tag: and a tag of theirs, or * for all"""
    match: MatchShape = MatchShape()
    """Only entries that match"""
    exclude: MatchShape = MatchShape()
    """No entries that match"""
    boost: Flag = False
    """true: boost what the partners' own accounts post, each on its own network"""
    fresh: Length | None = None
    """Only entries so new; older ones are remembered, not posted (7d if not given; 2d with
    boost)"""
    limit: LimitShape = LimitShape()
    """How many at most"""
    approve: Approve = Approve.FIRST
    """auto; first: a person agrees to a partner's first; manual: to each"""
    channels: Ids = ()
    """Only these channels"""
    text: Texts | None = None
    """The words around an entry, with names in braces"""
    translate: dict[Literal["title", "text"], Languages] = Field(default_factory=dict)
    """What is posted in further languages once somebody has typed it"""
    statement: Statement = Statement.NONE
    """auto: the funding statement stands in these posts; none: it does not"""
    post: Posts = ()
    """Moments for entries that are events; others go out as they come"""


class SectionShape(Shape):
    """One part of an issue."""

    title: Texts | None = None
    """The heading"""
    write: Id | None = None
    """The name of a text that somebody writes for each issue"""
    due: Duration | None = None
    """So long before the issue that text must be written"""
    kinds: Kinds = ()
    """Items of these kinds"""
    next: Duration | None = None
    """Only what begins within this time"""
    since: Literal["last"] | None = None
    """last: only what came since the last issue that was sent"""
    from_: TextList = Field(default=(), alias="from")
    """Entries of these partners: ids, tag: and a tag, or * for all"""
    most: Count | None = None
    """At most so many; with since: last the next issue tells what is over"""
    most_per_partner: Count | None = None
    """At most so many entries of each partner, the latest"""
    campaigns: Ids = ()
    """Only from these campaigns"""


class NewsletterShape(Shape):
    """A dated mail to a list."""

    id: Id
    """The newsletter's name for ever"""
    list: Id
    """The list it goes to, from config/lists.yaml"""
    every: Recurring
    """Days that come back"""
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
    approve: Literal[Approve.AUTO, Approve.MANUAL] = Approve.MANUAL
    """manual: somebody agrees to each issue; auto"""
    sections: tuple[SectionShape, ...] = ()
    """The parts, in their order"""
    missing_translation: MissingTranslation = MissingTranslation.LEAD
    """For a language without text: skip it, send the lead language instead, or hold it"""
    uncertain: WhenUncertain = WhenUncertain.ASK
    """A copy that may have arrived, or not: ask a person, resend it, or hold it back for good"""
    local_time: Flag = False
    """true: each reader gets it at this time of day on the reader's own clock"""


class DefaultsShape(Shape):
    """What every campaign may say once for itself, or herald.yaml for all of them."""

    project: Id | None = None
    """Who pays, from config/projects.yaml: it decides the funding statement"""
    timezone: Zone | None = None
    """The zone in which all its times are meant"""
    languages: Languages = ()
    """The languages it is written in; the first leads"""
    channels: Ids = ()
    """Where it posts, from config/channels.yaml"""
    hashtags: Hashtags = Field(default_factory=dict)
    """Hashtags of every post, without #"""
    missing_translation: MissingTranslation | None = None
    """For a language without text: skip it, post the lead language once instead, or hold it"""
    approve: Literal[Approve.AUTO, Approve.MANUAL] | None = None
    """auto; manual: a person agrees to each post"""
    calendar: dict[Id, DaysByYear] = Field(default_factory=dict)
    """Days of the heritage calendar that you know better: its id, then a day, or several"""
    window: PostingWindow | None = None
    """When posting is welcome; Herald keeps what it times itself inside"""
    stagger: Length | None = None
    """The time between two languages on one account (25m if it is not given)"""
    multilingual: Multilingual | None = None
    """per-language: a post each; thread: they answer the leading one; combined: one post for all"""
    at_most_late: Length | None = None
    """After its moment a post may still go out for so long (6h if it is not given)"""
    catch_up: CatchUp | None = None
    """If it is late within that: post it all the same, skip it, or ask a person"""


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
    """What it says: good practices, events, news"""
    series: tuple[SeriesShape, ...] = ()
    """Cards that take their turn"""
    amplify: tuple[AmplifyShape, ...] = ()
    """What it passes on of partners"""
    newsletters: tuple[NewsletterShape, ...] = ()
    """Letters that it sends"""


class MediaFile(RootModel[dict[str, ImageShape]]):
    """Pictures of a media folder, each described once: file name, then alt, credit, licence."""


class WrittenFile(RootModel[dict[Id, Texts]]):
    """The parts of one issue of a newsletter that somebody wrote."""
