"""One room on Matrix, as one user."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import BODY_MOST, Request, ask, hidden, user_agent
from herald.channels.findings import problem
from herald.channels.matrix import finding, wire
from herald.channels.matrix.answered import WANTED, Message, read_page, reply_of, sender_of
from herald.channels.matrix.event import (
    Uploaded,
    content_of,
    file_name,
    is_too_large,
    spelled,
    transaction_id,
)
from herald.channels.matrix.examining import (
    profile_findings,
    profile_of,
    room_findings,
    state_of,
    token_findings,
)
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
from herald.channels.matrix.settings import MatrixSettings
from herald.channels.settings import read_settings, sound_secret
from herald.data.networks import capabilities_of
from herald.errors import ChannelUnreachable, MediaMissing, PictureUnusable
from herald.model.account import Finding, Reply
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Media,
    Outcome,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sent,
    Sighting,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Clock, Pictures

log = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0
"""For the answer to a post."""
READING_SECONDS = 15.0
"""For one answer to a question."""
UPLOAD_SECONDS = 45.0
_REMEMBERED_MOST = 200


def open_matrix(
    config: ChannelConfig, *, token: str, pictures: Pictures, clock: Clock, contact: str = ""
) -> MatrixChannel:
    """Return the room of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(MatrixSettings, config)
    token = sound_secret(config, token, what="access token")
    return MatrixChannel(
        config.id, settings, token, user_agent=user_agent(contact), pictures=pictures, clock=clock
    )


