"""How much room an amplify rule's limits leave, day by day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from herald.model.campaign import Amplify, Quota
from herald.model.ids import PartnerId
from herald.model.wallclock import ONE_DAY, day_begins, localise

BACKLOG = Quota(count=3, period=ONE_DAY)
"""For a partner whose rule sets no limit: what piled up while a feed was silent is no flood."""

_EVERYBODY = PartnerId("")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Room:
    """Counts what one rule has passed on and will pass on, by local day or other period."""

    rule: Amplify
    zone: str
    taken: Counter[tuple[PartnerId, int]] = field(default_factory=Counter)

    def take(self, partner: PartnerId, at: datetime) -> None:
        """Count a post of *partner* at *at*."""
        for who, quota in self._quotas(partner):
            self.taken[who, self._period(at, quota)] += 1

    def has_room(self, partner: PartnerId, at: datetime) -> bool:
        """Tell whether a post of *partner* at *at* keeps within every limit."""
        return self._full(partner, at) is None

    def is_one_period(self, one: datetime, other: datetime) -> bool:
        """Tell whether two moments count against the same limits."""
        quotas = [quota for _, quota in self._quotas(_EVERYBODY)]
        return all(self._period(one, quota) == self._period(other, quota) for quota in quotas)

    def opens_after(self, partner: PartnerId, at: datetime) -> datetime:
        """Return when the limit that is reached at *at* begins to count anew; *at* if none is."""
        quota = self._full(partner, at)
        return at if quota is None else self._begins(self._period(at, quota) + 1, quota)

    def _full(self, partner: PartnerId, at: datetime) -> Quota | None:
        return next(
            (
                quota
                for who, quota in self._quotas(partner)
                if self.taken[who, self._period(at, quota)] >= quota.count
            ),
            None,
        )

    def _quotas(self, partner: PartnerId) -> tuple[tuple[PartnerId, Quota], ...]:
        own = (partner, self.rule.limit_partner or BACKLOG)
        total = self.rule.limit_total
        return (own,) if total is None else (own, (_EVERYBODY, total))

    def _period(self, at: datetime, quota: Quota) -> int:
        """Return the number of *at*'s period: local days from a Monday on, or lengths of time."""
        if quota.period % ONE_DAY:
            return (at - _EPOCH) // quota.period
        days = max(1, quota.period // ONE_DAY)
        return (localise(at, self.zone).date().toordinal() - 1) // days

    def _begins(self, period: int, quota: Quota) -> datetime:
        if quota.period % ONE_DAY:
            return _EPOCH + period * quota.period
        days = max(1, quota.period // ONE_DAY)
        return day_begins(datetime.fromordinal(period * days + 1).date(), self.zone)
