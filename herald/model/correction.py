"""What was sent and is no longer true: an intent, for a person to act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from herald.model.ids import DeliveryKey


class Untrue(StrEnum):
    """What has changed since a post went out."""

    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    MOVED = "moved"
    """Its event has another date, time or place."""
    EDITED = "edited"
    """Its title or link was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A sent delivery whose item or entry has changed in what readers rely on."""

    key: DeliveryKey
    """Of the sent delivery."""
    why: Untrue
    note: str
    """A sentence for people: what it said, and what is true now."""
    facts: str = ""
    """What a correction keeps in its payload (``Payload.facts``): by that it is known as said."""
    notice: str = ""
    """What the item's file says about it in the post's language; empty where it says nothing."""
