"""A channel on Discord, seen from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.servers import discord
from tests.servers.discord import DiscordServer
from tests.servers.mastodon import Fault


class DiscordPlace(Place):
    """A server that speaks Discord's interface of webhooks."""

    keeps_language = False
    can_be_asked = False

    def __init__(
        self, server: DiscordServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"webhook_url": server.url}
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [
            Held(discord.shown(one.content), None, one.descriptions)
            for one in self.server.messages.values()
        ]

    def gone(self) -> Channel:
        here, self.secrets = (
            self.secrets,
            {"webhook_url": f"https://no.such.server.invalid/api/webhooks/{discord.HOOK}/x"},
        )
        nobody = self.opened()
        self.secrets = here
        return nobody

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


@asynccontextmanager
async def a_discord(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[DiscordPlace]:
    """Open a channel on Discord."""
    async with discord.serving(clock) as server:
        yield DiscordPlace(server, config, folder, clock)
