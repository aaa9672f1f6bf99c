"""What kept a delivery of a simulated year back: Herald was off, or something was stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from herald.model.delivery import Delivery
from herald.model.stop import Stop

Span = tuple[datetime, datetime]


class Stops:
    """When what was stopped, as it is noted once a day.

    Whoever lifts a stop in a simulated year does it at midnight; so none goes unseen.
    """

    def __init__(self) -> None:
        self._standing: dict[str, datetime] = {}
        self._over: dict[str, list[Span]] = defaultdict(list)

    def note(self, stops: Sequence[Stop], *, now: datetime) -> None:
        """Note what stands at *now*, and what does no more."""
        names = {stop.name: stop.since for stop in stops}
        for name in [*self._standing]:
            if name not in names:
                self._over[name].append((self._standing.pop(name), now))
        for name, since in names.items():
            self._standing.setdefault(name, since)

    def spans(self, row: Delivery, *, end: datetime) -> list[Span]:
        """Return when *row* was stopped, up to *end*."""
        names = [row.channel, row.campaign, row.partner or "-"]
        standing = [(self._standing[name], end) for name in names if name in self._standing]
        return [*standing, *(span for name in names for span in self._over.get(name, ()))]


def free_time(row: Delivery, hindered: Iterable[Span]) -> timedelta:
    """Return for how long of its time *row* was free to go."""
    free, at = timedelta(0), row.due_at
    for begins, ends in sorted(hindered):
        if begins > at:
            free += min(begins, row.not_after_at) - at
        at = max(at, ends)
        if at >= row.not_after_at:
            return free
    return free + row.not_after_at - at
