"""Copies that may have arrived, or not, and what a mail server's log says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from herald.model.mailing import SubscriptionId

BY_THE_LOG = "the mail server's log tells that it took it"
BY_ITS_RETURN = "it came back, or its reader answered: so the mail server took it"
PROOFS = (BY_THE_LOG, BY_ITS_RETURN)
"""What stands in place of the answer of a mail server that was never read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A copy that may have arrived, or not."""

    id: int
    token: int
    """Of its last claim: a doubt that has moved on since is left alone."""
    subscription: SubscriptionId | None
    """None where the person was erased since."""
    first_at: datetime | None
    """When it was first claimed; None where it never was, as far as is known."""
    doubted_at: datetime
    """Whoever had claimed it was gone then, or had given up the connection."""
    is_of_a_copy: bool = False
    """The database was put back from a copy: what was sent since then, nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A copy that the server answered for: a log that is whole tells of it."""

    id: int
    subscription: SubscriptionId
    first_at: datetime
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What became of an issue's doubtful copies."""

    issue: str
    accepted: tuple[tuple[Doubt, str], ...] = ()
    """With the queue id of each."""
    absent: tuple[Doubt, ...] = ()
    open: tuple[tuple[Doubt, str], ...] = ()
    """With the reason why the log settles nothing."""
    fault: str = ""
    """Why the log, or a part of it, could not be read."""
