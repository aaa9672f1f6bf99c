"""What a preview is made of: posts with their parts, pictures, cards and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from herald.model.card import LinkCard
from herald.model.delivery import Delivery, DeliveryState, Payload, Reason
from herald.model.ids import ChannelId, DeliveryKey, Language
from herald.model.network import Capabilities
from herald.reporting.posttext import Paragraph

NEARLY_FULL = 0.9
"""From here on a counter warns: the next word may be too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumb:
    """A picture, made small for the page."""

    id: str
    """The same for the same bytes."""
    width: int
    height: int
    address: str
    """The picture itself, as a ``data:`` address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a delivery stands in the outbox, or would if it were planned now."""

    state: DeliveryState
    reason: Reason | None = None
    note: str = ""
    payload: Payload | None = None
    """What goes out, where that is not what is planned: it was sent, or somebody translated it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known about planned posts beside the plan; all of it may be missing."""

    standing: Mapping[DeliveryKey, Standing] | None = None
    """What has none there is not going out: it was said elsewhere. None: all goes as planned."""
    changes: tuple[Delivery, ...] = ()
    """What people had Herald do with posts that are out: corrections and boosts that wait."""
    capabilities: Mapping[ChannelId, Capabilities] = field(default_factory=dict)
    like: Mapping[ChannelId, str] = field(default_factory=dict)
    """The network that a channel imitates, where it does."""
    cards: Mapping[str, LinkCard] = field(default_factory=dict)
    """By link."""
    thumbs: Mapping[tuple[ChannelId, str], Thumb | str] = field(default_factory=dict)
    """By channel and SHA-256 of the original; or why there is none."""
    statements: tuple[str, ...] = ()
    """The projects' own funding statements, so that they are marked as such."""
    left_out: int = 0
    """Pictures that would have made the page too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as the preview shows it: with its description."""

    name: str
    alt: str
    credit: str
    thumb: Thumb | None = None
    why_not: str = ""
    """Why it cannot be seen here; empty where it can, and where nobody looked."""
    is_film: bool = False
    is_told: bool = False
    """Its description stands in the text: the network has no field for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a post shows of the page that it links."""

    site: str
    title: str
    description: str
    thumb: Thumb | None
    is_read: bool
    """The page said so; else the post's own title stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A length against its limit."""

    length: int
    limit: int | None
    unit: str = "characters"

    @property
    def share(self) -> int:
        """How much of the limit is used, in per cent, at most 100."""
        return min(100, round(100 * self.length / self.limit)) if self.limit else 0

    @property
    def fullness(self) -> str:
        """``over``, ``nearly`` or ``room``."""
        if not self.limit:
            return "room"
        if self.length > self.limit:
            return "over"
        return "nearly" if self.length > self.limit * NEARLY_FULL else "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the texts of a post: most have one, a thread has several."""

    number: int
    paragraphs: tuple[Paragraph, ...]
    direction: str
    pictures: tuple[Picture, ...]
    card: Card | None
    counters: tuple[Counter, ...]
    notes: tuple[str, ...]
    """Why it may not go out as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One planned post in one language on one channel, ready to be shown."""

    id: str
    local: datetime
    """With its zone."""
    zone: str
    channel: str
    network: str
    network_name: str
    look: str
    """note, photo, chat or article."""
    language: Language
    language_name: str
    also: tuple[str, ...]
    """The names of further languages of the same post."""
    is_marked: bool
    """Its language is told to the network."""
    direction: str
    campaign: str
    item: str
    partner: str
    title: str
    parts: tuple[Part, ...]
    of: int
    """How many parts the whole thread has."""
    answers: str
    """The id of the post that it answers; empty for most."""
    answers_language: str
    does: str
    """What it does, where it is no new post."""
    subject: tuple[str, ...]
    """Equal for the languages and channels of one occasion."""
    is_out: bool
    is_shared: bool
    """It is the partner's own post, which the account shares."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What keeps it or a part of it back, each reason once."""
        return tuple(dict.fromkeys(note for part in self.parts for note in part.notes))

    @property
    def stands(self) -> str:
        """How it stands to others, for a line of text."""
        said = [f"answers the post in {self.answers_language}"] * bool(self.answers_language)
        said += ["answers the post"] * bool(self.answers and not self.answers_language)
        said += [self.does] * bool(self.does)
        said += [f"also in {', '.join(self.also)}"] * bool(self.also)
        return "; ".join(said)

    @property
    def said_of(self) -> str:
        """What it is about, for people: its title, else the name of its item."""
        return self.title or (f"A post of {self.partner}" if self.is_shared else self.item)
