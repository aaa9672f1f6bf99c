"""What polling a feed reads from the store and writes back: states, known entries and intents.

``sources/feeds`` decides and ``store/feeds`` obeys; these values are all that they share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herald.model.feed import Cadence, FeedProblem, HubLink, ParsedEntry, ParsedFeed
from herald.model.ids import EntryId, FeedId, Language, PartnerId

_AT_ANY_TIME = Cadence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave to ask "has it changed?" with, verbatim; empty where it gave none."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFeed:
    """A feed as the configuration names it: one URL, and every partner that lists it."""

    id: FeedId
    url: str
    partners: tuple[PartnerId, ...]
    """In the order of ``partners.yaml``."""
    licence: str = ""
    pubdate: str = "auto"
    event_pages: str = "auto"
    """Whether entries' pages are read for events: auto, always or never."""
    seed: int = 0
    """How many of the newest entries of the first poll are news all the same."""
    every: timedelta | None = None
    """The pause that the partner agreed to, where its server tells too little."""
    language: Language | None = None
    """The officer's word, which wins over what the document says."""
    partner_language: Language | None = None
    """The first language of the first partner: used where nothing else tells."""
    posts_of: str = ""
    """The network whose posts its entries are; empty for a website's feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A permanent redirect that a feed's address was seen to make, time and again."""

    to: str
    """Where all of the redirects in a row led."""
    since: datetime
    polls: int
    """Consecutive polls that it led there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as the store remembers it between two polls."""

    wanted: WantedFeed
    title: str = ""
    validators: Validators = Validators()
    body_hash: str = ""
    """The week and the SHA-256 of the body that was understood last."""
    interval: timedelta = timedelta(hours=1)
    """The pause between two checks that its own rhythm asks for."""
    next_check_at: datetime
    checked_at: datetime | None = None
    last_success_at: datetime | None = None
    """None until the first poll that was understood: that poll remembers and posts nothing."""
    errors: int = 0
    """Failed checks in a row."""
    trouble: str = ""
    """What went wrong last, in plain words; empty while all is well."""
    trouble_since: datetime | None = None
    gone: bool = False
    """The server said 410: asked no more until its line in ``partners.yaml`` changes."""
    problems: tuple[FeedProblem, ...] = ()
    """What its web master could improve."""
    cadence: Cadence = _AT_ANY_TIME
    """What its document asked for when it was read last."""
    entries: int = 0
    """In the document that was read last."""
    move: Move | None = None
    adopted: str = ""
    """The address that is asked instead of the configured one, once a move has proven itself."""
    hub: HubLink | None = None
    """Where it says that its changes can be subscribed to."""

    @property
    def id(self) -> FeedId:
        """The feed's id, derived from its URL."""
        return self.wanted.id

    @property
    def address(self) -> str:
        """Where it is asked."""
        return self.adopted or self.wanted.url


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """An entry that the store holds, as far as identifying another one needs it."""

    id: EntryId
    feed: FeedId
    link: str
    """Canonical; empty where it has none."""
    title: str
    """Normalised."""
    fingerprint: str
    first_seen_at: datetime
    edits: int = 0
    """Changes so far."""
    partners: tuple[PartnerId, ...] = ()
    """Whose feed said it first; empty where it is known by a key and need not be compared."""
    content: ParsedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store holds that the entries of one document may be."""

    keys: Mapping[str, EntryId] = field(default_factory=dict)
    """Seen keys of this feed, aliases included."""
    entries: Mapping[EntryId, KnownEntry] = field(default_factory=dict)
    """Those that the keys name, and those of any feed that share a link, title or event's UID with
    an entry whose key is new. Of this feed's own whose fingerprint is the document's the content
    is, too."""
    latest: tuple[datetime, ...] = ()
    """When the feed's ten newest known entries were published, the newest first."""
    left: frozenset[FeedId] = frozenset()
    """Feeds that are not configured any more: others go on with their entries."""
    told: tuple[KnownEntry, ...] = ()
    """Entries of other feeds as this feed told them before, where it has credit for them: only the
    link or title that an entry whose key is new shares with them; the rest is as stored."""
    retold: frozenset[str] = frozenset()
    """Keys of this feed for other feeds' entries whose link or title it tells otherwise now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An entry of a document with the names by which it is recognised."""

    key: str
    """Within its feed: its guid, else its canonical link, else a hash of its words."""
    link: str
    """Canonical, for comparison only."""
    title: str
    """Normalised."""
    fingerprint: str
    uid: str = ""
    """Of its event, if no other calendar would give it; else empty."""
    content: ParsedEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFeed:
    """A document that was understood, and the names of its entries."""

    feed: ParsedFeed
    named: tuple[Identity, ...]
    """One for each entry, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """A new entry: store it and its key."""

    id: EntryId
    identity: Identity
    language: Language
    licence: str
    seeded: bool
    review: str = ""
    """Why a person should look before it is passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise:
    """A known entry that was edited: replace its content, keep its id and its language.

    The language is part of a delivery's key: were it to change, a post would go out twice. Of
    another feed's entry only the event changes: its words stay those of its own feed.
    """

    id: EntryId
    identity: Identity
    feed: FeedId
    """Whose entry it is from now on: another's, where its own feed left the configuration."""
    withdrawn: bool
    """Its event was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A key that names a known entry of this feed from now on."""

    id: EntryId
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """The same news in another partner's feed: that feed's key, and credit for its partners."""

    id: EntryId
    key: str
    link: str = ""
    """Canonical, as that feed tells it."""
    title: str = ""
    """Normalised, as that feed tells it: the entry keeps the words of its own feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retell:
    """A feed tells another feed's entry in other words than before: keep them with its key."""

    id: EntryId
    key: str
    link: str
    title: str


Intent = Remember | Revise | Alias | Credit | Retell


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one understood document asks of the store."""

    intents: tuple[Intent, ...] = ()
    problems: tuple[FeedProblem, ...] = ()
    """What only comparing with the past can see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A poll that succeeded and whose document was read."""

    title: str
    validators: Validators
    body_hash: str
    interval: timedelta
    next_check_at: datetime
    entries: int = 0
    cadence: Cadence = _AT_ANY_TIME
    hub: HubLink | None = None
    move: Move | None = None
    adopted: str = ""
    problems: tuple[FeedProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A poll that succeeded without anything new to read."""

    validators: Validators
    next_check_at: datetime
    move: Move | None = None
    adopted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A poll that failed; entries stay as they are, and validators unless the address changes."""

    why: str
    next_check_at: datetime
    gone: bool = False
    adopted: str = ""
    """Empty: an adopted address that keeps failing is given up, and the configured one asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What came of polling one feed, for progress and logs."""

    feed: FeedId
    url: str
    partners: tuple[PartnerId, ...]
    new: int = 0
    edited: int = 0
    seeded: int = 0
    """New, but remembered only."""
    unchanged: bool = False
    trouble: str = ""
    gone: bool = False
    """The server said 410: it is asked no more by itself."""
    next_check_at: datetime
    problems: tuple[FeedProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """One line of ``herald feeds list``."""

    feed: Feed
    entries: int
    """Remembered."""
    a_week: float
    """Entries first seen in the last four weeks, a week."""
