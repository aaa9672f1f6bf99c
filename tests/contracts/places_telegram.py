"""A channel on Telegram, seen from outside."""

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
from tests.servers import telegram
from tests.servers.mastodon import Fault
from tests.servers.telegram import TelegramServer


class TelegramPlace(Place):
    """A server that speaks the Bot API."""

    keeps_language = False
    keeps_descriptions = False
    can_be_asked = False

    def __init__(
        self, server: TelegramServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"bot_token": telegram.TOKEN}
        super().__init__(config, folder, clock)
        self.server = server

    def arrives(self, text: str) -> str:
        return telegram.clean(text)

    def held(self) -> list[Held]:
        return [
            Held(post.text, None, tuple("" for one in self.server.messages.values() if one.photo))
            for post in self.server.posts
        ]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


@asynccontextmanager
async def a_telegram(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[TelegramPlace]:
    """Open a channel on Telegram."""
    async with telegram.serving(clock) as server:
        settings = {"chat": f"@{telegram.NAME}", "server": server.address}
        yield TelegramPlace(server, replace(config, settings=settings), folder, clock)
