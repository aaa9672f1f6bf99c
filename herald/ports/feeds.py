"""Ports to partners' feeds and to their hubs, on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from herald.model.feed import Entry, EntryEvent, HubLink
from herald.model.ids import FeedId
from herald.model.polling import (
    Decision,
    Failed,
    Feed,
    FeedHealth,
    Identity,
    Known,
    Unchanged,
    Understood,
    WantedFeed,
)
from herald.model.websub import HubHealth, HubSteps, HubSubscription


class FeedStore(Protocol):
    """Partner feeds on disk. Every method is one short transaction, durable when it returns."""

    async def sync_feeds(self, wanted: Sequence[WantedFeed], *, now: datetime) -> None:
        """Make the stored feeds those of the configuration.

        A new one is due at once; one that left is not polled, but what it said stays known.
        """
        ...

    async def claim_feeds(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        lease: timedelta,
        each_host: int = 1_000_000,
        not_hosts: Collection[str] = (),
    ) -> tuple[Feed, ...]:
        """Take up to *most* feeds that are due and that nobody else polls, longest due first.

        Not more than *each_host* of one server (``name:port``), and none of *not_hosts*.
        """
        ...

    async def give_back(self, feeds: Sequence[FeedId], *, owner: str) -> None:
        """End the leases of feeds that *owner* took and did not poll: they are due as before."""
        ...

    async def take_feeds(
        self, feeds: Sequence[FeedId], *, owner: str, now: datetime, lease: timedelta
    ) -> tuple[Feed, ...]:
        """Take these configured feeds, due or not, gone or not: a person asked."""
        ...

    async def save_understood(
        self,
        polled: FeedId,
        poll: Understood,
        named: Sequence[Identity],
        decide: Callable[[Known], Decision],
        *,
        now: datetime,
    ) -> Decision:
        """Let *decide* compare a document's entries with what is known; write all of it at once.

        Entries, keys and validators are committed together or not at all, perhaps with what came
        of other feeds. *decide* is pure: it may run in a thread, and again where others came in
        between; what it raises concerns this document alone.
        """
        ...

    async def save_unchanged(self, polled: FeedId, poll: Unchanged, *, now: datetime) -> None:
        """Write a success without news; empty validators leave those that are stored."""
        ...

    async def save_failed(self, polled: FeedId, poll: Failed, *, now: datetime) -> None:
        """Write a failure; entries, keys and validators stay as they are."""
        ...

    async def known_fingerprints(self, polled: FeedId, keys: Collection[str]) -> dict[str, str]:
        """Return by key the fingerprints of the entries that a feed is known to name so."""
        ...

    async def page_events(self, polled: FeedId, keys: Collection[str]) -> dict[str, EntryEvent]:
        """Return by key the events that were found on the pages of entries (``EventSource``)."""
        ...

    async def entries(self, since: datetime) -> tuple[Entry, ...]:
        """Return what configured feeds first said since then, and every event from then on."""
        ...

    async def health(self, *, now: datetime) -> tuple[FeedHealth, ...]:
        """Return every configured feed with its figures, in the order of partners and URLs."""
        ...


class WebSubStore(Protocol):
    """Subscriptions to feeds' hubs on disk. Every method is one short, durable transaction.

    What is passed in to decide is pure, and may run again.
    """

    async def sync_hubs(
        self, decide: Callable[[Mapping[FeedId, HubLink], Sequence[HubSubscription]], HubSteps]
    ) -> HubSteps:
        """Let *decide* compare the feeds that are polled and name a hub with the subscriptions."""
        ...

    async def claim_hubs(
        self,
        decide: Callable[[HubSubscription], HubSubscription | None],
        *,
        now: datetime,
        most: int,
    ) -> tuple[HubSubscription, ...]:
        """Take up to *most* whose hub is to be asked by *now*, the longest due first.

        What *decide* makes of them is written before this returns, and moves ``ask_at``, so that
        nobody else asks too; those for which it returns None are forgotten and not returned.
        """
        ...

    async def hub(self, token: str) -> HubSubscription | None:
        """Return the subscription with this token; None if there is none."""
        ...

    async def change_hub(
        self, token: str, decide: Callable[[HubSubscription], HubSubscription | None]
    ) -> HubSubscription | None:
        """Write what *decide* makes of a subscription, None forgets it; return it as it was."""
        ...

    async def save_push(self, token: str, *, now: datetime) -> None:
        """Make a subscription's feed due soon; where it is due soon anyway nothing is written.

        A feed that is being polled is due again after that; one in trouble keeps its pause.
        """
        ...

    async def settle_pushes(self, *, now: datetime) -> int:
        """Make the feeds due that were pushed while they were polled; return how many."""
        ...

    async def active_hubs(self, *, now: datetime) -> dict[FeedId, HubHealth]:
        """Return how the subscriptions of feeds fare, those being left excepted."""
        ...
