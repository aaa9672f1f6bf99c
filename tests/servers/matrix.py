"""A homeserver on loopback that speaks Matrix' documented protocol, as rudely as real ones.

It keeps the events of its rooms, takes a repeat by the same device for the first, and refuses what
a correct client never sends. A fault is put before a post, and spent by it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned, Fault, Seen

TOKEN = "syt_museum_token_that_must_never_be_seen"
USER = "@museum:example.org"
ROOM = "!salt:example.org"
ALIAS = "#salt:example.org"
EVENT_MOST = 65_536
_TAGS = {"p", "a", "br"}


@dataclass(kw_only=True)
class Room:
    """A room and all that happened in it, oldest first."""

    id: str
    events: list[dict[str, Any]] = field(default_factory=list)
    members: set[str] = field(default_factory=set)
    is_encrypted: bool = False
    levels: dict[str, Any] = field(default_factory=dict)


class MatrixServer:
    """One homeserver with one room."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.clock_ahead = timedelta(0)
        self.address = ""
        self.devices = {TOKEN: (USER, "DEVICE")}
        """User and device of each token."""
        self.aliases = {ALIAS: ROOM}
        self.media: dict[str, bytes] = {}
        self.profile: dict[str, str] = {"displayname": "Museum"}
        self.requests: list[Seen] = []
        self.faults: deque[Fault] = deque()
        self._transactions: dict[tuple[str, str, str], str] = {}
        self._canned: dict[tuple[str, str], deque[Canned]] = {}
        self._count = 0
        self._released = asyncio.Event()
        self.rooms = {ROOM: self.a_room(ROOM)}

    def a_room(self, name: str) -> Room:
        """Make a room that was there the day before."""
        room = Room(id=name, members={USER})
        at = self.clock.now() - timedelta(days=1)
        self.keep({}, kind="m.room.create", room=room, at=at)
        self.keep({"membership": "join"}, kind="m.room.member", room=room, at=at)
        return room

    def can(self, method: str, path: str, canned: Canned) -> None:
        """Answer the next requests for *path* (or below it) with *canned*."""
        self._canned.setdefault((method, path), deque()).extend([canned] * canned.times)

    def counted(self, method: str, part: str) -> int:
        """Return how many requests arrived with *part* in their path."""
        seen = Counter((one.method, part in one.path) for one in self.requests)
        return seen[method, True]

    def now(self) -> datetime:
        """Return the moment on the server's own clock."""
        return self.clock.now() + self.clock_ahead

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return what was said in the rooms, oldest first."""
        events = [event for room in self.rooms.values() for event in room.events]
        return [event for event in events if event["type"] == "m.room.message"]

    @property
    def contents(self) -> list[dict[str, Any]]:
        """Return the contents of what was said."""
        return [event["content"] for event in self.messages]

    def keep(
        self,
        content: dict[str, Any],
        *,
        kind: str = "m.room.message",
        sender: str = USER,
        room: Room | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Put an event there."""
        self._count += 1
        moment = at or self.now()
        event = {
            "event_id": f"${self._count:03d}_ab-cd",
            "type": kind,
            "sender": sender,
            "origin_server_ts": int(moment.timestamp() * 1000),
            "content": content,
        }
        (room or self.rooms[ROOM]).events.append(event)
        return event

    def empty(self, event: dict[str, Any]) -> None:
        """Delete an event, as a moderator does: its content is gone."""
        event["content"] = {}
        event["unsigned"] = {"redacted_because": {"type": "m.room.redaction"}}

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._gate], client_max_size=60_000_000)
        client = "/_matrix/client/v3"
        app.router.add_get(f"{client}/account/whoami", self._who_am_i)
        app.router.add_get(f"{client}/directory/room/{{alias}}", self._resolve)
        app.router.add_get(f"{client}/rooms/{{room}}/state/m.room.encryption", self._encryption)
        app.router.add_get(f"{client}/rooms/{{room}}/messages", self._page)
        app.router.add_put(f"{client}/rooms/{{room}}/send/{{type}}/{{transaction}}", self._put)
        app.router.add_post("/_matrix/media/v3/upload", self._upload)
        app.router.add_get(f"{client}/rooms/{{room}}/event/{{event}}", self._event)
        app.router.add_put(
            f"{client}/rooms/{{room}}/redact/{{event}}/{{transaction}}", self._redact
        )
        edits = "/_matrix/client/v1/rooms/{room}/relations/{event}/m.replace"
        app.router.add_get(edits, self._edits)
        app.router.add_get(f"{client}/rooms/{{room}}/state/m.room.member/{{user}}", self._member)
        app.router.add_get(f"{client}/rooms/{{room}}/state/m.room.power_levels", self._levels)
        app.router.add_get(f"{client}/profile/{{user}}", self._profile)
        return app

    def release(self) -> None:
        """Let go of requests that hang."""
        self._released.set()

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        seen = Seen(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=await request.read(),
        )
        self.requests.append(seen)
        try:
            answer = self._from_can(request) or self._refusal(request) or await handler(request)
        except web.HTTPNotFound:
            answer = refusal(404, "M_UNRECOGNIZED", "Unrecognized request")
        if not answer.prepared:
            answer.headers.setdefault("Date", format_datetime(self.now(), usegmt=True))
        return answer  # type: ignore[no-any-return]

    def _from_can(self, request: web.Request) -> web.Response | None:
        for (method, part), waiting in self._canned.items():
            if waiting and method == request.method and part in request.path:
                canned = waiting.popleft()
                kind = "application/json" if canned.body[:1] in {"{", "["} else "text/html"
                headers = dict(canned.headers)
                return web.Response(
                    text=canned.body, status=canned.status, headers=headers, content_type=kind
                )
        return None

    def _refusal(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "")
        if not given:
            return refusal(401, "M_MISSING_TOKEN", "Missing access token")
        if given.removeprefix("Bearer ") not in self.devices:
            return refusal(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.")
        name = request.match_info.get("room")
        user, _ = self._device(request)
        if name is not None and (name not in self.rooms or user not in self.rooms[name].members):
            if "event" in request.match_info and request.method == "GET":
                # The specification has one answer for what is not there and what is not shown.
                return refusal(404, "M_NOT_FOUND", "Event not found.")
            return refusal(403, "M_FORBIDDEN", f"User {user} not in room {name}")
        return None

    def _device(self, request: web.Request) -> tuple[str, str]:
        return self.devices[request.headers["Authorization"].removeprefix("Bearer ")]

    async def _who_am_i(self, request: web.Request) -> web.Response:
        user, device = self._device(request)
        return web.json_response({"user_id": user, "device_id": device, "is_guest": False})

    async def _resolve(self, request: web.Request) -> web.Response:
        alias = request.match_info["alias"]
        if alias not in self.aliases:
            return refusal(404, "M_NOT_FOUND", f"Room alias {alias} not found")
        return web.json_response({"room_id": self.aliases[alias], "servers": ["example.org"]})

    async def _encryption(self, request: web.Request) -> web.Response:
        if not self.rooms[request.match_info["room"]].is_encrypted:
            return refusal(404, "M_NOT_FOUND", "Event not found.")
        return web.json_response({"algorithm": "m.megolm.v1.aes-sha2"})

    async def _upload(self, request: web.Request) -> web.Response:
        uri = f"mxc://example.org/{len(self.media)}"
        self.media[uri] = await request.read()
        return web.json_response({"content_uri": uri})

    async def _page(self, request: web.Request) -> web.Response:
        asked = request.query
        types = json.loads(asked["filter"])["types"]
        events = self.rooms[request.match_info["room"]].events
        end = int(asked.get("from", "t9999999").removeprefix("t"))
        begin = max(min(end, len(events)) - int(asked["limit"]), 0)
        assert asked["dir"] == "b"
        # A server looks at so many events, and shows those that are wanted: a page may be empty.
        chunk = [event for event in reversed(events[begin:end]) if event["type"] in types]
        told: dict[str, Any] = {"start": f"t{end}", "chunk": chunk}
        return web.json_response(told | ({"end": f"t{begin}"} if begin else {}))

    # events by their id

    def _found(self, request: web.Request) -> dict[str, Any] | None:
        events = self.rooms[request.match_info["room"]].events
        wanted = request.match_info["event"]
        return next((one for one in events if one["event_id"] == wanted), None)

    async def _event(self, request: web.Request) -> web.Response:
        found = self._found(request)
        return web.json_response(found) if found else refusal(404, "M_NOT_FOUND", "Not found")

    async def _edits(self, request: web.Request) -> web.Response:
        if self._found(request) is None:
            return refusal(404, "M_NOT_FOUND", "Not found")
        events = self.rooms[request.match_info["room"]].events
        wanted = {"rel_type": "m.replace", "event_id": request.match_info["event"]}
        return web.json_response(
            {"chunk": [one for one in events if one["content"].get("m.relates_to") == wanted]}
        )

    async def _redact(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._redacted)

    def _redacted(self, request: web.Request, _: dict[str, Any]) -> web.Response:
        found = self._found(request)
        if found is None:
            return refusal(404, "M_NOT_FOUND", "Event not found")
        user, device = self._device(request)
        if found["sender"] != user:
            return refusal(403, "M_FORBIDDEN", "You don't have permission to redact events")
        place = (user, device, request.path)
        if place not in self._transactions:
            self.empty(found)
            room = self.rooms[request.match_info["room"]]
            event = self.keep({}, kind="m.room.redaction", sender=user, room=room)
            self._transactions[place] = event["event_id"]
        return web.json_response({"event_id": self._transactions[place]})

    # who may do what

    async def _member(self, request: web.Request) -> web.Response:
        members = self.rooms[request.match_info["room"]].members
        is_in = request.match_info["user"] in members
        return web.json_response({"membership": "join" if is_in else "leave"})

    async def _levels(self, request: web.Request) -> web.Response:
        return web.json_response(self.rooms[request.match_info["room"]].levels)

    async def _profile(self, _: web.Request) -> web.Response:
        return web.json_response(self.profile)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._sent)

    async def _faulty(
        self,
        request: web.Request,
        act: Callable[[web.Request, dict[str, Any]], web.Response],
    ) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return _drop(request)
            case Fault.ERROR_BEFORE:
                return refusal(500, "M_UNKNOWN", "Internal server error")
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return _drop(request)
        answer = act(request, await request.json())
        if fault is None or answer.status != 200:
            return answer
        return await self._spoiled(request, answer, fault)

    def _sent(self, request: web.Request, content: dict[str, Any]) -> web.Response:
        user, device = self._device(request)
        spelled = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        # What a server adds: sender, room, hashes, signatures, the events before it.
        if len(spelled.encode("utf-8", "surrogatepass")) + 1_500 > EVENT_MOST:
            return refusal(413, "M_TOO_LARGE", "event too large")
        if wrong := self._fault_in(content):
            return refusal(400, "M_BAD_JSON", wrong)
        place = (user, device, request.path)
        if place not in self._transactions:
            event = self.keep(content, sender=user, room=self.rooms[request.match_info["room"]])
            self._transactions[place] = event["event_id"]
        return web.json_response({"event_id": self._transactions[place]})

    def _fault_in(self, content: dict[str, Any]) -> str:
        """Return what the specification, or a careful reader, finds wrong; else nothing."""
        relation = content.get("m.relates_to", {})
        named = [relation.get("event_id"), relation.get("m.in_reply_to", {}).get("event_id")]
        known = {event["event_id"] for room in self.rooms.values() for event in room.events}
        if any(one is not None and one not in known for one in named):
            return "it is about an event that nobody knows"
        if relation.get("rel_type") == "m.replace" and (new := content["m.new_content"]):
            return "an edit of an edit" if "m.relates_to" in new else self._fault_in(new)
        kind, formatted = content["msgtype"], content.get("formatted_body")
        is_html = content.get("format") == "org.matrix.custom.html"
        faults = {
            "no text": not content["body"],
            "no such kind": kind not in {"m.text", "m.image", "m.video"},
            "somebody is mentioned": content["m.mentions"] != {},
            "half a format": is_html == (formatted is None),
            "html": bool(formatted) and not _is_harmless(formatted),
            "no such picture": kind != "m.text" and content["url"] not in self.media,
            "a caption is none without a name": kind != "m.text" and not content["filename"],
        }
        return next((fault for fault, holds in faults.items() if holds), "")

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: Fault
    ) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return refusal(500, "M_UNKNOWN", "Internal server error")
            case Fault.GATEWAY_TIMEOUT_AFTER:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.PAGE_AFTER:
                return web.Response(text="<h1>Welcome</h1>", content_type="text/html")
            case Fault.OTHER_JSON_AFTER:
                return web.json_response(["ok"])
            case Fault.HANG_AFTER:
                await self._released.wait()
            case Fault.CUT_AFTER:
                whole = answer.body
                assert isinstance(whole, bytes)
                half = web.StreamResponse(headers={"Content-Length": str(len(whole))})
                await half.prepare(request)
                await half.write(whole[: len(whole) // 2])
                _drop(request)
                return half
        return _drop(request)


class _Reader(HTMLParser):
    """Follows the tags of a message."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fine = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        links = [value or "" for name, value in attrs if name == "href"]
        self.fine = self.fine and tag in _TAGS
        self.fine = self.fine and all(one.startswith(("http://", "https://")) for one in links)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.fine = self.fine and bool(self.open) and self.open.pop() == tag


def _is_harmless(formatted: str) -> bool:
    reader = _Reader()
    reader.feed(formatted)
    reader.close()
    return reader.fine and not reader.open


def refusal(status: int, code: str, words: str, **more: Any) -> web.Response:
    """Make an error as the protocol words it."""
    return web.json_response({"errcode": code, "error": words, **more}, status=status)


def _drop(request: web.Request) -> web.Response:
    """End the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[MatrixServer]:
    """Run a server on a free port of loopback."""
    server = MatrixServer(clock)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.address = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.release()
        await runner.cleanup()
