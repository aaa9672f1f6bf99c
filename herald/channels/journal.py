"""The network that only writes down: every post is a line in ``var/journal/ID.jsonl``.

For trying a campaign out, for tests, and for whoever publishes by other means. It keeps every
promise of a real network: what was written is found by its key, also after a crash.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from pydantic import Field, field_validator

from herald.channels.journal_file import JournalFile, JournalLine, JournalTorn, journal_path
from herald.channels.network import Network
from herald.channels.settings import NetworkSettings, did_you_mean, read_settings
from herald.data.networks import capabilities_of, network_facts
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Sent,
    Sighting,
    TryAgain,
    Unclear,
)
from herald.model.network import Capabilities
from herald.ports import Clock

_AT_ONCE = 8
"""Lines that may be on their way to the disk together; the lock puts them in a row."""


class JournalSettings(NetworkSettings):
    """The settings of a journal channel."""

    like: str = Field("", description="the network by whose limits it counts, such as mastodon")

    @field_validator("like")
    @classmethod
    def _is_known(cls, like: str) -> str:
        known = network_facts()
        if like and like not in known:
            hint = did_you_mean(like, known) or f"Herald knows {', '.join(sorted(known))}"
            raise ValueError(f"Herald has no limits of a network {like!r} ({hint})")
        return like


def open_journal(config: ChannelConfig, *, folder: Path, clock: Clock) -> JournalChannel:
    """Return the journal channel of *config*; raise ConfigurationBroken if that is unsound."""
    settings = read_settings(JournalSettings, config)
    return JournalChannel(config, settings, folder=folder, clock=clock)


def journal_capabilities(like: str = "") -> Capabilities:
    """Return a journal's habits with the limits of the network that it is *like*."""
    limits = capabilities_of(like or JournalChannel.network)
    return replace(
        capabilities_of(JournalChannel.network),
        count=limits.count,
        limit=limits.limit,
        bytes_most=limits.bytes_most,
        limit_with_media=limits.limit_with_media,
        languages_most=limits.languages_most,
        url_length=limits.url_length,
        media_most=limits.media_most,
        media_types=limits.media_types,
        media_bytes=limits.media_bytes,
        video_types=limits.video_types,
        video_bytes=limits.video_bytes,
        alt_limit=limits.alt_limit,
        threads=limits.threads or not like,
        actions=limits.actions if like else frozenset(Action),
        concurrent=_AT_ONCE,
    )


class JournalChannel:
    """One journal."""

    network = "journal"

    def __init__(
        self, config: ChannelConfig, settings: JournalSettings, *, folder: Path, clock: Clock
    ) -> None:
        self.id = config.id
        self._settings = settings
        self._clock = clock
        self._file = JournalFile(journal_path(folder, config.id))

    async def capabilities(self) -> Capabilities:
        """Return a journal's habits with the limits of the network it is like."""
        return journal_capabilities(self._settings.like)

    async def send(self, claim: Claim) -> Outcome:
        """Append one line, forced to the disk; what is there already is not written again."""
        line = _line_of(claim, self._clock)
        try:
            await asyncio.to_thread(self._file.append, line)
        except JournalTorn as error:
            return Unclear(f"the journal may hold it: {error}")
        except OSError as error:
            return TryAgain(f"the journal cannot be written: {error}")
        return Sent(Receipt(remote_id=line.key))

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the journal."""
        key = claim.delivery.key
        try:
            found = await asyncio.to_thread(self._file.holds, key)
        except OSError as error:
            return CannotTell(f"the journal cannot be read: {error}", again=True)
        return Found(Receipt(remote_id=key)) if found else Absent()

    async def close(self) -> None:
        """Do nothing: the file is closed after every line."""


def _line_of(claim: Claim, clock: Clock) -> JournalLine:
    delivery, payload = claim.delivery, claim.payload
    return JournalLine(
        key=delivery.key,
        sent_at=clock.now(),
        campaign=delivery.campaign,
        item=delivery.item,
        occasion=delivery.occasion,
        partner=delivery.partner,
        channel=delivery.channel,
        language=payload.language,
        text=payload.text,
        link=payload.link,
        media=payload.media,
        action=delivery.action,
        target=delivery.target or "",
    )


NETWORK = Network(
    name="journal",
    settings=JournalSettings,
    open=lambda config, secrets, around: open_journal(
        config, folder=around.folder, clock=around.clock
    ),
)
