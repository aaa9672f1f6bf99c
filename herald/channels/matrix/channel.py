"""One room on Matrix, as one user."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import BODY_MOST, Request, ask, hidden, user_agent
from herald.channels.findings import problem
from herald.channels.matrix import finding, wire
from herald.channels.matrix.acting import Room, content_for, sighting_of_edit
from herald.channels.matrix.event import (
    Uploaded,
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
from herald.channels.matrix.settings import MatrixSettings
from herald.channels.settings import read_settings, sound_secret
from herald.data.networks import capabilities_of
from herald.errors import ChannelUnreachable, MediaMissing, PictureUnusable
from herald.model.account import Finding, Reply
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    Media,
    Outcome,
    Refused,
    RefusedScope,
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
            seconds, now = self._answer_seconds, self._clock.now()
            return await self._in(room).delete(claim, seconds=seconds, now=now)
        trouble = await self._in(room).trouble_with_target(claim, now=self._clock.now())
        return trouble or await self._put(claim, room)

    async def _put(self, claim: Claim, room: str) -> Outcome:
        picture = await self._picture(claim)
        if not isinstance(picture, Uploaded | None):
            return picture
        content = content_for(claim, picture)
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
            return _no_room(room)
        who = await self._ask(wire.who_am_i(self._server))
        user = finding.read_user(who)
        if not user or isinstance(who, NoAnswer):
            return finding.cannot_tell(who)
        if claim.delivery.action is Action.DELETE:
            # A server shows nothing of a room to who is not in it, which is no deletion.
            opened = await self._open_room()
            if not isinstance(opened, str):
                return _no_room(opened)
            return await self._in(room).look_for_deletion(claim)
        sought = finding.sought_by(claim, room=room, via=self._via, user=user, answer=who, now=now)
        sighting = await self._search(sought)
        edit = claim.delivery.action is Action.EDIT
        return sighting_of_edit(claim, sighting) if edit else sighting

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose token it is, and whether its user may write in the room."""
        who = await self._ask(wire.who_am_i(self._server))
        user = finding.read_user(who)
        found = token_findings(who, user, now=self._clock.now())
        if not user:
            return found
        room = await self._resolved()
        if not isinstance(room, str):
            return (*found, problem(_no_room(room).why, "look at room in channels.yaml"))
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
        return await self._in(room).replies(user=user, since=since)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    def _in(self, room: str) -> Room:
        return Room(server=self._server, id=room, via=self._via, ask=self._ask)

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


def _no_room(trouble: Outcome) -> CannotTell:
    why = "" if isinstance(trouble, Sent) else trouble.why
    return CannotTell(why, again=not isinstance(trouble, Refused))
