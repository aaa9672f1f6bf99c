"""Subscriptions to the hubs of partner feeds (WebSub, https://www.w3.org/TR/websub/)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from herald.model.feed import HubLink
from herald.model.ids import FeedId

CHECK_PAUSE = timedelta(minutes=1)
"""Between two polls of a feed, however often its hub pushes."""


class HubMode(StrEnum):
    """What a hub asks Herald about (section 5 of the Recommendation)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"
    """The hub will not, or no longer, tell of this topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSubscription:
    """One feed's place at one hub; its token and secret never reach a log."""

    token: str = field(repr=False)
    """The unguessable end of the callback's address."""
    secret: str = field(repr=False)
    """The key with which the hub signs what it sends."""
    feed: FeedId
    link: HubLink
    """As the feed names it."""
    callback: str = field(repr=False)
    """The address, token included, at which the hub reaches Herald."""
    ask_at: datetime
    """When the hub is asked next: to subscribe, to renew or, when leaving, to unsubscribe."""
    expects_until: datetime | None = None
    """Until then the hub's question about the last request is answered; None: none is pending."""
    errors: int = 0
    """Requests in a row that the hub has not confirmed."""
    lease_ends_at: datetime | None = None
    """Until then the hub tells of changes; None until it has confirmed."""
    leaving: bool = False
    """Not wanted any more: the hub is asked to forget it, and then so does Herald."""
    denied: bool = False
    trouble: str = ""
    """What went wrong last, in plain words; empty while all is well."""
    refused_at: datetime | None = None
    """When a push last came without a signature that proves who sent it, to the minute."""
    is_owed: bool = False
    """It was pushed while its feed was being polled: it is to be polled once more."""

    def is_active(self, *, now: datetime) -> bool:
        """Tell whether the hub has promised to tell of changes at *now*."""
        return not self.leaving and self.lease_ends_at is not None and self.lease_ends_at > now

    def health(self, *, now: datetime) -> HubHealth:
        """Return what people may see of it."""
        return HubHealth(
            feed=self.feed,
            hub=self.link.hub,
            active_until=self.lease_ends_at if self.is_active(now=now) else None,
            trouble=self.trouble,
            refused_at=self.refused_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubQuestion:
    """What a hub asks at the callback, as its query says it."""

    mode: str = ""
    topic: str = ""
    challenge: str = ""
    lease_seconds: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSteps:
    """What bringing the subscriptions in line with the feeds asks of the store."""

    begin: tuple[HubSubscription, ...] = ()
    change: tuple[HubSubscription, ...] = ()
    forget: tuple[HubSubscription, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubHealth:
    """How one feed's subscription fares, for people: no token and no secret."""

    feed: FeedId
    hub: str
    active_until: datetime | None = None
    """None: the hub has not confirmed, or its promise has run out; polling goes on all the same."""
    trouble: str = ""
    refused_at: datetime | None = None


class PushVerdict(StrEnum):
    """What came of something that was sent to a callback."""

    TAKEN = "taken"
    """The hub signed it: the feed is due."""
    IGNORED = "ignored"
    """Nothing proves who sent it; the sender is told no more than of a good one."""
    UNKNOWN = "unknown"
    """There is no such subscription (any more)."""
    TOO_LARGE = "too large"


def check_after_push(
    next_check_at: datetime, checked_at: datetime | None, *, now: datetime
) -> datetime:
    """Return when a feed is polled after a push: at once, but not twice within a minute."""
    soonest = now if checked_at is None else max(now, checked_at + CHECK_PAUSE)
    return min(next_check_at, soonest)
