"""One channel on Slack, by an app's bot."""

from __future__ import annotations

from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.prepared import prepared
from herald.channels.slack import finding, wire
from herald.channels.slack.asking import Bot
from herald.channels.slack.blocks import beside, image, kept_images, rich_text
from herald.channels.slack.reading import Reader
from herald.channels.slack.uploads import Uploads
from herald.channels.slack.wire import Stands
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
    TryAgain,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Clock, Pictures

_SCOPES = (
    ("chat:write",),
    ("channels:history", "groups:history"),
    ("files:write",),
)
"""The permissions that a bot needs, alternatives together."""


class SlackBot:
    """One channel, in which an app's bot posts."""

    network = "slack"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        channel: str,
        bot: Bot,
        *,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self.id = id
        self._channel = channel
        self._bot = bot
        self._pictures = pictures
        self._uploads = Uploads(bot, clock=clock)
        self._reader = Reader(bot, channel, clock=clock)
        self._clock = clock
        self._limits = capabilities_of(self.network)
        self._workspace: str | None = None

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: it tells none of its own."""
        return self._limits

    async def send(self, claim: Claim) -> Outcome:
        """Make, edit or delete a post; one request alone changes what people see."""
        action, target = claim.delivery.action, claim.target
        if action not in self._limits.actions:
            return Refused(f"Herald cannot {action} a post on Slack")
        stands = wire.stands_at(target.remote_id) if target else None
        if target and stands is None:
            return Refused(f"{target.remote_id!r} is no post of the bot's on Slack")
        if action is Action.CREATE:
            return await self._create(claim)
        if target is None or stands is None:
            return Refused(f"nothing says which post to {action}")
        return await self._change(claim, target, stands)

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the channel, or the thread, back to the first send, for the mark of the post."""
        if claim.delivery.action in {Action.EDIT, Action.DELETE}:
            return await self._reader.look_at(claim)
        workspace = await self._found_workspace()
        if not isinstance(workspace, str):
            return CannotTell(getattr(workspace, "why", ""), not isinstance(workspace, Refused))
        return await self._reader.search(claim, workspace=workspace)

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose token it is, what it may do, and whether the bot is in the channel."""
        answer = await self._bot.read("auth.test")
        if not wire.is_done(answer) or isinstance(answer, NoAnswer):
            return (self._problem(answer, "Slack does not tell whose token it is"),)
        told = answer.read_object()
        what = f"the bot {told.get('user')} posts in the workspace {told.get('team')}"
        found = [Finding(severity=Severity.WELL, what=what)]
        given = {one.strip() for one in answer.headers.get("x-oauth-scopes", "").split(",")}
        for wanted in _SCOPES if any(given) else ():
            if not given & set(wanted):
                what = f"the app lacks the permission {wanted[0]}"
                remedy = "add it under OAuth & Permissions, then install the app again"
                found.append(Finding(severity=Severity.PROBLEM, what=what, remedy=remedy))
        answer = await self._reader.page(most=1)
        if finding.read_page(answer) is None:
            found.append(self._problem(answer, "the bot cannot read the channel"))
        return tuple(found)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _create(self, claim: Claim) -> Outcome:
        ready = await prepared(claim, self._pictures, self._limits)
        if isinstance(ready, Refused):
            return ready
        where = await self._found_workspace()
        if not isinstance(where, str):
            return where
        files = await self._uploads.uploaded(ready)
        if not isinstance(files, list):
            return files
        images = [
            image(file, alt=one.alt or one.name) for file, one in zip(files, ready, strict=True)
        ]
        body = self._said(claim, images) | {
            "channel": self._channel,
            "unfurl_links": True,
            "metadata": finding.mark(claim.delivery.key, claim.payload),
        }
        if root := wire.root_of(claim.target):
            body["thread_ts"] = root
        answer = await self._bot.change("chat.postMessage", body)
        if stands := wire.posted(answer, root=root):
            return Sent(wire.receipt_of(stands, workspace=where))
        if images and wire.is_unready_picture(answer):
            return TryAgain("Slack is still preparing a picture")
        return wire.outcome_of(answer, now=self._clock.now())

    def _said(self, claim: Claim, images: list[dict[str, Any]]) -> dict[str, Any]:
        text = claim.payload.text
        return {"text": beside(text), "blocks": [rich_text(text), *images]}

    async def _change(self, claim: Claim, target: Receipt, stands: Stands) -> Outcome:
        """Edit or delete a post; what is gone already counts as deleted."""
        deletes = claim.delivery.action is Action.DELETE
        if deletes:
            place = {"channel": stands.channel, "ts": stands.ts}
            answer: Answer | NoAnswer | Outcome = await self._bot.change("chat.delete", place)
        else:
            answer = await self._edit(claim, stands)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        if wire.is_done(answer) or (deletes and wire.is_gone(answer)):
            return Sent(target)
        return wire.outcome_of(answer, now=self._clock.now())

    async def _edit(self, claim: Claim, stands: Stands) -> Answer | NoAnswer | Outcome:
        """Replace the text of a post; its pictures, as they stand there, are said again."""
        answer, message = await self._reader.message(stands)
        if message is None:
            what = "the post cannot be read"
            return wire.trouble_before(answer, now=self._clock.now(), what=what)
        if not message:
            return Refused("the post is no longer on Slack")
        said = self._said(claim, kept_images(message.get("blocks")))
        place = {"channel": stands.channel, "ts": stands.ts}
        return await self._bot.change("chat.update", said | place)

    async def _found_workspace(self) -> str | Outcome:
        """Return the workspace's address, asked for once: addresses of posts begin with it."""
        if self._workspace is not None:
            return self._workspace
        answer = await self._bot.read("auth.test")
        if not wire.is_done(answer) or isinstance(answer, NoAnswer):
            what = "Slack does not tell whose token it is"
            return wire.trouble_before(answer, now=self._clock.now(), what=what)
        url = answer.read_object().get("url")
        is_url = isinstance(url, str) and url.startswith("https://")
        self._workspace = str(url).rstrip("/") if is_url else ""
        return self._workspace

    def _problem(self, answer: Answer | NoAnswer, what: str) -> Finding:
        outcome = wire.outcome_of(answer, now=self._clock.now())
        why = getattr(outcome, "why", "")
        remedy = "see docs/how-to/connect-slack.md"
        if not isinstance(outcome, Refused):
            remedy = "try again later"
        return Finding(severity=Severity.PROBLEM, what=f"{what}: {why}", remedy=remedy)
