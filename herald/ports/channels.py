"""Ports to accounts on networks: what every channel does, and what some can do besides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from herald.model.account import Finding, Reactions, Reply
from herald.model.delivery import Claim, Outcome, Receipt, Sighting
from herald.model.ids import ChannelId
from herald.model.network import Capabilities


class Channel(Protocol):
    """One configured account on a network. It translates and transmits; it decides nothing."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    @property
    def network(self) -> str:
        """The network's name, such as ``mastodon``."""
        ...

    async def capabilities(self) -> Capabilities:
        """Return the account's limits, asked of the network where it tells them.

        Raises ``herald.errors.ChannelUnreachable`` when the network does not answer; the caller
        then keeps what it stored last.
        """
        ...

    async def send(self, claim: Claim) -> Outcome:
        """Publish ``claim.payload`` once and tell what came of it.

        Never raises for anything that the network or the way to it does; an exception is a bug, and
        counts as Unclear.  Makes at most one creating request.
        """
        ...

    async def look_up(self, claim: Claim) -> Sighting:
        """Tell whether the network holds what was sent under ``claim.delivery.key``.

        Changes nothing on the network. Absent only if every page that could hold it was read.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Examined(Protocol):
    """A channel that can look at its account for ``herald doctor``."""

    async def examine(self) -> tuple[Finding, ...]:
        """Tell how the account fares: its credentials, rights, quota, profile; changes nothing.

        Never raises for what the network does: a server that cannot be reached is a finding.
        """
        ...


@runtime_checkable
class Profiled(Protocol):
    """A channel whose account has a profile that everybody reads."""

    async def profile(self) -> str:
        """Return the profile's text, plain.

        Raises ``herald.errors.ChannelUnreachable`` when it cannot be read now.
        """
        ...


@runtime_checkable
class Counted(Protocol):
    """A channel whose network tells what became of a post."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return the counts by ``remote_id``; what cannot be read now is left out."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A channel whose network tells only when asked where a post is to be seen."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    @property
    def network(self) -> str:
        """The network's name, such as ``instagram``."""
        ...

    async def link(self, receipt: Receipt) -> str:
        """Return the address of a post that was sent; '' where it is not told now.

        Changes nothing, and never raises for what the network does.
        """
        ...


@runtime_checkable
class Answered(Protocol):
    """A channel whose network tells what people write to the account."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    async def replies(self, *, since: datetime) -> tuple[Reply, ...]:
        """Return answers and mentions from *since* on, the oldest first.

        Raises ``herald.errors.ChannelUnreachable`` when the network does not answer.
        """
        ...
