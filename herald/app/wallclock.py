"""Notices that somebody set this machine's clock back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from herald.ports import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SET_BACK = timedelta(minutes=1)
"""Less is a clock that is kept right."""

log = logging.getLogger(__name__)


class WallClock:
    """Compares the clock on the wall with the one that never jumps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock_difference(clock)

    def was_set_back(self) -> bool:
        """Tell whether the clock was set back since it was looked at last; log that it was."""
        before, self._ahead = self._ahead, clock_difference(self._clock)
        if self._ahead >= before - SET_BACK:
            return False
        log.warning(
            "the clock was set back; what waited for a later moment is tried again",
            extra={"by": str(before - self._ahead)},
        )
        return True


def clock_difference(clock: Clock) -> timedelta:
    """Return how far the wall clock is ahead of the one that never jumps: it changes by jumps."""
    return clock.now() - EPOCH - timedelta(seconds=clock.monotonic())
