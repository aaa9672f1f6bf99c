"""Port to the outbox: all that is owed to channels, on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from herald.model.delivery import Attempt, Claim, Delivery, History
from herald.model.health import OutboxHealth
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, EntryId, ItemId
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.model.reach import Reach
from herald.model.stop import Stop
from herald.model.verdict import Verdict


class OutboxStore(Protocol):
    """The outbox on disk. Every method is one short transaction, durable when it returns."""

    async def history(self) -> History:
        """Return every delivery there ever was, and what was seen when.

        After years these are a million: planning asks for ``history_within``.
        """
        ...

    async def history_within(self, reach: Reach) -> History:
        """Return what of the past a plan of *reach* can depend on, and what was seen when.

        Whatever a plan is made of, it is the same as one made with ``history``. That is all that
        waits, and of what ended what *reach* names.
        """
        ...

    async def concerned_by(self, plan: Plan) -> tuple[Delivery, ...]:
        """Return the deliveries that comparing the outbox with *plan* can depend on.

        In the order of due_at and key. The comparison comes to the same as one with every delivery
        there ever was: all that waits; what is planned; what was sent in the plan's span, in the
        words of what is late and new, or of the same item where an edit may have moved it.
        """
        ...

    async def reconcile(
        self,
        plan: Plan,
        decide: Callable[[Sequence[Delivery]], Reconciliation],
        *,
        now: datetime,
        turn: int | None = None,
    ) -> Reconciliation:
        """Let *decide* compare *plan* with ``concerned_by``, and write its steps, all at once.

        *turn* is the token of the planner's row (``PlannerStore``): raises
        ``herald.errors.NotItsTurn``, changing nothing, if another one has taken it since. None is
        for a person, who needs no turn.

        *decide* is pure: it may run in a thread, and again where others came in between.
        A step on a delivery that is claimed, unclear or sent changes nothing. Remembers
        ``plan.first_seen``. Repeating it changes nothing.
        """
        ...

    async def claim(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        capabilities: dict[ChannelId, Capabilities],
    ) -> tuple[Claim, ...]:
        """Take up to *most* due deliveries of the channels in *capabilities*, fairly.

        Skips what is stopped, parked by pace, or at its channel's ``concurrent`` limit; expires
        what is past ``not_after_at``, treats what is late by its ``catch_up``. What follows another
        one (``target``) is passed over until that was sent and its id is known; the claim has both
        receipts. A claim has a new
        token, a lease of twice the channel's timeout and 30 s, its payload frozen and its attempt
        recorded, committed before this returns.
        """
        ...

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        """Write what follows from a send or a look-up; no change and False if *token* is stale."""
        ...

    async def reap(self, *, now: datetime) -> int:
        """Make every claim whose lease lapsed unclear, its token raised; never pending."""
        ...

    async def unclear(self) -> tuple[Delivery, ...]:
        """Return the claimed deliveries with ``unclear_at``: to be looked up after their window."""
        ...

    async def claim_look_up(
        self, key: DeliveryKey, *, owner: str, now: datetime, lease: timedelta
    ) -> Claim | None:
        """Take an unclear delivery for a look-up, under its own lease and token; None if taken.

        With the receipts of what it follows, as in ``claim``.
        """
        ...

    async def list_deliveries(
        self,
        *,
        states: Collection[str] = (),
        prefix: str = "",
        campaign: str = "",
        item: str = "",
        channel: str = "",
    ) -> tuple[Delivery, ...]:
        """Return deliveries in the order of due_at and key; empty arguments narrow nothing.

        One that is pending on a stopped channel, partner or campaign has reason paused or auth; one
        that waits for another to be sent has a note that says so.
        """
        ...

    async def attempts(self, key: DeliveryKey) -> tuple[Attempt, ...]:
        """Return every send of a delivery, oldest first."""
        ...

    async def decide(self, changed: Delivery, *, was: Delivery) -> bool:
        """Write a person's decision, fenced by *was* (state, reason, token).

        Also by what the person saw: content, payload and moment. Returns False if the delivery has
        moved on since, or is claimed or sent.
        """
        ...

    async def sent_of(
        self, items: Collection[tuple[CampaignId, ItemId]], entries: Collection[EntryId]
    ) -> tuple[Delivery, ...]:
        """Return what was sent of *items* and *entries* and corrects that, by due_at and key."""
        ...

    async def following(self, keys: Collection[DeliveryKey]) -> tuple[Delivery, ...]:
        """Return what follows one of *keys* (``target``): next parts and corrections, by due_at."""
        ...

    async def add(self, delivery: Delivery) -> bool:
        """Enqueue *delivery*, which a person made and no plan holds.

        Returns False, changing nothing, if its key is there already, or if what it follows
        (``target``) was not sent.
        """
        ...

    async def set_url(self, key: DeliveryKey, url: str, *, now: datetime) -> bool:
        """Tell where a sent delivery is to be seen, which closes a manual channel's task.

        False if it was not sent.
        """
        ...

    async def stop(self, stop: Stop) -> None:
        """Stop claiming what *stop* names; repeating it updates the reason."""
        ...

    async def resume(self, scope: str, name: str) -> bool:
        """End a person's stop and one for refused credentials; False if there was neither.

        A file's stop stays with its file.
        """
        ...

    async def sync_file_stops(self, stops: Iterable[Stop], *, turn: int | None = None) -> None:
        """Make *stops* the stops of origin file; one that stands keeps its ``since``.

        *turn* as for ``reconcile``.
        """
        ...

    async def stops(self) -> tuple[Stop, ...]:
        """Return everything that is stopped."""
        ...

    async def capabilities(self) -> dict[ChannelId, Capabilities]:
        """Return the channels' last stored capabilities."""
        ...

    async def save_capabilities(
        self, channel: ChannelId, network: str, capabilities: Capabilities
    ) -> None:
        """Remember a channel's capabilities."""
        ...

    async def next_moment(self, *, after: datetime, until: datetime) -> datetime | None:
        """Return when the next pending delivery may be claimed, after *after* and by *until*."""
        ...

    async def next_delivery(self, *, now: datetime) -> Delivery | None:
        """Return the first pending delivery, by due_at, that is due from *now* on.

        What is stopped is passed over.
        """
        ...

    async def channels_due(
        self, channels: Collection[ChannelId], *, now: datetime
    ) -> frozenset[ChannelId]:
        """Return those of *channels* on which something may be claimed that is not stopped."""
        ...

    async def unlinked(self, network: str) -> tuple[Delivery, ...]:
        """Return what was sent on *network* and has no url, by due_at and key.

        On a network where people post, these are their tasks.
        """
        ...

    async def health(self, *, now: datetime) -> OutboxHealth:
        """Return how the outbox fares at *now*."""
        ...
