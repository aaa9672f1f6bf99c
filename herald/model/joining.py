"""Joining a list: what somebody asked for, what was agreed to, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from herald.model.ids import Language, ListId
from herald.model.mailing import AddressHash

SignUpId = NewType("SignUpId", str)
"""32 random hexadecimal digits: names a request to join, and nobody."""


class CameFrom(StrEnum):
    """Where somebody asked to join."""

    PAGE = "page"
    """Herald's own page, or a form on a website that posts to it."""
    API = "api"
    """A website's own program."""
    IMPORT = "import"
    """Somebody brought a file in which no consent was noted, and let Herald ask."""


class Asked(StrEnum):
    """What a request came to; a known address is answered as an unknown one is."""

    TAKEN = "taken"
    BAD_ADDRESS = "bad address"
    TOO_MANY = "too many"
    """From this part of the internet, or from everywhere, too much is asked at present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A request to join a list, until it is confirmed or too old."""

    id: SignUpId
    list: ListId
    address: str
    address_hash: AddressHash
    language: Language
    came_from: CameFrom
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How often something may be asked for within a span of time."""

    of: str
    """A keyed hash of what is counted: nobody can be read from it."""
    within: timedelta
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """What stands above the button that confirms, word by word."""

    language: Language
    """Of the words."""
    lines: tuple[str, ...]
    privacy: str = ""
    """The address of the page on personal data."""
    digest: str
    """SHA-256 of all of it, in hexadecimal: names this version of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an auditor is shown for one subscription that was confirmed."""

    list: ListId
    language: Language
    came_from: CameFrom
    asked_at: datetime
    confirmed_at: datetime
    message_id: str
    """Of the mail whose link was followed; empty where the relay's answer was never read."""
    text: str
    digest: str
