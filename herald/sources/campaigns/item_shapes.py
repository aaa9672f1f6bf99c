"""What an item of a campaign file may hold; the docstrings are what an editor's help shows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from herald.model.campaign import (
    CatchUp,
    Kind,
    MissingTranslation,
    Now,
    Statement,
    Status,
    Thread,
)
from herald.sources.shape import Shape, fault
from herald.sources.texts import Hashtags, Languages, Texts
from herald.sources.times import (
    Day,
    DayRanges,
    Duration,
    Length,
    Moment,
    Recurring,
    TimeOfDay,
    Zone,
    read_moment,
)
from herald.sources.values import (
    SCALAR,
    AlsoSingle,
    AlsoWritten,
    Count,
    Country,
    Flag,
    Id,
    Ids,
    Text,
    Url,
    reads,
)


def _unfold_image(value: Any) -> Any:
    if isinstance(value, str):
        return {"url" if value.startswith(("http://", "https://")) else "file": value}
    return value


def _unfold_place(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _unfold_post(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    return [{"on": entry} if isinstance(entry, str) else entry for entry in entries]


def _read_on(value: Any) -> date | datetime | Now:
    if isinstance(value, str) and value.strip().casefold() == "now":
        return Now()
    moment: date | datetime = read_moment(value)
    return moment


def _read_thread(text: str) -> Thread:
    match text.casefold():
        case "true" | "yes" | "on":
            return Thread.PLAIN
        case "false" | "no" | "off":
            return Thread.NO
        case "numbered":
            return Thread.NUMBERED
    message = f'"{text}" is neither true nor false nor numbered'
    raise fault("wrong-value", message, "write true, or numbered")


Threaded = Annotated[
    Thread,
    PlainValidator(reads(_read_thread)),
    WithJsonSchema(
        {"anyOf": [{"type": "boolean"}, {"enum": ["yes", "no", "on", "off", "numbered"]}]}
    ),
]


class ImageShape(Shape):
    """A picture, and the words for those who cannot see it."""

    file: Text | None = None
    """A file beside the campaign or in its media folder: media/salt-house.jpg"""
    url: Url | None = None
    """A picture on the web, instead of a file"""
    alt: Texts | None = None
    """What the picture shows, for those who cannot see it, in each language"""
    decorative: Flag = False
    """true if the picture says nothing that the text does not say"""
    credit: Text | None = None
    """Who made it; stands below the post's words"""
    licence: Text | None = None
    """Under what terms: CC-BY-4.0, CC0-1.0, own"""
    rights_statement: Text | None = None
    """The address of a rights statement (rightsstatements.org)"""
    people: Literal["none", "crowd", "identifiable"] | None = None
    """Whether people can be recognised; identifiable needs consent_ref, else nothing is posted"""
    consent_ref: Text | None = None
    """Where the consent of those shown is kept"""
    minors: Flag = False
    """true if children can be recognised; needs consent_ref, else nothing is posted"""


Picture = Annotated[
    ImageShape, BeforeValidator(_unfold_image), AlsoWritten({"type": "string", "minLength": 1})
]


class OverrideShape(Shape):
    """What one channel gets instead of what all get."""

    text: Texts | None = None
    """The text for this channel"""
    title: Texts | None = None
    """The title for this channel"""
    link: Texts | None = None
    """The link for this channel"""
    image: Picture | None = None
    """The picture for this channel"""
    on: Moment | None = None
    """Another moment, where the item is posted once"""
    at: TimeOfDay | None = None
    """Another time on the same day"""
    thread: Threaded | None = None
    """true: a text too long for this channel goes out as a thread; numbered: with (1/3)"""


On = Annotated[
    date | datetime | Now,
    PlainValidator(_read_on),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*(now|\d{4}-\d{2}-\d{2}([ T]\d{1,2}:\d{2}(:00)?)?)\s*$",
            "description": "A local moment, 2027-05-16 10:00, or now: when Herald first sees it",
        }
    ),
]


