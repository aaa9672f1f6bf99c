"""One channel on Discord, by its webhook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from herald import __version__
from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request, ask, hidden, multipart, user_agent
from herald.channels.discord import wire
from herald.channels.discord.settings import DiscordSettings
from herald.channels.network import Surroundings
from herald.channels.prepared import Prepared, prepared
from herald.channels.settings import read_settings
from herald.composing.escaping import discord
from herald.data.networks import capabilities_of
from herald.errors import ConfigurationBroken
from herald.model.account import Finding, Severity
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Refused,
    Sighting,
    Throttled,
    TryAgain,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Clock, Pictures

READING_SECONDS = 15.0
ANSWER_SECONDS = 90.0
"""For a post: up to ten pictures go along with it."""


def open_discord(
    config: ChannelConfig, *, webhook_url: str, around: Surroundings
) -> DiscordChannel:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(DiscordSettings, config)
    try:
        hook = wire.read_hook(webhook_url)
    except ValueError as error:
        raise ConfigurationBroken(f"channel {config.id}: webhook_url: {error}") from None
    # The form that Discord asks of every program.
    who = f"DiscordBot ({around.contact or 'Herald'}, {__version__}) {user_agent(around.contact)}"
    return DiscordChannel(
        config.id,
        settings,
        hook,
        user_agent="".join(c for c in who if c.isascii() and c.isprintable()),
        pictures=around.pictures,
        clock=around.clock,
    )


class DiscordChannel:
    """One webhook."""

    network = "discord"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: DiscordSettings,
        hook: wire.Hook,
        *,
        user_agent: str,
        pictures: Pictures,
        clock: Clock,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.id = id
        self._thread = settings.thread
        self._hook = hook
        self._user_agent = user_agent
        self._pictures = pictures
        self._clock = clock
        self._seconds = seconds
        self._limits = capabilities_of(self.network)
        self._where: wire.Where | None = None

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: it tells none of its own."""
        return self._limits

    async def send(self, claim: Claim) -> Outcome:
        """Make, edit or delete a post with one request."""
        action, target = claim.delivery.action, claim.target
        if action not in self._limits.actions:
            return Refused(f"Herald cannot {action} a post on Discord")
        if action is Action.CREATE:
            if target is not None:
                return Refused("a webhook of Discord's cannot answer a post")
            return await self._create(claim)
        if target is None:
            return Refused(f"nothing says which post to {action}")
        method = "DELETE" if action is Action.DELETE else "PATCH"
        request = wire.message(self._hook, target.remote_id, method=method, thread=self._thread)
        now = self._clock.now
        if action is Action.DELETE:
            answer = await self._asked(request)
            return wire.outcome_of_delete(answer, target=target, now=now())
        answer = await self._asked(replace(request, body=wire.edit(claim.payload)))
        return wire.outcome_of_change(answer, target=target, now=now())

    async def look_up(self, claim: Claim) -> Sighting:
        """Look at a post that was to be edited or deleted; a new one cannot be searched for."""
        target = claim.target
        if claim.delivery.action is Action.CREATE or target is None:
            return CannotTell("Discord lets a webhook not read its channel: look there yourself")
        request = wire.message(self._hook, target.remote_id, method="GET", thread=self._thread)
        answer = await self._asked(request)
        deletes = claim.delivery.action is Action.DELETE
        if wire.is_gone(answer):
            return Found(target) if deletes else CannotTell("the post is no longer on Discord")
        if isinstance(answer, NoAnswer):
            return CannotTell(f"the post cannot be read: {answer.why}", again=True)
        content = answer.read_object().get("content") if answer.is_good else None
        if not isinstance(content, str):
            again = answer.is_good or answer.status == 429 or answer.status >= 500
            return CannotTell(f"the post cannot be read ({answer.status})", again)
        says_it = content.strip() == discord(claim.payload.text).strip()
        return Found(target) if says_it and not deletes else Absent()

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whether the webhook is there, and what it is called."""
        answer = await self._asked(wire.about(self._hook))
        where = wire.read_where(answer)
        if where is not None:
            what = f'the webhook "{where.name}" is in order: under this name its posts appear'
            return (Finding(severity=Severity.WELL, what=what),)
        if isinstance(answer, NoAnswer):
            why, remedy = answer.why, "try again later"
        else:
            outcome = wire.trouble(answer, now=self._clock.now())
            why = getattr(outcome, "why", "")
            remedy = "copy the webhook's address into .env, or make a new webhook"
            if not isinstance(outcome, Refused):
                remedy = "try again later"
        what = f"Discord does not tell about the webhook: {why}"
        return (Finding(severity=Severity.PROBLEM, what=what, remedy=remedy),)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _create(self, claim: Claim) -> Outcome:
        ready = await prepared(claim, self._pictures, self._limits)
        if isinstance(ready, Refused):
            return ready
        if self._where is None and (hindrance := await self._found_where()):
            return hindrance
        body, kind = await _form(wire.create(claim.payload, ready), ready)
        request = Request(
            method="POST",
            address=self._hook.address,
            # Without it the answer says nothing, not even that there is no post.
            query={"wait": "true", **wire.in_thread(self._thread)},
            body=body,
            kind=kind,
        )
        answer = await self._asked(request, seconds=self._seconds)
        return wire.outcome_of_create(
            answer, where=self._where, thread=self._thread, now=self._clock.now()
        )

    async def _found_where(self) -> Outcome | None:
        """Ask once where the webhook posts, for the addresses of posts; return what forbids one.

        A webhook that does not tell it may still post.
        """
        answer = await self._asked(wire.about(self._hook))
        self._where = wire.read_where(answer)
        if self._where is not None:
            return None
        if isinstance(answer, NoAnswer):
            return None if answer.reached else TryAgain(answer.why)
        outcome = wire.trouble(answer, now=self._clock.now())
        return outcome if isinstance(outcome, Refused | Throttled) else None

    async def _asked(
        self, request: Request, *, seconds: float = READING_SECONDS
    ) -> Answer | NoAnswer:
        answer = await ask(request, user_agent=self._user_agent, seconds=seconds)
        return hidden(answer, [self._hook.address, self._hook.secret])


async def _form(body: dict[str, object], files: Sequence[Prepared]) -> tuple[bytes, str]:
    """Return the body of a post and its type: a form where pictures go along, else JSON."""
    said = json.dumps(body)
    if not files:
        return said.encode(), "application/json"
    named = (
        (f"files[{nth}]", one.name, one.picture.media_type, one.picture.content)
        for nth, one in enumerate(files)
    )
    return await multipart({"payload_json": said}, named)
