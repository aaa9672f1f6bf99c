"""One service that Apprise reaches."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from herald.channels.apprise.service import (
    NotInstalled,
    Service,
    UnknownAddress,
    in_thread,
    open_service,
)
from herald.channels.apprise.settings import AppriseSettings
from herald.channels.settings import read_settings
from herald.data.networks import capabilities_of
from herald.errors import ConfigurationBroken
from herald.model.account import Finding, Severity
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
    Unclear,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities

ANSWER_SECONDS = 60.0
"""For all that Apprise does for a post."""


def open_apprise(config: ChannelConfig, *, url: str) -> AppriseChannel:
    """Return the channel of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(AppriseSettings, config)
    try:
        service = open_service(url.strip())
    except NotInstalled as error:
        told = f"channel {config.id}: Apprise is not installed"
        raise ConfigurationBroken(f'{told}: pip install "herald-heritage[apprise]"') from error
    except UnknownAddress as error:
        variable = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__URL"
        told = f"channel {config.id}: Apprise does not understand the address in {variable}"
        raise ConfigurationBroken(
            f"{told}: compare it with Apprise's page on the service"
        ) from error
    return AppriseChannel(config.id, settings, service)


class AppriseChannel:
    """One service."""

    network = "apprise"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: AppriseSettings,
        service: Service,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.id = id
        self._service = service
        self._titled = settings.title == "true" and service.has_title
        self._seconds = seconds

    async def capabilities(self) -> Capabilities:
        """Return Apprise's habits, with the length that it knows of the service."""
        return replace(capabilities_of(self.network), limit=self._service.length)

    async def send(self, claim: Claim) -> Outcome:
        """Let Apprise publish once; whatever is no yes may be there all the same."""
        delivery, payload = claim.delivery, claim.payload
        if delivery.action is not Action.CREATE:
            return Refused(f"Apprise cannot {delivery.action} a post")
        title = payload.title if self._titled else ""
        name = f"apprise {self.id}"
        try:
            async with asyncio.timeout(self._seconds):
                said = await in_thread(
                    lambda: self._service.publish(payload.text, title), name=name
                )
        except TimeoutError:
            return Unclear(f"{self._service.name} took longer than {self._seconds:g} seconds")
        if said is None:
            return Sent(Receipt(remote_id=delivery.key))
        told = f"Apprise could not confirm that {self._service.name} took it"
        return Unclear(f"{told}: {said}" if said else told)

    async def look_up(self, claim: Claim) -> Sighting:
        """Say that there is no way to look."""
        return CannotTell(f"{self._service.name} cannot be asked through Apprise")

    async def examine(self) -> tuple[Finding, ...]:
        """Tell what the address leads to: Apprise can ask nothing without posting."""
        what = f"it leads to {self._service.name}; that it is right shows with the first post"
        return (Finding(severity=Severity.WELL, what=what),)

    async def close(self) -> None:
        """Nothing is kept open between two posts."""
