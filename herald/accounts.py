"""The configured accounts: opened, kept in step with config/, and asked for their limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from herald.channels.network import Surroundings
from herald.channels.registry import missing_secrets, open_channel
from herald.errors import ChannelUnreachable, ConfigurationBroken
from herald.foresight import known_capabilities
from herald.media.pictures import PreparedPictures
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Cards, Channel, Clock, MediaStore, OutboxStore
from herald.settings import Settings
from herald.vault import keep_secret

log = logging.getLogger(__name__)

Opened = tuple[ChannelConfig, Mapping[str, str]]
"""What an account was opened with: its configuration and its secrets."""


class Accounts:
    """Every channel that can be used, by its id."""

    def __init__(
        self,
        folder: Path,
        *,
        store: OutboxStore,
        media: MediaStore,
        cards: Cards | None = None,
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._store = store
        self._media = media
        self._cards = cards
        self._clock = clock
        self.channels: dict[ChannelId, Channel] = {}
        """Grows and changes while Herald runs: whoever sends looks here each time."""
        self.trouble: tuple[str, ...] = ()
        """Why some accounts cannot be used, in words."""
        self.are_open = False
        """This process sends, and keeps its accounts in step with config/."""
        self._opened: dict[ChannelId, Opened] = {}
        self._replaced: list[Channel] = []
        self._pictures: tuple[str, PreparedPictures] | None = None
        """The same for all accounts: each picture is made ready once, and one at a time."""

    def open(self, configuration: Configuration, settings: Settings) -> tuple[Channel, ...]:
        """Open the accounts that are new, or whose configuration or secrets changed; return them.

        The old ones finish what they are sending.
        """
        self.are_open = True
        opened, trouble = [], []
        for config in configuration.channels.values():
            secrets = _secrets(config, settings)
            if self._opened.get(config.id) == (config, secrets):
                continue
            try:
                channel = open_channel(
                    config,
                    secrets=secrets,
                    around=self._surroundings(config.id, settings),
                )
            except ConfigurationBroken as error:
                trouble.append(str(error))
                continue
            if config.id in self.channels:
                self._replaced.append(self.channels[config.id])
            self.channels[config.id] = channel
            self._opened[config.id] = (config, secrets)
            opened.append(channel)
        for why in sorted({*trouble} - {*self.trouble}):
            log.error("channel cannot be used: %s", why)
        self.trouble = tuple(trouble)
        return tuple(opened)

    def _surroundings(self, channel: ChannelId, settings: Settings) -> Surroundings:
        public_url = settings.web.public_url or ""
        if self._pictures is None or self._pictures[0] != public_url:
            made = PreparedPictures(self._media, clock=self._clock, public_url=public_url)
            self._pictures = (public_url, made)
        return Surroundings(
            folder=self._folder,
            media=self._media,
            pictures=self._pictures[1],
            clock=self._clock,
            cards=self._cards,
            contact=settings.contact,
            keep_secret=partial(self._keep_secret, channel),
        )

    async def _keep_secret(self, channel: ChannelId, name: str, value: str) -> None:
        """Keep what a network gave in place of an older secret; without it the old one serves."""
        try:
            await asyncio.to_thread(keep_secret, self._folder, channel, name, value)
        except OSError as error:
            log.error(
                "a renewed secret cannot be kept",
                extra={"channel": channel, "secret": name, "why": str(error)},
            )

    async def ask_for_limits(self, channels: Iterable[Channel]) -> None:
        """Ask each network for its limits and remember them; what is known holds until then."""
        stored = await self._store.capabilities()
        for channel in channels:
            limits = await _limits_of(channel)
            if limits is None and channel.id in stored:
                continue
            known = limits or known_capabilities(self._opened[channel.id][0], None)
            await self._store.save_capabilities(channel.id, channel.network, known)

    async def close(self) -> None:
        """Give back every connection."""
        for channel in (*self.channels.values(), *self._replaced):
            try:
                await channel.close()
            except Exception:  # of a network that others added, perhaps: the others are closed
                log.exception("channel broke while closing", extra={"channel": channel.id})


async def _limits_of(channel: Channel) -> Capabilities | None:
    """Return what a channel's network tells of its limits; None, and why in the log, if nothing."""
    try:
        return await channel.capabilities()
    except ChannelUnreachable as error:
        log.warning("channel did not tell its limits: %s", error)
    except Exception:  # of a network that others added, perhaps: the others go on
        log.exception("channel broke while telling its limits", extra={"channel": channel.id})
    return None


def lacking(configuration: Configuration, settings: Settings) -> tuple[str, ...]:
    """Say which accounts cannot sign in for want of a secret, without opening any.

    What is paused needs none yet.
    """
    return tuple(
        told
        for config in configuration.channels.values()
        if not config.paused and (told := missing_secrets(config, _secrets(config, settings)))
    )


def _secrets(config: ChannelConfig, settings: Settings) -> dict[str, str]:
    found = settings.secrets_of(config.id)
    return {name: value.get_secret_value() for name, value in found.items()}
