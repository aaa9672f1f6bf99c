"""One channel or group on Telegram."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request, ask, hidden, multipart, user_agent
from herald.channels.network import Surroundings
from herald.channels.prepared import Prepared, prepared
from herald.channels.settings import read_settings
from herald.channels.telegram import examining, wire
from herald.channels.telegram.place import Stands, stands_at
from herald.channels.telegram.settings import TelegramSettings
from herald.data.networks import capabilities_of
from herald.errors import ConfigurationBroken
from herald.model.account import Finding
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    Outcome,
    Refused,
    RepeatSafe,
    Sighting,
    TryAgain,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Clock, Pictures

log = logging.getLogger(__name__)

READING_SECONDS = 15.0
ANSWER_SECONDS = 90.0
"""For a post: up to ten pictures go along with it."""
_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,100}")


def open_telegram(config: ChannelConfig, *, token: str, around: Surroundings) -> TelegramChannel:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(TelegramSettings, config)
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise ConfigurationBroken(
            f"channel {config.id}: the bot token is none: copy it again from @BotFather, "
            "it is a number, a colon and many letters"
        )
    return TelegramChannel(
        config.id,
        settings,
        token,
        user_agent=user_agent(around.contact),
        pictures=around.pictures,
        clock=around.clock,
    )


class TelegramChannel:
    """One channel or group."""

    network = "telegram"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: TelegramSettings,
        token: str,
        *,
        user_agent: str,
        pictures: Pictures,
        clock: Clock,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.id = id
        self._settings = settings
        self._token = token
        self._user_agent = user_agent
        self._pictures = pictures
        self._clock = clock
        self._seconds = seconds
        self._chat = settings.chat
        self._limits = capabilities_of(self.network)

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: it tells none of its own."""
        return self._limits

    async def send(self, claim: Claim) -> Outcome:
        """Make, edit or delete a post with one request."""
        action = claim.delivery.action
        if action not in self._limits.actions:
            return Refused(f"Herald cannot {action} a post on Telegram")
        stands = stands_at(claim.target.remote_id) if claim.target else None
        if claim.target and stands is None:
            return Refused(f"{claim.target.remote_id!r} is no post on Telegram")
        if action is Action.CREATE:
            return await self._create(claim, reply_to=stands)
        if claim.target is None or stands is None:
            return Refused(f"nothing says which post to {action}")
        call = wire.delete(stands)
        if action is Action.EDIT:
            call = wire.edit(claim.payload, stands)
        answer = await self._asked(call, seconds=self._seconds)
        return wire.outcome_of_change(answer, target=claim.target, now=self._clock.now())

    async def look_up(self, claim: Claim) -> Sighting:
        """Say that a bot cannot read what stands in its chat; an edit can be made again."""
        if claim.delivery.action in {Action.EDIT, Action.DELETE}:
            return RepeatSafe()
        where = self._settings.chat
        return CannotTell(f"Telegram lets no bot read back what it wrote: look into {where}")

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose token it is, which chat it posts in, and what it may do there."""
        answer = await self._asked(wire.Call(method="getMe"))
        bot = examining.result_of(answer)
        if not bot:
            return (examining.not_told(answer, about="whose token it is"),)
        answer = await self._asked(wire.Call(method="getChat", values={"chat_id": self._chat}))
        chat = examining.result_of(answer)
        if not chat:
            return (examining.not_told(answer, about="about the chat"),)
        found = examining.of_chat(bot, chat)
        values = {"chat_id": self._chat, "user_id": bot.get("id")}
        answer = await self._asked(wire.Call(method="getChatMember", values=values))
        member = examining.result_of(answer)
        if not member:
            return (*found, examining.not_told(answer, about="what the bot may do"))
        in_channel = chat.get("type") == "channel"
        return (*found, *examining.of_rights(member, in_channel=in_channel))

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _create(self, claim: Claim, *, reply_to: Stands | None) -> Outcome:
        ready = await prepared(claim, self._pictures, self._limits)
        if isinstance(ready, Refused):
            return ready
        call = wire.create(
            claim.payload,
            chat=self._chat,
            silent=self._settings.silent,
            reply_to=reply_to,
            kinds=["video" if one.picture.is_video else "photo" for one in ready],
        )
        answer = await self._asked(call, ready, seconds=self._seconds)
        if (chat := wire.moved_to(answer)) is not None:
            self._chat = str(chat)
            log.warning("the group has a new number", extra={"channel": self.id, "chat": chat})
            return TryAgain(
                f'the group became a supergroup: write chat: "{chat}" into channels.yaml', 400
            )
        return wire.outcome_of_create(answer, now=self._clock.now())

    async def _asked(
        self, call: wire.Call, files: Sequence[Prepared] = (), *, seconds: float = READING_SECONDS
    ) -> Answer | NoAnswer:
        body, kind = await _body(call, files)
        request = Request(
            method="POST",
            address=f"{self._settings.server}/bot{self._token}/{call.method}",
            body=body,
            kind=kind,
        )
        answer = await ask(request, user_agent=self._user_agent, seconds=seconds)
        return hidden(answer, [self._token])


async def _body(call: wire.Call, files: Sequence[Prepared]) -> tuple[bytes, str]:
    """Return the body of a call and its type: a form where pictures go along, else JSON."""
    if not files:
        return json.dumps(dict(call.values)).encode(), "application/json"
    fields = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in call.values.items()
    }
    named = (
        (name, one.name, one.picture.media_type, one.picture.content)
        for name, one in zip(call.files, files, strict=True)
    )
    return await multipart(fields, named)
