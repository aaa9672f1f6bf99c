"""Answers, changes and deletes what stands in a room, and reads what was said there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import BODY_MOST, Request
from herald.channels.matrix import finding, wire
from herald.channels.matrix.answered import WANTED, Message, read_page, reply_of, sender_of
from herald.channels.matrix.event import Uploaded, content_of, transaction_id
from herald.channels.matrix.relations import (
    answering,
    editing,
    edits_in,
    is_gone,
    is_there,
    read_edits,
    read_event,
    redact,
)
from herald.errors import ChannelUnreachable
from herald.model.account import Reply
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Refused,
    RepeatSafe,
    Sent,
    Sighting,
)


class Ask(Protocol):
    """Carries one request as Herald's user."""

    async def __call__(
        self, request: Request, *, seconds: float | None = None, most: int = BODY_MOST
    ) -> Answer | NoAnswer:
        """Return the answer; *seconds* is as for a question where it is None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room as Herald's user asks and tells it."""

    server: str
    id: str
    via: str
    """A server that knows the room."""
    ask: Ask

    async def trouble_with_target(self, claim: Claim, *, now: datetime) -> Outcome | None:
        """Return why what is to be answered or changed cannot be; None where it is there."""
        if claim.target is None:
            editing = claim.delivery.action is Action.EDIT
            return Refused("nobody says which post is to be changed") if editing else None
        answer = await self.ask(read_event(self.server, self.id, claim.target.remote_id))
        if is_there(answer):
            return None
        if is_gone(answer):
            return Refused("the post that this one is about is gone")
        what = "the post that this one is about could not be read"
        return wire.trouble_before(answer, now=now, what=what)

    async def delete(self, claim: Claim, *, seconds: float, now: datetime) -> Outcome:
        """Empty the edits of an event, which hold its text as well, and then the event."""
        if claim.target is None:
            return Refused("nobody says which post is to be deleted")
        event, transaction = claim.target.remote_id, transaction_id(claim.delivery.key)
        if trouble := await self._delete_edits(event, transaction, now=now):
            return trouble
        request = redact(self.server, self.id, event, transaction=transaction)
        answer = await self.ask(request, seconds=seconds)
        if is_gone(answer):
            return Sent(claim.target)
        if isinstance(answer, Answer) and wire.code_of(answer) == "M_FORBIDDEN":
            return Refused("the user may not delete this message", answer.status)
        outcome = wire.outcome_of(answer, room=self.id, via=self.via, now=now)
        return Sent(claim.target) if isinstance(outcome, Sent) else outcome

    async def _delete_edits(self, event: str, transaction: str, *, now: datetime) -> Outcome | None:
        answer = await self.ask(read_edits(self.server, self.id, event))
        edits = () if is_gone(answer) else edits_in(answer)
        if edits is None:
            what = "the changes of the post could not be read"
            return wire.trouble_before(answer, now=now, what=what)
        for edit in edits:
            own = f"{transaction}-{edit}"
            answer = await self.ask(redact(self.server, self.id, edit, transaction=own))
            if isinstance(answer, NoAnswer) or not (answer.is_good or is_gone(answer)):
                what = "a change of the post could not be deleted"
                return wire.trouble_before(answer, now=now, what=what)
        return None

    async def look_for_deletion(self, claim: Claim) -> Sighting:
        """Tell whether an event is empty or not there; one that is there may be emptied again."""
        if claim.target is None:
            return CannotTell("nobody says which post was to be deleted")
        answer = await self.ask(read_event(self.server, self.id, claim.target.remote_id))
        if is_gone(answer):
            return Found(claim.target)
        return Absent() if is_there(answer) else finding.cannot_tell(answer)

    async def replies(self, *, user: str, since: datetime) -> tuple[Reply, ...]:
        """Return what others wrote to *user*, in answer or by its name, the oldest first.

        Raises ChannelUnreachable when the server does not show the room.
        """
        said = await self._said_since(since, user=user)
        own = {one.id: one.sender == user for one in said}
        found = []
        for one in said:
            if one.answers and one.answers not in own:
                answer = await self.ask(read_event(self.server, self.id, one.answers))
                own[one.answers] = isinstance(answer, Answer) and sender_of(answer) == user
            to_own = own.get(one.answers, False)
            if one.sender != user and one.at >= since and (one.mentions or to_own):
                found.append(reply_of(one, room=self.id, via=self.via, to_own=to_own))
        return tuple(sorted(found, key=lambda reply: (reply.at, reply.id)))

    async def _said_since(self, since: datetime, *, user: str) -> tuple[Message, ...]:
        said: list[Message] = []
        start = ""
        for _ in range(finding.PAGES_MOST):
            request = wire.page_of(
                self.server, self.id, wanted=WANTED, start=start, most=finding.A_PAGE
            )
            answer = await self.ask(request, most=finding.PAGE_BYTES_MOST)
            page = read_page(answer, user=user) if isinstance(answer, Answer) else None
            if page is None:
                raise ChannelUnreachable(f"{self.server} does not tell what was said in the room")
            said += page.messages
            is_last = not page.next or page.next == start
            if is_last or (page.messages and page.messages[-1].at < since):
                break
            start = page.next
        return tuple(said)


def content_for(claim: Claim, picture: Uploaded | None) -> dict[str, Any]:
    """Return the content of the event that makes, answers or changes a post."""
    key, target = claim.delivery.key, claim.target.remote_id if claim.target else ""
    if claim.delivery.action is Action.EDIT:
        content = content_of(claim.payload, key=key, picture=picture)
        return editing(content, target=target, key=key, original=claim.delivery.target)
    root = claim.root.remote_id if claim.root else ""
    relation = answering(target, root=root) if target else None
    return content_of(claim.payload, key=key, picture=picture, relation=relation)


def sighting_of_edit(claim: Claim, sighting: Sighting) -> Sighting:
    """Return what was seen of an edit; a doubt that stays is none, as a repeat changes nothing."""
    match sighting:
        case Found() if claim.target:
            return Found(claim.target)
        case CannotTell(again=False):
            return RepeatSafe()
    return sighting
