"""What a test sees of a network with a channel on it, from outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from herald.channels.registry import open_channel
from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Action, Claim, Outcome, Sighting, Unclear
from herald.model.network import Capabilities
from herald.ports import Channel, MediaStore
from tests.channels.kept import a_picture, surroundings


@dataclass(frozen=True)
class Held:
    """One post as the network holds it."""

    text: str
    language: str | None
    alts: tuple[str, ...]


class Place(ABC):
    """A network with a channel on it, seen from outside."""

    clock: SetClock
    keeps_language = True
    keeps_descriptions = True
    """A picture has a field for its description; else composing writes it into the text."""
    can_be_asked = True
    """What it holds can be read; else a lost answer is left to a person."""
    address_comes_later = False
    """Where a post is to be seen is told only when it is read back."""
    knows_what_never_left = True
    """It can tell that nothing left this computer; else such a send is in doubt like others."""
    repeats_are_safe = False
    """The same claim sent twice makes one post."""
    secrets: Mapping[str, str] = {}
    """What opens the channel."""
    media: MediaStore | None = None
    """Where its pictures are kept; None for one that keeps a single picture."""

    def __init__(self, config: ChannelConfig, folder: Path, clock: SetClock) -> None:
        self.config, self.folder, self.clock = config, folder, clock
        self.channel = self.opened()

    def opened(self) -> Channel:
        """Open the channel as after a restart."""
        return self._opened(self.config, self.folder)

    def _opened(self, config: ChannelConfig, folder: Path) -> Channel:
        return open_channel(
            config,
            secrets=self.secrets,
            around=surroundings(folder, self.clock, media=self.media),
        )

    @abstractmethod
    def gone(self) -> Channel:
        """Open the channel where its network cannot be reached at all."""

    def arrives(self, text: str) -> str:
        """Return what becomes of *text* on the network, where that documents a change."""
        return text

    @abstractmethod
    def held(self) -> list[Held]:
        """Return what the network holds, oldest first."""

    def _without_a_folder(self) -> Channel:
        """Open the channel where a file stands in the place of its folder."""
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "var").write_bytes(b"")
        return self._opened(self.config, elsewhere)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        """Send, and lose the network's answer: here the process died before it was settled."""
        await self.channel.send(claim)
        return Unclear("died")


class Illustrated:
    """A channel on a network that takes no post without a picture: what has none gets one."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.id, self.network = channel.id, channel.network

    async def capabilities(self) -> Capabilities:
        """Return the channel's."""
        return await self._channel.capabilities()

    async def send(self, claim: Claim) -> Outcome:
        """Send *claim* with a picture."""
        return await self._channel.send(illustrated(claim))

    async def look_up(self, claim: Claim) -> Sighting:
        """Look *claim* up as it was sent."""
        return await self._channel.look_up(illustrated(claim))

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()


def illustrated(claim: Claim) -> Claim:
    """Return *claim* with a picture that has no description, where it has none."""
    if claim.payload.media or claim.delivery.action is not Action.CREATE:
        return claim
    payload = replace(claim.payload, media=(a_picture(""),))
    return replace(claim, delivery=replace(claim.delivery, payload=payload, frozen=payload))
