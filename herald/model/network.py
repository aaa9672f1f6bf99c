"""What a channel can carry, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from herald.model.delivery import Action


class Count(StrEnum):
    """How a network measures a text; composing counts by it."""

    MASTODON = "mastodon"
    """Grapheme clusters; a URL counts ``url_length``, ``@user@domain`` as ``@user``."""
    GRAPHEMES = "graphemes"
    CODE_POINTS = "code_points"
    UTF16 = "utf16"
    UTF8_BYTES = "utf8_bytes"
    X_WEIGHTED = "x_weighted"
    """Letters of most European scripts count 1, others and each emoji 2; a URL ``url_length``."""
    LINKEDIN = "linkedin"
    """Code points, after LinkedIn's reserved characters were given their backslash."""
    DISCORD = "discord"
    """Code points, after what Discord takes for markup was given its backslash."""


class Handle(StrEnum):
    """How an unclear send is resolved on a network (see docs/why/delivery)."""

    LOOK_UP = "look_up"
    """The network can be asked what it holds."""
    NOTHING = "nothing"
    """It cannot: a person must look."""


class Proof(StrEnum):
    """What a network offers for telling one post from two; a network may offer several.

    One that offers none is blind: a send whose answer was lost is left to a person.
    """

    KEY = "key"
    """For a while it takes a repeat under the same key for the same post."""
    OWN_ID = "own_id"
    """Herald chooses the post's id, so that a repeat can only be the same post, for ever."""
    STAGED = "staged"
    """A post is made ready first and published by its id, whose state can be asked for."""
    READ_BACK = "read_back"
    """The account's own posts can be read, to see whether it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A channel's limits and habits."""

    count: Count = Count.GRAPHEMES
    limit: int | None = None
    """Most units of ``count`` in a text; None where there is no limit."""
    bytes_most: int | None = None
    """A second limit, in UTF-8 bytes, where a network has one."""
    limit_with_media: int | None = None
    """As ``limit``, of a text that stands under pictures; None where that makes no difference."""
    url_length: int = 23
    """What one URL counts under ``Count.MASTODON``."""
    threads: bool = False
    """A post can answer an earlier one of the same account."""
    languages_most: int = 1
    """Languages that one post can be marked with; 0 where there is no mark."""
    actions: frozenset[Action] = frozenset({Action.CREATE})
    """What can be done there: a sent post may be edited, deleted, boosted where it says so."""
    card: bool = False
    """The sender makes the link's card: title, description and picture of the linked page."""
    media_most: int = 0
    media_types: frozenset[str] = field(default_factory=frozenset)
    """Accepted media types; empty accepts all."""
    media_bytes: int | None = None
    media_side: int | None = None
    """Most pixels of a picture's longer side."""
    media_pixels: int | None = None
    """Most pixels of a picture, width by height."""
    media_ratio: tuple[float, float] | None = None
    """The narrowest and the widest picture, as width by height."""
    media_animated: bool = False
    """Pictures that move go out as they are; elsewhere their first frame does."""
    video_types: frozenset[str] = field(default_factory=frozenset)
    """Types of video that are taken; empty takes none."""
    video_bytes: int | None = None
    media_needed: bool = False
    """There is no post without a picture."""
    media_by_address: bool = False
    """The network fetches pictures itself, from an address that everybody can reach."""
    alt_limit: int | None = None
    """Most characters of a description; None where there is no limit, 0 where there is no field."""
    handle: Handle = Handle.NOTHING
    settle_window: timedelta = timedelta(seconds=60)
    """The longest a network may still be acting on a request whose answer was lost."""
    repeat_within: timedelta | None = None
    """So long after the first send the same key makes no second post; None: never repeat unseen."""
    timeout: timedelta = timedelta(seconds=60)
    """The longest a send may take; a claim's lease is twice that and 30 s."""
    concurrent: int = 1
    """Sends of one account at the same time."""
    pace: timedelta = timedelta(0)
    """The least time between two sends of one account, on average."""
    burst: int = 1
    """Sends that may follow each other at once before ``pace`` binds."""
    host: str = ""
    """The server that counts the requests of all accounts on it together; empty where none does."""
    host_pace: timedelta = timedelta(0)
    """As ``pace``, of all accounts on ``host`` together."""
    host_burst: int = 1

    def take_video(self, media_type: str, size: int) -> bool:
        """Tell whether a video of this type and of *size* bytes is taken as it is."""
        is_small = self.video_bytes is None or size <= self.video_bytes
        return media_type in self.video_types and is_small
