"""A channel whose answers are written down beforehand, and that remembers what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable

from herald.model.delivery import CannotTell, Claim, Found, Outcome, Receipt, Sent, Sighting
from herald.model.ids import ChannelId
from herald.model.network import Capabilities

Answer = Outcome | Exception | Callable[[Claim], Awaitable[Outcome]]
Sight = Sighting | Exception | Callable[[Claim], Awaitable[Sighting]]


class ScriptedChannel:
    """Gives its answers in turn, then Sent; its sightings in turn, then what it really holds."""

    network = "scripted"

    def __init__(
        self,
        name: str = "fedi",
        *,
        answers: list[Answer] | None = None,
        sights: list[Sight] | None = None,
    ) -> None:
        self.id = ChannelId(name)
        self.answers = list(answers or [])
        self.sights = list(sights or [])
        self.sent: list[Claim] = []
        self.looked_up: list[Claim] = []
        self.holds: dict[str, Receipt] = {}
        self.asked = asyncio.Event()
        """Set when a send has begun."""

    async def capabilities(self) -> Capabilities:
        return Capabilities()

    async def send(self, claim: Claim) -> Outcome:
        self.sent.append(claim)
        self.asked.set()
        answer = self.answers.pop(0) if self.answers else self.publish(claim)
        if isinstance(answer, Exception):
            raise answer
        return await answer(claim) if callable(answer) else answer

    def publish(self, claim: Claim) -> Sent:
        """Hold the post, as a network does."""
        receipt = Receipt(remote_id=claim.delivery.key[:8], url=f"https://{self.id}.example.org/1")
        self.holds[claim.delivery.key] = receipt
        return Sent(receipt)

    async def look_up(self, claim: Claim) -> Sighting:
        self.looked_up.append(claim)
        if not self.sights:
            held = self.holds.get(claim.delivery.key)
            return Found(held) if held else CannotTell("not to be seen")
        sight = self.sights.pop(0)
        if isinstance(sight, Exception):
            raise sight
        return await sight(claim) if callable(sight) else sight

    async def close(self) -> None:
        return
