"""What follows from the outcome of a send or of a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from herald.model.delivery import Reason, Receipt


@dataclass(frozen=True, slots=True)
class Done:
    """It is out there: sent."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Retry:
    """Pending again at *at*. ``thaw`` unfreezes the payload, as it was proven unpublished."""

    at: datetime
    why: str
    status: int | None = None
    thaw: bool = True


@dataclass(frozen=True, slots=True)
class Park:
    """Pending again, no attempt used, and nothing of the channel is claimed before *until*.

    ``thaw`` as in Retry.
    """

    until: datetime
    why: str
    status: int | None = None
    thaw: bool = True


@dataclass(frozen=True, slots=True)
class Fail:
    """Failed for good, as it is."""

    why: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Expire:
    """Not published, and its moment is over."""

    why: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Unclear: it stays claimed until it was looked up."""

    why: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A person must look."""

    reason: Reason
    why: str


@dataclass(frozen=True, slots=True)
class StopChannel:
    """Pending again, no attempt used; the channel stops until its credentials are mended.

    ``thaw`` as in Retry.
    """

    why: str
    status: int | None = None
    thaw: bool = True


Verdict = Done | Retry | Park | Fail | Expire | Doubt | Hold | StopChannel
