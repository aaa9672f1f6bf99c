"""A server on loopback that speaks Slack's documented Web API and incoming webhooks.

It keeps what one app's bot and one webhook posted in one channel, refuses with status 200 as Slack
does, prepares pictures in the background, and tells a channel page by page, the newest first. A
fault is put before a request that people would see.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned
from tests.servers.rude import RudeServer, run

TOKEN = "xoxb-1234567890-thatMustNeverBeSeen"
HOOK = "/services/T00000000/B00000000/hookThatMustNeverBeSeen"
CHANNEL_ID = "C0123456789"

_KNOWN = {
    "chat.postMessage": {
        "channel",
        "text",
        "blocks",
        "unfurl_links",
        "metadata",
        "thread_ts",
    },
    "chat.update": {"channel", "ts", "text", "blocks"},
    "chat.delete": {"channel", "ts"},
    "files.completeUploadExternal": {"files"},
}
_SCOPE = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
}
_BLOCKS_MOST = 13_200
"""Characters of all blocks together, as bolt-js#2509 measured it."""


@dataclass(kw_only=True)
class Message:
    """One message of the channel."""

    ts: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] = field(default_factory=dict)
    thread_ts: str = ""
    unfurls: bool = False
    is_tombstone: bool = False
    """It was deleted and has answers: its place stays."""

    @property
    def shown(self) -> str:
        """What people read."""
        return "".join(
            element["text"] if element["type"] == "text" else element["url"]
            for block in self.blocks
            if block["type"] == "rich_text"
            for element in block["elements"][0]["elements"]
        )

    @property
    def images(self) -> list[tuple[str, str]]:
        """The pictures' numbers and descriptions."""
        return [
            (block["slack_file"]["id"], block["alt_text"])
            for block in self.blocks
            if block["type"] == "image"
        ]


@dataclass(kw_only=True)
class File:
    """An uploaded picture."""

    name: str
    length: int
    alt: str
    content: bytes = b""
    complete: bool = False
    posts_until_ready: int = 0


