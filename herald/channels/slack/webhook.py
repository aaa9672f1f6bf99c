"""One channel on Slack, by an incoming webhook: it posts text, and that is all it can.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: no id comes back, so
that nothing can be corrected, answered or looked up, and no picture goes along.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from urllib.parse import urlsplit

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import ANSWER_SECONDS, Request, ask, hidden
from herald.channels.slack import wire
from herald.channels.slack.blocks import beside, rich_text
from herald.data.networks import capabilities_of
from herald.model.account import Finding, Severity
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities, Handle
from herald.ports import Clock

log = logging.getLogger(__name__)


def webhook_limits() -> Capabilities:
    """Return what a webhook can, which is less than a bot."""
    return replace(
        capabilities_of("slack"),
        actions=frozenset({Action.CREATE}),
        threads=False,
        media_most=0,
        handle=Handle.NOTHING,
    )


class SlackWebhook:
    """One incoming webhook."""

    network = "slack"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        address: str,
        *,
        user_agent: str,
        clock: Clock,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.id = id
        self._address = address
        self._user_agent = user_agent
        self._clock = clock
        self._seconds = seconds

    async def capabilities(self) -> Capabilities:
        """Return the limits of webhooks."""
        return webhook_limits()

    async def send(self, claim: Claim) -> Outcome:
        """Post the text with one request."""
        if claim.delivery.action is not Action.CREATE or claim.target is not None:
            return Refused("an incoming webhook of Slack's can only make new posts")
        if claim.payload.media:
            fields = {"key": claim.delivery.key, "pictures": len(claim.payload.media)}
            log.warning("pictures left out, a webhook takes none", extra=fields)
        text = claim.payload.text
        body = {"text": beside(text), "blocks": [rich_text(text)], "unfurl_links": True}
        request = Request(method="POST", address=self._address, body=json.dumps(body).encode())
        answer = await self._asked(request)
        if isinstance(answer, Answer) and answer.status == 200 and answer.body.strip() == b"ok":
            # Slack tells no id of it: it is known by Herald's own.
            return Sent(Receipt(remote_id=f"delivery/{claim.delivery.key}"))
        return wire.outcome_of(answer, now=self._clock.now())

    async def look_up(self, claim: Claim) -> Sighting:
        """Say that a webhook reads nothing."""
        del claim
        return CannotTell("an incoming webhook of Slack's cannot read its channel: look there")

    async def examine(self) -> tuple[Finding, ...]:
        """Say that a webhook can be tried by posting alone."""
        what = "an incoming webhook can be tried by posting alone; it posts text without pictures"
        remedy = "use a bot (docs/how-to/connect-slack.md) for pictures and corrections"
        return (Finding(severity=Severity.ADVICE, what=what, remedy=remedy),)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _asked(self, request: Request) -> Answer | NoAnswer:
        answer = await ask(request, user_agent=self._user_agent, seconds=self._seconds)
        return hidden(answer, [self._address, urlsplit(self._address).path])
