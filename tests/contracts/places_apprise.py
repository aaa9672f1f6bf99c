"""A service behind Apprise, for the contract of channels: its own JSON service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.servers.apprise import JsonService, serving


class ApprisePlace(Place):
    """A service that takes text and says yes or no."""

    keeps_language = False
    keeps_descriptions = False
    can_be_asked = False
    knows_what_never_left = False

    def __init__(
        self, service: JsonService, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"url": service.url}
        super().__init__(config, folder, clock)
        self.service = service

    def held(self) -> list[Held]:
        return [Held(one["message"], None, ()) for one in self.service.taken]

    def gone(self) -> Channel:
        self.secrets = {"url": "json://no.such.server.invalid/"}
        return self.opened()

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.service.statuses.append(504)
        return await self.channel.send(claim)


@asynccontextmanager
async def an_apprise(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[ApprisePlace]:
    async with serving() as service:
        yield ApprisePlace(service, config, folder, clock)
