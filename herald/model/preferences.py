"""What readers may see and change by themselves, and all that is held of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from herald.model.ids import Language, ListId
from herald.model.joining import Proof
from herald.model.mailing import AddressHash, Subscriber

LinkId = NewType("LinkId", str)
"""32 random hexadecimal digits: names a link that was asked for, and nobody."""

LINK_WORKS = timedelta(hours=1)
"""How long a link works that was mailed to its owner, counted from when the mail was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAsked:
    """Somebody asks for a link to the preferences of an address, whether or not it is known."""

    id: LinkId
    address: str
    address_hash: AddressHash
    language: Language
    """Of whoever asks; the person's own comes first."""
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOwed:
    """A mail with such a link that is owed to somebody on a list."""

    id: LinkId
    address: str
    language: Language
    lists: tuple[ListId, ...]
    """The person's, those that are received first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A person with all ties to lists, as the preference page needs it."""

    address: str
    address_hash: AddressHash
    language: Language | None = None
    zone: str = ""
    ties: tuple[Subscriber, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLetter:
    """A copy of an issue that was made for a person, and what became of it."""

    issue: str
    language: Language
    state: str
    attempts: int
    first_at: datetime | None
    ended_at: datetime | None
    reply: str
    domain: str
    queue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReturn:
    """A letter that came back, or that was complained of."""

    issue: str
    kind: str
    status: str
    diagnostic: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRequest:
    """Something that was asked for in a person's name: a list, or a link (no list)."""

    list: ListId
    language: Language
    asked_at: datetime
    mail: str
    """How far the mail has got that answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRefusal:
    """Why a person is not written to; an empty list means every list."""

    list: ListId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Everything that Herald holds of one address."""

    address: str = ""
    """Empty where only a fingerprint is left."""
    name: str = ""
    language: Language | None = None
    zone: str = ""
    created_at: datetime | None = None
    ties: tuple[Subscriber, ...] = ()
    proofs: tuple[Proof, ...] = ()
    letters: tuple[HeldLetter, ...] = ()
    returns: tuple[HeldReturn, ...] = ()
    requests: tuple[HeldRequest, ...] = ()
    refusals: tuple[HeldRefusal, ...] = ()
