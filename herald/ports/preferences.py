"""Port to what readers change by themselves, on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from herald.model.ids import Language
from herald.model.joining import Allowance, Asked
from herald.model.mailing import AddressHash, SubscriptionId
from herald.model.preferences import Held, LinkAsked, LinkId, LinkOwed, Reader


class PreferenceStore(Protocol):
    """What readers change by themselves, on disk. Every method is one short transaction."""

    async def ask_link(
        self,
        asked: LinkAsked,
        *,
        of_source: Sequence[Allowance],
        of_address: Sequence[Allowance],
        now: datetime,
    ) -> Asked:
        """Take down that a link is wanted, unless too much was asked; alike for every address."""
        ...

    async def owner(self, link: LinkId, *, now: datetime) -> AddressHash | None:
        """Return whose link it is; None once it works no longer."""
        ...

    async def owner_of(self, tie: SubscriptionId) -> AddressHash | None:
        """Return whose subscription it is; None if never there, or erased."""
        ...

    async def reader(self, known: AddressHash) -> Reader | None:
        """Return a person with all ties; None if unknown, or erased."""
        ...

    async def change(
        self,
        known: AddressHash,
        *,
        language: Language | None,
        zone: str,
        choose: Callable[[Language, Sequence[Language]], Language],
    ) -> None:
        """Let a person's letters speak *language*, those that nobody claimed yet included."""
        ...

    async def claim_link(self, *, now: datetime) -> LinkOwed | None:
        """Take the next mail that is owed to somebody known; forget those owed to nobody."""
        ...

    async def link_sent(self, claimed: LinkOwed, *, now: datetime) -> None:
        """Note that a mail was accepted: from now on its link works, for an hour."""
        ...

    async def link_lost(self, claimed: LinkOwed) -> None:
        """Note that a mail is not to be sent again by itself."""
        ...

    async def link_later(self, claimed: LinkOwed, *, at: datetime) -> None:
        """Owe a mail again that was certainly not accepted."""
        ...

    async def forget_links(self, *, now: datetime) -> int:
        """Erase the links that work no longer; return how many they were."""
        ...

    async def held(self, known: AddressHash) -> Held:
        """Return everything that is held of an address."""
        ...