class OccasionShape(Shape):
    """One moment, or one rule for moments, at which the item is posted."""

    on: On | None = None
    """A moment on the local clock, or now: when Herald first sees it"""
    before: Duration | None = None
    """So long before: 14d counts days on the calendar, 6h hours on the clock"""
    after: Duration | None = None
    """So long after; needs a text of its own"""
    anchor: Id | None = None
    """A day of the heritage calendar, every year"""
    every: Recurring | None = None
    """Days that come back: friday, weekday, first tuesday, 15 (of the month), or an RRULE"""
    at: TimeOfDay | None = None
    """The time of day (10:00 if it is not given)"""
    of: Id | None = None
    """What before and after count from: begins, finishes, registration, or another item's id"""
    from_: Day | None = Field(default=None, alias="from")
    """With every: the first day"""
    until: Day | None = None
    """With every: the last day"""
    skip: DayRanges = ()
    """With every: days without a post"""
    texts: tuple[Texts, ...] = ()
    """With every: texts used in turn; herald plan says when they run out"""
    id: Id | None = None
    """A name by which Herald knows this occasion even if everything else changes"""
    text: Texts | None = None
    """A text instead of the item's; {title} and the like are filled in"""
    title: Texts | None = None
    """A title instead of the item's"""
    link: Texts | None = None
    """A link instead of the item's"""
    image: Picture | None = None
    """A picture instead of the item's"""
    channels: Ids = ()
    """Only these channels"""
    languages: Languages = ()
    """Only these languages"""
    on_channel: dict[Id, OverrideShape] = Field(default_factory=dict)
    """What single channels get instead"""
    draft: Flag = False
    """true: it is shown and asked for, and never sent"""
    urgent: Flag = False
    """true: no stagger, no window, no quiet hours"""
    at_most_late: Length | None = None
    """After its moment it may still go out for so long; then never"""
    catch_up: CatchUp | None = None
    """If it is late within that: post it all the same, skip it, or ask a person"""
    thread: Threaded | None = None
    """true: a text too long for a channel goes out as a thread there; numbered: with (1/3)"""


class LocationShape(Shape):
    """Where something happens."""

    name: Text
    """The name of the place"""
    country: Country | None = None
    """Two capital letters: IT"""
    address: Text | None = None
    """Street and town"""


class RegistrationShape(Shape):
    """Until when and where one signs up."""

    closes: Moment | None = None
    """The last day or moment to sign up"""
    link: Texts | None = None
    """Where one signs up"""


Posts = Annotated[
    tuple[OccasionShape, ...],
    BeforeValidator(_unfold_post),
    AlsoSingle(),
]


class ItemShape(Shape):
    """One thing that the campaign says, in all its languages."""

    id: Id
    """The item's name for ever: letters, digits, - and _"""
    kind: Kind
    """What it is about; each kind needs some keys and has its usual moments"""
    partner: Id | None = None
    """Whose it is, from config/partners.yaml"""
    title: Texts | None = None
    """The title, in each language"""
    text: Texts | None = None
    """The text, in each language"""
    subtitle: Texts | None = None
    """One line below the title"""
    link: Texts | None = None
    """Where to read more; {language} becomes the tag of the language"""
    image: Picture | None = None
    """A picture: its file name, or a map with its description"""
    hashtags: Hashtags = Field(default_factory=dict)
    """Hashtags beside the campaign's, without #"""
    begins: Moment | None = None
    """When it begins, on the clock of its zone; a bare day lasts all day"""
    finishes: Moment | None = None
    """When it ends, on the clock of its zone"""
    timezone: Zone | None = None
    """The zone of its times, if it is not the campaign's"""
    place: Annotated[LocationShape, BeforeValidator(_unfold_place), AlsoWritten(SCALAR)] | None = (
        None
    )
    """Where it happens"""
    registration: RegistrationShape | None = None
    """Until when and where one signs up"""
    capacity: Count | None = None
    """How many can take part"""
    follows: Id | None = None
    """The id of the meeting that this local initiative follows"""
    licence: Text | None = None
    """The licence of a publication: CC-BY-4.0"""
    evidence_of_success: Texts | None = None
    """What shows that the practice works, in figures if possible"""
    transferability: Texts | None = None
    """Who else could do the same"""
    excerpts: tuple[Texts, ...] = ()
    """Passages of a publication, one for each of its excerpt posts"""
    channels: Ids = ()
    """Only these channels"""
    languages: Languages = ()
    """Only these languages"""
    on_channel: dict[Id, OverrideShape] = Field(default_factory=dict)
    """What single channels get instead"""
    post: Posts | None = None
    """When to post: a moment, now, or a list of occasions; [] means never"""
    status: Status = Status.PLANNED
    """cancelled or postponed withdraws all that is unsent; say why in notice"""
    notice: Texts | None = None
    """Why it is cancelled or postponed, in words for the public"""
    statement: Statement = Statement.AUTO
    """auto: the funding statement stands in its posts; none: it does not"""
    missing_translation: MissingTranslation | None = None
    """For a language without text: skip it, post the lead language once instead, or hold it"""
    at_most_late: Length | None = None
    """After its moment it may still go out for so long; then never"""
    catch_up: CatchUp | None = None
    """If it is late within that: post it all the same, skip it, or ask a person"""
    thread: Threaded | None = None
    """true: a text too long for a channel goes out as a thread there; numbered: with (1/3)"""
