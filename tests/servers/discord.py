"""A server on loopback that speaks Discord's documented interface of webhooks (API v10).

It keeps what one webhook posted, refuses what the documentation refuses, lists nothing, and draws
a text as Discord's apps do. A fault is put before a request that changes something.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned
from tests.servers.rude import RudeServer, run

HOOK = "1029384756102938475"
TOKEN = "aWebhook-Token_thatMustNeverBeSeen0123456789"
GUILD = "209876543210987654"
CHANNEL_ID = "309876543210987654"
THREAD = "409876543210987654"

_CREATES = {"content", "allowed_mentions", "attachments"}
_EDITS = {"content", "allowed_mentions"}
_LINK = re.compile(r"""https?://[^\s<]+[^<.,:;"'\]\s]""")
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_BLOCK = re.compile(r"[^\S\n]*(?:>|#{1,3}\s|-#?\s|\d+\.\s)")


@dataclass(kw_only=True)
class Message:
    """One message of the webhook."""

    id: str
    content: str
    channel: str
    files: tuple[tuple[str, bytes], ...] = ()
    descriptions: tuple[str, ...] = ()


class DiscordServer(RudeServer):
    """One webhook in one channel that has one thread."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.is_forum = False
        self.messages: dict[str, Message] = {}
        self.called: list[str] = []
        """Texts that called somebody."""
        self._count = 0

    @property
    def url(self) -> str:
        """The webhook's address, as people copy it."""
        return f"{self.address}/api/webhooks/{HOOK}/{TOKEN}"

    def routes(self, app: web.Application) -> None:
        hook = "/api/v10/webhooks/{id}/{token}"
        app.router.add_get(hook, self._tell)
        app.router.add_post(hook, self._post)
        app.router.add_get(hook + "/messages/{message}", self._read)
        app.router.add_patch(hook + "/messages/{message}", self._edit)
        app.router.add_delete(hook + "/messages/{message}", self._delete)

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.match_info["id"] != HOOK:
            return refusal(404, 10015, "Unknown Webhook")
        if request.match_info["token"] != TOKEN:
            return refusal(401, 50027, "Invalid Webhook Token")
        if not request.headers["User-Agent"].startswith("DiscordBot ("):
            return web.Response(text="<h1>error code: 1010</h1>", status=403)
        if request.query.get("thread_id", THREAD) != THREAD:
            return refusal(404, 10003, "Unknown Channel")
        return None

    async def _tell(self, request: web.Request) -> web.Response:
        about = {"id": HOOK, "type": 1, "name": "Herald", "token": TOKEN}
        where = {"guild_id": GUILD, "channel_id": CHANNEL_ID}
        return self._refused(request) or web.json_response(about | where)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        body, files = await _read_form(request)

        async def act() -> web.Response:
            return self._keep(request, body, files)

        return await self.change(request, act)

    def _keep(
        self, request: web.Request, body: Mapping[str, Any], files: list[tuple[str, bytes]]
    ) -> web.Response:
        thread = request.query.get("thread_id", "")
        if self.is_forum and not thread:
            said = "Webhooks posted to forum channels must have a thread_name or thread_id"
            return refusal(400, 220001, said)
        if fault := self._fault_in(body, files, known=_CREATES):
            return fault
        self._count += 1
        message = Message(
            id=str(10**18 + self._count),
            content=body["content"].strip(),
            channel=thread or CHANNEL_ID,
            files=tuple(files),
            descriptions=tuple(one.get("description", "") for one in body.get("attachments", ())),
        )
        self.messages[message.id] = message
        if request.query.get("wait") != "true":
            return web.Response(status=204)
        return web.json_response(_shown(message))

    def _fault_in(
        self, body: Mapping[str, Any], files: list[tuple[str, bytes]], *, known: set[str]
    ) -> web.Response | None:
        """Return what the documentation refuses; note whom a text calls."""
        content, attached = body.get("content", ""), body.get("attachments", [])
        if body.get("allowed_mentions") != {"parse": []}:
            self.called.append(content)
        if not content.strip() and not files:
            return refusal(400, 50006, "Cannot send an empty message")
        if any(len(file) > 10 * 1024 * 1024 for _, file in files):
            return refusal(413, 40005, "Request entity too large")
        wrong = {
            "content": ("Must be 2000 or fewer in length.", len(content) > 2000),
            "attachments": (
                "Must be 10 or fewer in length, of 1024 or fewer each, and name their files.",
                len(attached) > 10
                or [one["id"] for one in attached] != list(range(len(files)))
                or any(len(one.get("description", "")) > 1024 for one in attached),
            ),
            "unknown": ("The test's server knows no such field.", not body.keys() <= known),
        }
        for name, (said, holds) in wrong.items():
            if holds:
                errors = {name: {"_errors": [{"code": "BASE_TYPE", "message": said}]}}
                return refusal(400, 50035, "Invalid Form Body", errors=errors)
        return None

    def _message(self, request: web.Request) -> Message | web.Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        found = self.messages.get(request.match_info["message"])
        if found is None or found.channel != request.query.get("thread_id", CHANNEL_ID):
            return refusal(404, 10008, "Unknown Message")
        return found

    async def _read(self, request: web.Request) -> web.Response:
        found = self._message(request)
        return found if isinstance(found, web.Response) else web.json_response(_shown(found))

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()

        async def act() -> web.Response:
            found = self._message(request)
            if isinstance(found, web.Response):
                return found
            if fault := self._fault_in(body, [], known=_EDITS):
                return fault
            found.content = body["content"].strip()
            return web.json_response(_shown(found))

        return await self.change(request, act)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        async def act() -> web.Response:
            found = self._message(request)
            if isinstance(found, web.Response):
                return found
            del self.messages[found.id]
            return web.Response(status=204)

        return await self.change(request, act)


def shown(content: str) -> str:
    """Return what Discord's apps show for *content*; fail where some of it would be markup."""
    said, at = [], 0
    while at < len(content):
        if at == 0 or content[at - 1] == "\n":
            assert not _BLOCK.match(content, at), f"markup of a line at {at}: {content!r}"
        if link := _LINK.match(content, at):
            said.append(link[0])
            at = link.end()
        elif escaped := _ESCAPED.match(content, at):
            said.append(escaped[1])
            at = escaped.end()
        else:
            assert content[at] not in "*_~`|[<", f"markup at {at}: {content!r}"
            said.append(content[at])
            at += 1
    return "".join(said)


def refusal(status: int, code: int, words: str, **more: Any) -> web.Response:
    """Make an error as Discord words it."""
    return web.json_response({"message": words, "code": code, **more}, status=status)


def refused(status: int, code: int, words: str = "No", **more: Any) -> Canned:
    """Make an error to be put by."""
    body = json.dumps({"message": words, "code": code, **more})
    return Canned(status=status, body=body, times=9)


def _shown(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "type": 0,
        "content": message.content,
        "channel_id": message.channel,
        "webhook_id": HOOK,
        "attachments": [{"filename": name, "size": len(file)} for name, file in message.files],
    }


async def _read_form(request: web.Request) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    if request.content_type == "application/json":
        return await request.json(), []
    assert request.content_type == "multipart/form-data"
    form = await request.post()
    files = [
        (value.filename, value.file.read())
        for name, value in form.items()
        if isinstance(value, web.FileField) and re.fullmatch(r"files\[\d+\]", name)
    ]
    said = form["payload_json"]
    assert isinstance(said, str)
    assert len(form) == len(files) + 1
    return json.loads(said), files


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[DiscordServer]:
    """Run Discord's interface on a free port of loopback."""
    server = DiscordServer(clock)
    async with run(server):
        yield server