class SlackServer(RudeServer):
    """One workspace with one channel, one app's bot in it and one webhook."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.token = TOKEN
        self.scopes = {"chat:write", "channels:history", "files:write"}
        self.is_in_channel = True
        self.is_archived = False
        self.posts_until_ready = 0
        """How many posts with a new picture are refused, while Slack still prepares it."""
        self.page = 200
        """Most messages of a page, whatever is asked for."""
        self.messages: list[Message] = []
        self.files: dict[str, File] = {}
        self._count = 0

    @property
    def hook(self) -> str:
        """The webhook's address."""
        return self.address + HOOK

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/api/{method}", self._tell)
        app.router.add_post("/api/{method}", self._act)
        app.router.add_post("/upload/v1/{file}", self._upload)
        app.router.add_post(HOOK, self._hooked)

    def say(self, text: str) -> Message:
        """Let somebody else write in the channel."""
        return self._new({"text": text, "blocks": []})

    def _new(self, body: Mapping[str, Any]) -> Message:
        self._count += 1
        message = Message(
            ts=f"{int(self.clock.now().timestamp())}.{self._count:06d}",
            text=body["text"],
            blocks=body["blocks"],
            metadata=body.get("metadata", {}),
            thread_ts=body.get("thread_ts", ""),
            unfurls=body.get("unfurl_links", False),
        )
        self.messages.append(message)
        return message

    def _refused(self, request: web.Request, method: str) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return refusal("invalid_auth")
        if _SCOPE.get(method, "chat:write") not in self.scopes:
            return refusal("missing_scope", needed=_SCOPE[method])
        return None

    def _kept_out(self, channel: str) -> web.Response | None:
        if channel != CHANNEL_ID:
            return refusal("channel_not_found")
        return None if self.is_in_channel else refusal("not_in_channel")

    # reading

    async def _tell(self, request: web.Request) -> web.Response:
        method, asked = request.match_info["method"], request.query
        if refused := self._refused(request, method):
            return refused
        if method == "auth.test":
            about = {"url": "https://museum.slack.com/", "team": "Museum", "user": "herald"}
            headers = {"X-OAuth-Scopes": ",".join(sorted(self.scopes))}
            return web.json_response({"ok": True, **about}, headers=headers)
        if refused := self._kept_out(asked["channel"]):
            return refused
        if method == "conversations.history":
            above = [one for one in self.messages if not one.thread_ts]
            return self._pages(asked, list(reversed(above)))
        thread = [one for one in self.messages if asked["ts"] in {one.ts, one.thread_ts}]
        if not thread or thread[0].ts != asked["ts"]:
            return refusal("thread_not_found")
        return self._pages(asked, thread)

    def _pages(self, asked: Mapping[str, str], messages: list[Message]) -> web.Response:
        oldest, latest = float(asked.get("oldest", 0)), float(asked.get("latest", "inf"))
        inside = [one for one in messages if oldest <= float(one.ts) <= latest]
        if asked.get("inclusive") != "true":
            inside = [one for one in inside if float(one.ts) not in {oldest, latest}]
        begin = int(asked.get("cursor", "0"))
        end = begin + min(int(asked["limit"]), self.page)
        whole = asked.get("include_all_metadata") == "true"
        answer = {
            "ok": True,
            "messages": [_told(one, whole=whole) for one in inside[begin:end]],
            "has_more": end < len(inside),
            "response_metadata": {"next_cursor": str(end) if end < len(inside) else ""},
        }
        return web.json_response(answer)

    # writing

    async def _act(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if refused := self._refused(request, method):
            return refused
        if method == "files.getUploadURLExternal":
            assert request.content_type == "application/x-www-form-urlencoded"
            return self._upload_url(
                {name: str(one) for name, one in (await request.post()).items()}
            )
        assert request.headers["Content-Type"] == "application/json; charset=utf-8"
        body = await request.json()
        if unknown := body.keys() - _KNOWN[method]:
            return refusal("invalid_arguments", messages=[f"[ERROR] unknown {sorted(unknown)}"])
        if method == "files.completeUploadExternal":
            return self._complete(body)

        async def act() -> web.Response:
            return self._changed(method, body)

        return await self.change(request, act)

    def _changed(self, method: str, body: Mapping[str, Any]) -> web.Response:
        archived = refusal("is_archived") if self.is_archived else None
        if refused := self._kept_out(body["channel"]) or archived:
            return refused
        found = next((one for one in self.messages if one.ts == body.get("ts")), None)
        if found is None and method != "chat.postMessage":
            return refusal("message_not_found")
        if found is not None and method == "chat.delete":
            if any(one.thread_ts == found.ts for one in self.messages):
                found.text, found.blocks, found.is_tombstone = "", [], True
            else:
                self.messages.remove(found)
            return done(channel=CHANNEL_ID, ts=found.ts)
        if fault := self._fault_in(body, beside_most=40_000 if found is None else 4000):
            return fault
        if found is None:
            made = self._new(body)
            return done(channel=CHANNEL_ID, ts=made.ts, message=_told(made, whole=False))
        found.text, found.blocks = body["text"], body["blocks"]
        return done(channel=CHANNEL_ID, ts=found.ts, text=found.text)

    def _fault_in(self, body: Mapping[str, Any], *, beside_most: int) -> web.Response | None:
        if not body["text"].strip():
            return refusal("no_text")
        if len(body["text"]) > beside_most:
            return refusal("msg_too_long")
        if re.search(r"&(?!amp;|lt;|gt;)|[<>]", body["text"]):
            return refusal("invalid_arguments", messages=["[ERROR] the test wants it escaped"])
        if len(json.dumps(body["blocks"], ensure_ascii=False)) > _BLOCKS_MOST:
            return refusal("msg_blocks_too_long")
        for nth, block in enumerate(body["blocks"]):
            said = self._fault_in_block(block)
            if said:
                place = f"[ERROR] {said} [json-pointer:/blocks/{nth}]"
                return refusal("invalid_blocks", messages=[place])
        return None

    def _fault_in_block(self, block: Mapping[str, Any]) -> str:
        if block["type"] == "rich_text":
            [section] = block["elements"]
            known = {("text", "type"), ("type", "url")}
            fine = all(tuple(sorted(one)) in known for one in section["elements"])
            return "" if fine and section["elements"] else "invalid rich text"
        assert block["type"] == "image"
        if block.keys() != {"type", "slack_file", "alt_text"} or not block["alt_text"]:
            return "an image has a file and a description, and no more"
        if len(block["alt_text"]) > 2000:
            return "must be no more than 2000 characters"
        file = self.files.get(block["slack_file"]["id"])
        if file is None or not file.complete:
            return "invalid slack file"
        if file.posts_until_ready:
            file.posts_until_ready -= 1
            return "invalid slack file"
        return ""

    # pictures

    def _upload_url(self, form: Mapping[str, str]) -> web.Response:
        number = f"F{len(self.files) + 1:010d}"
        self.files[number] = File(
            name=form["filename"],
            length=int(form["length"]),
            alt=form.get("alt_txt", ""),
            posts_until_ready=self.posts_until_ready,
        )
        return done(upload_url=f"{self.address}/upload/v1/{number}", file_id=number)

    async def _upload(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        file = self.files[request.match_info["file"]]
        file.content = await request.read()
        if len(file.content) != file.length:
            return web.Response(text="length mismatch", status=400)
        return web.Response(text=f"OK - {len(file.content)}")

    def _complete(self, body: Mapping[str, Any]) -> web.Response:
        for one in body["files"]:
            file = self.files.get(one["id"])
            if file is None or not file.content:
                return refusal("file_not_found")
            file.complete = True
        return done(files=body["files"])

    # the webhook

    async def _hooked(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()

        async def act() -> web.Response:
            if self.is_archived:
                return web.Response(text="channel_is_archived", status=410)
            if body.keys() - {"text", "blocks", "unfurl_links"}:
                return web.Response(text="invalid_payload", status=400)
            if self._fault_in(body, beside_most=40_000) is not None:
                return web.Response(text="invalid_blocks", status=400)
            self._new(body)
            return web.Response(text="ok")

        return await self.change(request, act)


def done(**more: Any) -> web.Response:
    """Make the answer to what was done."""
    return web.json_response({"ok": True, **more})


def refusal(error: str, *, messages: list[str] | None = None, **more: Any) -> web.Response:
    """Make an error as Slack words it: with status 200."""
    about = {"response_metadata": {"messages": messages}} if messages else {}
    return web.json_response({"ok": False, "error": error, **about, **more})


def refused(error: str, status: int = 200, **headers: str) -> Canned:
    """Make an error to be put by."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"ok": False, "error": error})
    return Canned(status=status, body=body, headers=spelled, times=9)


def _told(message: Message, *, whole: bool) -> dict[str, Any]:
    """Return a message as it is told: of a picture Slack tells more than it takes."""
    seen = [
        block | ({"image_url": "https://files.slack.com/x", "image_bytes": 9, "block_id": "Xy1"})
        if block["type"] == "image"
        else block | {"block_id": "Xy0"}
        for block in message.blocks
    ]
    told: dict[str, Any] = {
        "type": "message",
        "ts": message.ts,
        "text": message.text,
        "blocks": seen,
    }
    if message.is_tombstone:
        told["subtype"] = "tombstone"
    if message.thread_ts:
        told["thread_ts"] = message.thread_ts
    if message.metadata:
        short = {"event_type": message.metadata["event_type"]}
        told["metadata"] = message.metadata if whole else short
    return told


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[SlackServer]:
    """Run Slack's interface on a free port of loopback."""
    server = SlackServer(clock)
    async with run(server):
        yield server
