"""What a partner's web master could improve, and what a look at a feed found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from herald.model.feed import ParsedFeed

WEEK_OF_TROUBLE = timedelta(days=7)
"""So long a feed may be in trouble before somebody should write to the partner."""
STUCK_AFTER = 5
"""Failures in a row after which a feed does not mend itself: about four hours."""


class Weight(StrEnum):
    """How much an improvement matters, the most important first."""

    MUST = "must"
    """Without it, news is lost, or goes out twice."""
    SHOULD = "should"
    """Without it, readers get less: no picture description, the wrong hour."""
    COULD = "could"
    """It would be nicer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to improve, in words that do not need Herald to be known."""

    weight: Weight
    message: str
    how: str = ""
    """Where to do it; empty where the message says it all."""
    is_fault: bool = False
    """Something in the document could not be read as it is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How the server answered when a feed was looked at once."""

    asked: str
    """The address that was asked."""
    answered: str
    """The address that answered in the end, after all redirects."""
    moved_to: str = ""
    """The same, if every redirect on the way says that it is for good."""
    took: timedelta
    size: int
    """Bytes of the unpacked document."""
    can_be_asked_for_changes: bool
    """It gave an ETag or a Last-Modified, so that an unchanged feed need not be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found when a feed was looked at, without remembering any of it."""

    source: str
    """The address or file, as it was given."""
    at: datetime
    feed: ParsedFeed
    visit: Visit | None = None
    """None for a file, and where there was no answer."""
    advice: tuple[Advice, ...] = ()
    """The most important first."""

    @property
    def has_failed(self) -> bool:
        """Tell whether nothing could be read."""
        return any(problem.severity == "error" for problem in self.feed.problems)