class MatrixChannel:
    """One room."""

    network = "matrix"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: MatrixSettings,
        token: str,
        *,
        user_agent: str,
        pictures: Pictures,
        clock: Clock,
        answer_seconds: float = ANSWER_SECONDS,
        reading_seconds: float = READING_SECONDS,
    ) -> None:
        self.id = id
        self._server = settings.server
        self._address = settings.room
        self._via = settings.room.partition(":")[2]
        self._token = token
        self._user_agent = user_agent
        self._pictures = pictures
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._reading_seconds = reading_seconds
        self._limits = capabilities_of(self.network)
        self._room = "" if settings.room.startswith("#") else settings.room
        self._uploaded: OrderedDict[str, str] = OrderedDict()
        """Where a picture is on the server, by the SHA-256 of its original."""

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: no server tells any of its own for texts."""
        return replace(self._limits, host=self._server.partition("//")[2])

    async def send(self, claim: Claim) -> Outcome:
        """Look at the room, upload the picture, then put the post there with one request.

        An edit is put there in the same way; a deletion empties what is there.
        """
        if claim.delivery.action not in self._limits.actions:
            return Refused(f"there is no {claim.delivery.action} on Matrix")
        room = await self._open_room()
        if not isinstance(room, str):
            return room
        if claim.delivery.action is Action.DELETE:
            return await self._delete(claim, room)
        return await self._trouble_with_target(claim, room) or await self._put(claim, room)

    async def _put(self, claim: Claim, room: str) -> Outcome:
        picture = await self._picture(claim)
        if not isinstance(picture, Uploaded | None):
            return picture
        content = _content(claim, picture)
        if is_too_large(content):
            return Refused("the post is too long for one message: shorten it")
        address = wire.event_address(self._server, room, transaction_id(claim.delivery.key))
        request = Request(method="PUT", address=address, body=spelled(content))
        answer = await self._ask(request, seconds=self._answer_seconds)
        outcome = wire.outcome_of(answer, room=room, via=self._via, now=self._clock.now())
        edited = claim.target if claim.delivery.action is Action.EDIT else None
        return Sent(edited) if edited and isinstance(outcome, Sent) else outcome

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the room back to the first send, for the mark that the post would bear."""
        now = self._clock.now()
        if (claim.delivery.first_send_at or claim.delivery.due_at) > now:
            # Only a clock that was set back since can cause this; nothing can be ruled out by time.
            return CannotTell("this machine's clock was set back since it was sent: look yourself")
        room = await self._resolved()
        if not isinstance(room, str):
            why = "" if isinstance(room, Sent) else room.why
            return CannotTell(why, again=not isinstance(room, Refused))
        who = await self._ask(wire.who_am_i(self._server))
        user = finding.read_user(who)
        if not user or isinstance(who, NoAnswer):
            return finding.cannot_tell(who)
        if claim.delivery.action is Action.DELETE:
            return await self._look_for_deletion(claim)
        sought = finding.sought_by(claim, room=room, via=self._via, user=user, answer=who, now=now)
        sighting = await self._search(sought)
        return _of_edit(claim, sighting) if claim.delivery.action is Action.EDIT else sighting

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose token it is, and whether its user may write in the room."""
        who = await self._ask(wire.who_am_i(self._server))
        user = finding.read_user(who)
        found = token_findings(who, user, now=self._clock.now())
        if not user:
            return found
        room = await self._resolved()
        if not isinstance(room, str):
            why = "" if isinstance(room, Sent) else room.why
            return (*found, problem(why, "look at room in channels.yaml"))
        member = state_of(self._server, room, "m.room.member", user)
        in_room = room_findings(
            user=user,
            encryption=await self._ask(wire.encryption(self._server, room)),
            member=await self._ask(member),
            levels=await self._ask(state_of(self._server, room, "m.room.power_levels")),
        )
        profile = await self._ask(profile_of(self._server, user))
        return (*found, *in_room, *profile_findings(profile))

    async def replies(self, *, since: datetime) -> tuple[Reply, ...]:
        """Return what others in the room wrote to Herald's user, in answer or by its name."""
        room = await self._resolved()
        user = finding.read_user(await self._ask(wire.who_am_i(self._server)))
        if not isinstance(room, str) or not user:
            raise ChannelUnreachable(f"{self._server} does not tell what was said in the room")
        said = await self._said_since(since, room=room, user=user)
        own = {one.id: one.sender == user for one in said}
        found = []
        for one in said:
            if one.answers and one.answers not in own:
                answer = await self._ask(read_event(self._server, room, one.answers))
                own[one.answers] = isinstance(answer, Answer) and sender_of(answer) == user
            to_own = own.get(one.answers, False)
            if one.sender != user and one.at >= since and (one.mentions or to_own):
                found.append(reply_of(one, room=room, via=self._via, to_own=to_own))
        return tuple(sorted(found, key=lambda reply: (reply.at, reply.id)))

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _said_since(self, since: datetime, *, room: str, user: str) -> tuple[Message, ...]:
        said: list[Message] = []
        start = ""
        for _ in range(finding.PAGES_MOST):
            request = wire.page_of(
                self._server, room, wanted=WANTED, start=start, most=finding.A_PAGE
            )
            answer = await self._ask(request, most=finding.PAGE_BYTES_MOST)
            page = read_page(answer, user=user) if isinstance(answer, Answer) else None
            if page is None:
                raise ChannelUnreachable(f"{self._server} does not tell what was said in the room")
            said += page.messages
            is_last = not page.next or page.next == start
            if is_last or (page.messages and page.messages[-1].at < since):
                break
            start = page.next
        return tuple(said)

    async def _trouble_with_target(self, claim: Claim, room: str) -> Outcome | None:
        """Return why what is to be answered or changed cannot be; None where it is there."""
        if claim.target is None:
            editing = claim.delivery.action is Action.EDIT
            return Refused("nobody says which post is to be changed") if editing else None
        answer = await self._ask(read_event(self._server, room, claim.target.remote_id))
        if is_there(answer):
            return None
        if is_gone(answer):
            return Refused("the post that this one is about is gone")
        what = "the post that this one is about could not be read"
        return wire.trouble_before(answer, now=self._clock.now(), what=what)

    async def _delete(self, claim: Claim, room: str) -> Outcome:
        """Empty the edits of an event, which hold its text as well, and then the event."""
        if claim.target is None:
            return Refused("nobody says which post is to be deleted")
        event, transaction = claim.target.remote_id, transaction_id(claim.delivery.key)
        answer = await self._ask(read_edits(self._server, room, event))
        edits = () if is_gone(answer) else edits_in(answer)
        if edits is None:
            what = "the changes of the post could not be read"
            return wire.trouble_before(answer, now=self._clock.now(), what=what)
        for edit in edits:
            own = f"{transaction}-{edit}"
            answer = await self._ask(redact(self._server, room, edit, transaction=own))
            if isinstance(answer, NoAnswer) or not (answer.is_good or is_gone(answer)):
                what = "a change of the post could not be deleted"
                return wire.trouble_before(answer, now=self._clock.now(), what=what)
        request = redact(self._server, room, event, transaction=transaction)
        answer = await self._ask(request, seconds=self._answer_seconds)
        if is_gone(answer):
            return Sent(claim.target)
        if isinstance(answer, Answer) and wire.code_of(answer) == "M_FORBIDDEN":
            return Refused("the user may not delete this message", answer.status)
        outcome = wire.outcome_of(answer, room=room, via=self._via, now=self._clock.now())
        return Sent(claim.target) if isinstance(outcome, Sent) else outcome

    async def _look_for_deletion(self, claim: Claim) -> Sighting:
        # A server shows nothing of a room to who is not in it, which must not pass for deleted.
        room = await self._open_room()
        if not isinstance(room, str):
            why = "" if isinstance(room, Sent) else room.why
            return CannotTell(why, again=not isinstance(room, Refused))
        if claim.target is None:
            return CannotTell("nobody says which post was to be deleted")
        answer = await self._ask(read_event(self._server, room, claim.target.remote_id))
        if is_gone(answer):
            return Found(claim.target)
        return Absent() if is_there(answer) else finding.cannot_tell(answer)

    async def _search(self, sought: finding.Sought) -> Sighting:
        search, start = finding.Search(sought), ""
        for _ in range(finding.PAGES_MOST):
            request = wire.page_of(
                self._server, sought.room, wanted=finding.WANTED, start=start, most=finding.A_PAGE
            )
            answer = await self._ask(request, most=finding.PAGE_BYTES_MOST)
            page = finding.read_page(answer)
            if page is None:
                return finding.cannot_tell(answer)
            if sighting := search.add(page):
                return sighting
            start = page.next
        most = finding.PAGES_MOST * finding.A_PAGE
        return CannotTell(f"more than {most:,} messages since it was sent: look yourself")

    async def _open_room(self) -> str | Outcome:
        """Return the room's id if what Herald writes there can be read there."""
        room = await self._resolved()
        if not isinstance(room, str):
            return room
        answer = await self._ask(wire.encryption(self._server, room))
        if wire.is_unencrypted(answer):
            return room
        if isinstance(answer, Answer) and answer.is_good and answer.read_object():
            why = "the room is encrypted, and Herald cannot encrypt: make a room without encryption"
            return Refused(why, answer.status, RefusedScope.CHANNEL)
        what = "the room cannot be looked at"
        return wire.trouble_before(answer, now=self._clock.now(), what=what)

    async def _resolved(self) -> str | Outcome:
        """Return the room's id; an address such as ``#museum:example.org`` is asked for once."""
        if self._room:
            return self._room
        answer = await self._ask(wire.resolve(self._server, self._address))
        if isinstance(answer, Answer) and answer.is_good:
            found = answer.read_object().get("room_id")
            if isinstance(found, str) and found.startswith("!"):
                self._room = found
                return found
        if isinstance(answer, Answer) and wire.code_of(answer) == "M_NOT_FOUND":
            why = f"no room has the address {self._address}: check room in channels.yaml"
            return Refused(why, answer.status, RefusedScope.CHANNEL)
        what = f"the room {self._address} was not found"
        return wire.trouble_before(answer, now=self._clock.now(), what=what)

    async def _picture(self, claim: Claim) -> Uploaded | Outcome | None:
        """Return the post's picture on the server, or why there is no post: nothing was made."""
        kept = [media for media in claim.payload.media if media.sha256]
        if left_out := len(claim.payload.media) - len(kept[:1]):
            fields = {"key": claim.delivery.key, "pictures": left_out}
            log.warning("pictures left out, only one whose bytes are kept is sent", extra=fields)
        return await self._upload(kept[0]) if kept else None

    async def _upload(self, media: Media) -> Uploaded | Outcome:
        try:
            picture = await self._pictures.picture(media, self._limits)
        except PictureUnusable as error:
            return Refused(str(error))
        except MediaMissing:
            return Refused(f"the picture {media.file} is not kept: run herald plan, it reads it")
        if media.sha256 not in self._uploaded:
            request = wire.upload(
                self._server,
                picture.content,
                kind=picture.media_type,
                name=file_name(media, picture),
            )
            answer = await self._ask(request, seconds=UPLOAD_SECONDS)
            told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
            uri = told.get("content_uri")
            if not isinstance(uri, str) or not uri.startswith("mxc://"):
                what = f"the picture {media.file} could not be uploaded"
                return wire.trouble_before(answer, now=self._clock.now(), what=what)
            self._remember(media.sha256, uri)
        return Uploaded(uri=self._uploaded[media.sha256], picture=picture, media=media)

    def _remember(self, sha256: str, uri: str) -> None:
        self._uploaded[sha256] = uri
        while len(self._uploaded) > _REMEMBERED_MOST:
            self._uploaded.popitem(last=False)

    async def _ask(
        self, request: Request, *, seconds: float | None = None, most: int = BODY_MOST
    ) -> Answer | NoAnswer:
        answer = await ask(
            request,
            user_agent=self._user_agent,
            token=self._token,
            seconds=self._reading_seconds if seconds is None else seconds,
            most=most,
        )
        return hidden(answer, [self._token])


def _content(claim: Claim, picture: Uploaded | None) -> dict[str, Any]:
    """Return the content of the event that makes, answers or changes a post."""
    key, target = claim.delivery.key, claim.target.remote_id if claim.target else ""
    if claim.delivery.action is Action.EDIT:
        content = content_of(claim.payload, key=key, picture=picture)
        return editing(content, target=target, key=key, original=claim.delivery.target)
    root = claim.root.remote_id if claim.root else ""
    relation = answering(target, root=root) if target else None
    return content_of(claim.payload, key=key, picture=picture, relation=relation)


def _of_edit(claim: Claim, sighting: Sighting) -> Sighting:
    """Return what was seen of an edit; a doubt that stays is none, as a repeat changes nothing."""
    match sighting:
        case Found() if claim.target:
            return Found(claim.target)
        case CannotTell(again=False):
            return RepeatSafe()
    return sighting
