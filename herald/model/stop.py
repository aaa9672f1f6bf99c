"""A stop: what is not claimed until somebody says go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StopScope(StrEnum):
    """What a stop covers."""

    EVERYTHING = "everything"
    CHANNEL = "channel"
    PARTNER = "partner"
    CAMPAIGN = "campaign"


class StopOrigin(StrEnum):
    """Who stopped it; each origin's stop stands on its own."""

    PERSON = "person"
    FILE = "file"
    """``paused: true`` in a file; planning follows the file."""
    AUTH = "auth"
    """The network refused the channel's credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop. ``name`` is empty for everything."""

    scope: StopScope
    name: str = ""
    origin: StopOrigin = StopOrigin.PERSON
    because: str = ""
    since: datetime
