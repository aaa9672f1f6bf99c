"""One receiver that publishes what Herald sends it."""

from __future__ import annotations

from dataclasses import replace

from herald.channels.answer import NoAnswer
from herald.channels.asking import ANSWER_SECONDS, Request, ask, hidden, user_agent
from herald.channels.network import Surroundings
from herald.channels.settings import read_settings
from herald.channels.signing import HOW_TO_MAKE_ONE, signed_headers, signing_key
from herald.channels.webhook.event import Shown, event_of
from herald.channels.webhook.settings import WebhookSettings
from herald.channels.webhook.wire import MOVED, outcome_of
from herald.data.networks import capabilities_of
from herald.errors import ConfigurationBroken, MediaMissing, PictureUnusable
from herald.model.account import Finding, Severity
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    Media,
    Outcome,
    Refused,
    RepeatSafe,
    Sighting,
)
from herald.model.network import Capabilities

INLINE_MOST = 1_000_000
"""Bytes of a picture that is sent within the call, where it has no public address: with all of a
post's pictures that stays below what web servers take."""

_REMEDY = "look at url in channels.yaml, and whether the receiver runs"


def open_webhook(config: ChannelConfig, *, secret: str, around: Surroundings) -> WebhookChannel:
    """Return the channel of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(WebhookSettings, config)
    if signing_key(secret.strip()) is None:
        variable = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__SECRET"
        raise ConfigurationBroken(f"channel {config.id}: {variable} {HOW_TO_MAKE_ONE}")
    return WebhookChannel(config, settings, secret=secret.strip(), around=around)


class WebhookChannel:
    """One receiver."""

    network = "webhook"

    def __init__(
        self,
        config: ChannelConfig,
        settings: WebhookSettings,
        *,
        secret: str,
        around: Surroundings,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.id = config.id
        self._settings = settings
        self._secret = secret
        self._key = signing_key(secret) or b""
        self._around = around
        self._seconds = seconds
        self._repeats = settings.repeats == "true"
        self._limits = _limits(settings)

    async def capabilities(self) -> Capabilities:
        """Return what the settings say that the receiver can do: it is not asked."""
        return self._limits

    async def send(self, claim: Claim) -> Outcome:
        """Make one signed call."""
        action = claim.delivery.action
        if action not in self._limits.actions:
            remedy = "write corrects: true if it can" if action is not Action.BOOST else ""
            told = f"this webhook's receiver is not known to {action} posts"
            return Refused(": ".join(part for part in (told, remedy) if part))
        pictures = await self._pictures(claim)
        if isinstance(pictures, Refused):
            return pictures
        body, now = event_of(claim, pictures), self._around.clock.now()
        key = claim.delivery.key
        request = Request(
            method="POST",
            address=self._settings.url,
            body=body,
            headers=signed_headers(self._key, name=key, body=body, now=now),
        )
        agent = user_agent(self._around.contact)
        answer = await ask(request, user_agent=agent, seconds=self._seconds)
        answer = hidden(answer, (self._secret, self._secret.removeprefix("whsec_")))
        return outcome_of(answer, key=key, now=self._around.clock.now(), repeats=self._repeats)

    async def look_up(self, claim: Claim) -> Sighting:
        """Tell that a repeat does no harm, where the receiver takes each id once."""
        if not self._repeats:
            return CannotTell("the receiver cannot be asked, and does not know a repeat")
        if claim.delivery.first_send_at is None:
            return CannotTell("the receiver cannot be asked")
        return RepeatSafe()

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whether the receiver's server answers: without a post nothing else can be told."""
        request = Request(method="GET", address=self._settings.url)
        agent = user_agent(self._around.contact)
        answer = await ask(request, user_agent=agent, seconds=self._seconds)
        if isinstance(answer, NoAnswer):
            return (Finding(severity=Severity.PROBLEM, what=answer.why, remedy=_REMEDY),)
        if answer.status in MOVED:
            what = f"the receiver has moved ({answer.status}), and no call follows"
            return (Finding(severity=Severity.PROBLEM, what=what, remedy=_REMEDY),)
        what = "its server answers; that it takes posts shows with the first one"
        return (Finding(severity=Severity.WELL, what=what),)

    async def close(self) -> None:
        """Nothing is kept open between two calls."""

    async def _pictures(self, claim: Claim) -> tuple[Shown, ...] | Refused:
        """Return the pictures as the receiver gets them; of what is deleted it needs none."""
        if claim.delivery.action is Action.DELETE:
            return ()
        shown = []
        for media in claim.payload.media:
            try:
                shown.append(await self._shown(media))
            except MediaMissing:
                told = f"the picture {media.file} is not kept: run herald plan, it reads it"
                return Refused(told)
            except PictureUnusable as error:
                return Refused(str(error))
        return tuple(shown)

    async def _shown(self, media: Media) -> Shown:
        if not media.sha256:
            return Shown(media=media)
        pictures = self._around.pictures
        picture = await pictures.picture(media, self._limits)
        if address := await pictures.address(picture):
            return Shown(media=media, picture=picture, address=address)
        small = replace(self._limits, media_bytes=INLINE_MOST, video_bytes=INLINE_MOST)
        return Shown(media=media, picture=await pictures.picture(media, small))


def _limits(settings: WebhookSettings) -> Capabilities:
    usual = capabilities_of(WebhookChannel.network)
    corrects = {Action.EDIT, Action.DELETE} if settings.corrects == "true" else set()
    return replace(
        usual,
        actions=usual.actions | corrects,
        threads=settings.threads == "true",
        repeat_within=usual.repeat_within if settings.repeats == "true" else None,
    )
