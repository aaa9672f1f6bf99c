"""Reads a channel on Slack: one message as it is now, or back to where a post must be."""

from __future__ import annotations

from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.slack import finding, wire
from herald.channels.slack.asking import Bot
from herald.channels.slack.blocks import read_text
from herald.channels.slack.wire import Stands
from herald.model.delivery import Absent, Action, CannotTell, Claim, Found, Sighting
from herald.ports import Clock


class Reader:
    """Reads one channel as a bot."""

    def __init__(self, bot: Bot, channel: str, *, clock: Clock) -> None:
        self._bot = bot
        self._channel = channel
        self._clock = clock

    async def search(self, claim: Claim, *, workspace: str) -> Sighting:
        """Tell whether a new post stands where it was to stand."""
        now = self._clock.now()
        first = claim.delivery.first_send_at or claim.delivery.due_at
        if first > now:
            # Only a clock that was set back since can cause this; nothing can be ruled out by time.
            return CannotTell("this machine's clock was set back since it was sent: look yourself")
        root = wire.root_of(claim.target)
        cursor, since = "", None
        for _ in range(finding.PAGES_MOST):
            answer = await self.page(root, cursor)
            page = finding.read_page(answer)
            if page is None or isinstance(answer, NoAnswer):
                return finding.cannot_tell(answer)
            if found := finding.find(page, claim.delivery.key, channel=self._channel, root=root):
                return Found(wire.receipt_of(found, workspace=workspace))
            since = since or finding.earliest(answer, first_send_at=first, now=now)
            # A thread is told from its beginning: only its last page ends the search.
            if not page.next or (not root and finding.reaches(page, since)):
                return Absent()
            cursor = page.next
        most = finding.PAGES_MOST * finding.A_PAGE
        return CannotTell(f"more than {most:,} messages since it was sent: look yourself")

    async def look_at(self, claim: Claim) -> Sighting:
        """Tell whether a post says what it was to say, or is gone as it was to be."""
        stands = wire.stands_at(claim.target.remote_id) if claim.target else None
        if claim.target is None or stands is None:
            return CannotTell("nothing says which post it was")
        answer, message = await self.message(stands)
        if message is None:
            return finding.cannot_tell(answer)
        if claim.delivery.action is Action.DELETE:
            return Absent() if message else Found(claim.target)
        if not message:
            return CannotTell("the post is no longer on Slack")
        says = read_text(message.get("blocks"))
        return Found(claim.target) if says == claim.payload.text else Absent()

    async def message(self, stands: Stands) -> tuple[Answer | NoAnswer, dict[str, Any] | None]:
        """Return one message as it is now; empty when it is gone, None when nobody can tell."""
        only = {"oldest": stands.ts, "latest": stands.ts, "inclusive": "true", "limit": "2"}
        if stands.root:
            answer = await self._bot.read(
                "conversations.replies", channel=stands.channel, ts=stands.root, **only
            )
        else:
            answer = await self._bot.read("conversations.history", channel=stands.channel, **only)
        if wire.is_gone(answer):
            return answer, {}
        page = finding.read_page(answer)
        if page is None:
            return answer, None
        found = (one for one in page.messages if one.get("ts") == stands.ts)
        message = next(found, {})
        # What has answers leaves its place when it is deleted.
        return answer, {} if message.get("subtype") == "tombstone" else message

    async def page(
        self, root: str = "", cursor: str = "", *, most: int = finding.A_PAGE
    ) -> Answer | NoAnswer:
        """Return messages of the channel, or of the thread that begins with *root*."""
        query = {
            "channel": self._channel,
            "limit": str(most),
            "include_all_metadata": "true",
            **({"cursor": cursor} if cursor else {}),
        }
        if root:
            return await self._bot.read("conversations.replies", ts=root, **query)
        return await self._bot.read("conversations.history", **query)
