"""How the outbox fares, for ``herald status``, ``/healthz`` and the exit status of ``--once``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from herald.model.delivery import DeliveryState, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many deliveries stand in one state for one reason."""

    state: DeliveryState
    reason: Reason | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxHealth:
    """The outbox at one moment."""

    counts: tuple[StateCount, ...] = ()
    """In the order of state and reason; what is stopped has reason paused or auth."""
    overdue: int = 0
    """Deliveries on channels that are not stopped, and that could have gone out for more than five
    minutes, or should have for more than fifteen, whatever holds them up."""
    oldest_overdue_at: datetime | None = None
    """When the oldest overdue delivery was due."""
    unclear: int = 0
    """What may be out there: waiting to be looked up, or held for a person."""
    failed_lately: int = 0
    """What failed, having been due within the last day."""
    missed_lately: int = 0
    """What did not go out in time, and is left out since three days at most; not what its file
    lets go when it is late."""

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is overdue and nothing unclear."""
        return not self.overdue and not self.unclear

    def count(self, state: DeliveryState, reason: Reason | None = None) -> int:
        """Count what stands in *state*, for *reason* where one is given."""
        return sum(
            each.count
            for each in self.counts
            if each.state is state and reason in (None, each.reason)
        )
