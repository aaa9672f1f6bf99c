"""What needs an officer, what officers were told of it, and what is still owed to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from herald.model.delivery import DeliveryState, Reason
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, EntryId, ItemId, Language

NONE = timedelta()
ENGLISH = Language("en")


class Kind(StrEnum):
    """What a concern is about, the most urgent first."""

    STORE = "store"
    """The database cannot be used: nothing goes out."""
    FAILED = "failed"
    UNCLEAR = "unclear"
    """It may be out there or not."""
    CHANNEL = "channel"
    """An account cannot be used, its sign-in refused perhaps."""
    PLANNING = "planning"
    """Nobody reads the files and plans."""
    OVERDUE = "overdue"
    BROKEN_FILE = "broken-file"
    NEWSLETTER = "newsletter"
    APPROVAL = "approval"
    DECISION = "decision"
    """Held for another reason that only a person can lift."""
    FEED = "feed"
    TASK = "task"
    """Prepared, and to be posted by hand."""


URGENCY = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing that needs an officer, ready to be said in any language."""

    kind: Kind
    subject: str
    """What names it among its kind, as long as it lasts; holds nobody's address."""
    say: str
    """The name of its sentence in ``herald/data/notices.toml``."""
    names: tuple[tuple[str, str], ...] = ()
    """What stands in the sentence in place of ``{name}``."""
    since: datetime | None = None
    """When it began, where that is known; else it counts from when it was first seen."""
    due_at: datetime | None = None
    """The next moment that depends on it."""
    detail: str = ""
    """What a file, a network or a server said, in its own words, without secrets."""
    link: str = ""
    """A page of Herald's on which to look and decide; whoever has it may."""
    commands: tuple[str, ...] = ()
    """What to type."""
    paste: str = ""
    """Lines to be copied into the file that stands among the names as ``file``."""
    lasting: timedelta = NONE
    """It may go away by itself: nobody is told before it has lasted so long."""

    @property
    def id(self) -> tuple[Kind, str]:
        """What tells it from every other concern."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Deliveries of one item on one channel that stand in one state for one reason."""

    state: DeliveryState
    reason: Reason | None = None
    campaign: CampaignId
    item: ItemId
    entry: EntryId | None = None
    partner: str = ""
    channel: ChannelId
    count: int = 1
    key: DeliveryKey
    """One of them."""
    due_at: datetime
    """The earliest moment among them."""
    unclear_at: datetime | None = None
    sent_at: datetime | None = None
    said: str = ""
    """Why it stands there: the network's words, or Herald's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterTrouble:
    """Something about an issue of a newsletter that a person should know or decide."""

    issue: str
    """Empty where it is about all of them."""
    code: str
    message: str
    """In English."""
    link: str = ""
    """Where somebody can look at it and decide; empty where there is no such page."""
    file: str = ""
    """Where something is to be written, from Herald's folder."""
    paste: str = ""
    """What that file may begin with."""
    due_at: datetime | None = None
    """The issue's moment, where that depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What is remembered of a concern, so that nobody is told of it twice."""

    kind: Kind
    subject: str
    raised_at: datetime
    """When it was first seen."""
    told_at: datetime | None = None
    """When officers were told; None as long as they were not."""
    gone_at: datetime | None = None
    """When it was no longer seen; None while it stands."""
    times: int = 0
    """How often it came up and was told."""

    @property
    def id(self) -> tuple[Kind, str]:
        """The concern's."""
        return self.kind, self.subject


class Occasion(StrEnum):
    """Why officers are written to."""

    ALERT = "alert"
    DIGEST = "digest"
    TEST = "test"


class Form(StrEnum):
    """What a way carries."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to tell an officer, as far as deciding and wording need it."""

    name: str
    """``mail:ADDRESS``, ``matrix`` or ``webhook``."""
    label: str
    """The same for people."""
    greets: str = ""
    """The officer's name, where one person reads it."""
    language: Language = ENGLISH
    form: Form = Form.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said on one way, word by word: a repeat is the same."""

    id: str
    """Letters, digits and hyphens; the same on every way, and for ever."""
    way: str
    subject: str
    body: str
    made_at: datetime
    occasion: Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A message that a process has taken to send it."""

    message: Message
    token: int
    """Grows with every claim; who comes back with an older one settles nothing."""
    attempts: int = 0
    """How often it could not be sent before."""


@dataclass(frozen=True, slots=True)
class Told:
    """The other side took it."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """It did not arrive, or another try is known to be one with it: try again later."""

    why: str
    wait: timedelta | None = None
    """What the other side asked for."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have arrived, and a repeat would be a second one."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It never will be taken."""

    why: str


Telling = Told | NotNow | Unsure | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When officers want to be told, of what, and on which ways."""

    at_once: frozenset[Kind] = frozenset()
    digest: time = time(7, 30)
    zone: str = "UTC"
    ways: tuple[Way, ...] = ()
    gather: timedelta = timedelta(minutes=2)
    """How long what came up waits for company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store knows about telling officers."""

    raised: tuple[Raised, ...] = ()
    digest_day: date | None = None
    """The last local day that had its digest, or nothing to say; None before the first."""
    digest_at: datetime | None = None
    alerted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What follows from one look: what to remember, and what to say."""

    raised: tuple[Raised, ...] = ()
    """New or changed."""
    forgotten: tuple[Raised, ...] = ()
    messages: tuple[Message, ...] = ()
    digest_day: date | None = None
    digest_at: datetime | None = None
    alerted_at: datetime | None = None
