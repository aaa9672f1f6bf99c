"""A channel on Slack, by a bot, seen from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.servers import slack
from tests.servers.mastodon import Fault
from tests.servers.slack import SlackServer


class SlackPlace(Place):
    """A server that speaks Slack's Web API."""

    def __init__(
        self, server: SlackServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"bot_token": slack.TOKEN}
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [
            Held(
                one.shown,
                one.metadata["event_payload"].get("language"),
                tuple(alt for _, alt in one.images),
            )
            for one in self.server.messages
        ]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


@asynccontextmanager
async def a_slack(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[SlackPlace]:
    """Open a channel on Slack."""
    async with slack.serving(clock) as server:
        settings = {"channel": slack.CHANNEL_ID, "server": server.address}
        yield SlackPlace(server, replace(config, settings=settings), folder, clock)
