"""Mail that comes back: what it says about a copy, and when an address is written to no more.

Pure, like everything here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from herald.model.mailing import SubscriptionId, SuppressionReason

HALF_LIFE = timedelta(days=60)
"""A failure counts half after so long: a monthly letter must be able to add up, too."""

LIMIT = 3.0
"""So many failures, on days of their own, end a subscription: four weekly letters, or seven
monthly ones, in a row."""

REMEMBERED = timedelta(days=400)
"""A failure so old counts for nothing, and is forgotten."""


LOCAL_MOST = 64
"""Octets of an address before the @ (RFC 5321 section 4.5.3.1.1)."""

SIGN_LONG = 49
"""Letters of the sign that tells one copy's address from another's, at most."""

PLACE = "*"
"""Stands in an address where a copy's own sign is to stand."""


class BadBounceAddress(ValueError):
    """Copies cannot come back to such an address; the message says why."""


def read_pattern(written: str) -> str:
    """Return an address with the place of the sign marked by one ``*``; raise BadBounceAddress.

    ``bounces@example.org`` is read as ``bounces+*@example.org``. A mail server that separates by
    another mark, or takes every name of a domain, is served by ``bounces-*@example.org`` and
    ``*@bounces.example.org``.
    """
    local, at, domain = written.strip().rpartition("@")
    if not at or not domain or not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
        raise BadBounceAddress("it is no address (write bounces@example.org)")
    if PLACE not in local:
        local = f"{local}+{PLACE}" if local else local
    if not re.fullmatch(r"[A-Za-z0-9._=+-]*\*[A-Za-z0-9._=+-]*", local):
        raise BadBounceAddress("before the @ stand letters, digits and at most one *")
    if len(local) - len(PLACE) > LOCAL_MOST - SIGN_LONG:
        raise BadBounceAddress(f"the name is longer than {LOCAL_MOST - SIGN_LONG - 1} letters")
    return f"{local}@{domain.lower()}"


class BounceKind(StrEnum):
    """What a returned mail says."""

    HARD = "hard"
    """The address does not exist."""
    SOFT = "soft"
    """This copy did not arrive: a full mailbox, a server that is away or takes it for spam."""
    COMPLAINT = "complaint"
    """The reader said that it is spam."""
    NOTHING = "nothing"
    """An absence, a delay, a letter from a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOf:
    """Whose copy came back, as its signed address or its signed link tells."""

    subscription: SubscriptionId
    recipient: int | None = None
    """The row of the copy; None where only the person is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedMail:
    """What a mail says that came back; it holds nobody's address."""

    kind: BounceKind
    copy: CopyOf | None
    """None where no sign of Herald's own stands in it, or a forged one."""
    status: str = ""
    """The enhanced status code (RFC 3463), such as 5.1.1; empty where none was given."""
    diagnostic: str = ""
    """What the mail server said, addresses taken out."""
    fingerprint: str
    """64 hexadecimal digits, the same for the same mail however often it is read."""

    @property
    def is_counted(self) -> bool:
        """Tell whether it has an effect."""
        return self.copy is not None and self.kind is not BounceKind.NOTHING


def score(failed_on: Iterable[date], *, today: date) -> float:
    """Return how much the days weigh on which copies came back; a day counts once."""
    return float(
        sum(0.5 ** (max(today - day, timedelta()) / HALF_LIFE) for day in frozenset(failed_on))
    )


def reason_to_end(
    kind: BounceKind, failed_at: Iterable[datetime], *, now: datetime
) -> SuppressionReason | None:
    """Return why an address is written to no more after a mail of *kind*; None to go on.

    *failed_at* are the moments of all failures that are remembered, this one included. One
    complaint and one address that does not exist are enough.
    """
    match kind:
        case BounceKind.COMPLAINT:
            return SuppressionReason.COMPLAINED
        case BounceKind.HARD:
            return SuppressionReason.BOUNCED
        case BounceKind.SOFT:
            weight = score((moment.date() for moment in failed_at), today=now.date())
            return SuppressionReason.BOUNCED if weight >= LIMIT else None
        case BounceKind.NOTHING:
            return None


class Effect(StrEnum):
    """What a returned mail changed."""

    ENDED = "ended"
    """The address is written to no more."""
    LEFT = "left"
    """It is no returned mail: its reader asks to leave a list, and has left."""
    COUNTED = "counted"
    KNOWN = "known"
    """It was read before."""
    UNKNOWN = "unknown"
    """Nobody of that name is on a list, or the person was erased."""
    TRIAL = "trial"
    """Herald has sent it to itself, to see whether it arrives signed."""
    IGNORED = "ignored"
    """It says nothing, or bears no genuine sign of a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceCounts:
    """How many came back, and how many complained; each person once."""

    bounced: int = 0
    complained: int = 0
