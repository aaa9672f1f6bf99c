"""A webhook's receiver, for the contract of channels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Outcome
from herald.ports import Channel
from tests.contracts.places import Held, Place
from tests.servers.webhook import SECRET, Receiver, Told, receiving


class WebhookPlace(Place):
    """A receiver that takes each id once, and cannot be asked."""

    can_be_asked = False
    repeats_are_safe = True
    secrets: Mapping[str, str] = {"secret": SECRET}

    def __init__(
        self, receiver: Receiver, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        super().__init__(config, folder, clock)
        self.receiver = receiver

    def held(self) -> list[Held]:
        return [
            Held(one["text"], one["language"], tuple(media["alt"] for media in one["media"]))
            for one in self.receiver.published
        ]

    def gone(self) -> Channel:
        nobody = {"url": "https://no.such.server.invalid/hook"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.receiver.answers.append(Told(status=504, takes=True))
        return await self.channel.send(claim)


@asynccontextmanager
async def a_webhook(
    config: ChannelConfig, folder: Path, clock: SetClock
) -> AsyncIterator[WebhookPlace]:
    async with receiving(clock) as receiver:
        with_url = replace(config, settings={"url": receiver.address})
        yield WebhookPlace(receiver, with_url, folder, clock)
