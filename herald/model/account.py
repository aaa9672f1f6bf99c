"""What an account on a network says of itself and of what happened to its posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    WELL = "well"
    ADVICE = "advice"
    """Posts go out; something could be better."""
    PROBLEM = "problem"
    """Posts do not go out, or will soon not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that ``herald doctor`` saw."""

    severity: Severity
    what: str
    """A sentence: what is so."""
    remedy: str = ""
    """What to do; empty where nothing is to be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """How often a post was passed on, liked and answered; nobody's name is ever kept.

    None where the network does not tell.
    """

    boosts: int | None = None
    likes: int | None = None
    replies: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody wrote to the account: an answer to a post, or a mention of it."""

    id: str
    """The network's own id, by which one is told only once."""
    author: str
    """The account as people write it, such as ``@ana@social.example.org``."""
    text: str
    """Plain text."""
    url: str = ""
    at: datetime
    answers: str = ""
    """The ``remote_id`` of the account's own post that it answers; empty for a mention."""
