"""A server on loopback that speaks Telegram's Bot API (10.0), as its documentation words it.

It keeps what was posted in one chat, refuses what it does not know or what is too long, cleans
texts as Telegram's own library does, and lets nobody read anything back. A fault is put before a
request that changes something, and spent by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned
from tests.servers.rude import RudeServer, run

TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
BOT = 123456
CHANNEL_ID = -1_001_234_567_890
NAME = "saltmuseum"
DELETES_WITHIN = timedelta(hours=48)

_KNOWN = {
    "getMe": set[str](),
    "getChat": {"chat_id"},
    "getChatMember": {"chat_id", "user_id"},
    "sendMessage": {
        "chat_id",
        "text",
        "disable_notification",
        "reply_parameters",
        "link_preview_options",
    },
    "sendPhoto": {"chat_id", "photo", "caption", "disable_notification", "reply_parameters"},
    "sendVideo": {"chat_id", "video", "caption", "disable_notification", "reply_parameters"},
    "sendMediaGroup": {"chat_id", "media", "disable_notification", "reply_parameters"},
    "editMessageText": {"chat_id", "message_id", "text", "link_preview_options"},
    "editMessageCaption": {"chat_id", "message_id", "caption"},
    "deleteMessage": {"chat_id", "message_id"},
    "deleteMessages": {"chat_id", "message_ids"},
}
_CONTROLS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f]")
_REMOVED = re.compile("[\r\u2028-\u202e]")


@dataclass(kw_only=True)
class Message:
    """One message of the chat."""

    id: int
    text: str
    photo: bytes = b""
    filename: str = ""
    silent: bool = False
    reply_to: int = 0
    preview: str = ""
    album: str = ""
    at: datetime


class TelegramServer(RudeServer):
    """The Bot API with one bot and one chat."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.token = TOKEN
        self.chat: dict[str, Any] = {
            "id": CHANNEL_ID,
            "type": "channel",
            "title": "Salt museum",
            "username": NAME,
        }
        self.member: dict[str, Any] = {
            "status": "administrator",
            "can_post_messages": True,
            "can_edit_messages": True,
            "can_delete_messages": True,
        }
        self.upgraded_to = 0
        """The number that the group has since it became a supergroup."""
        self.messages: dict[int, Message] = {}
        self._count = 40

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/bot{token}/{method}", self._answer)

    @property
    def posts(self) -> list[Message]:
        """What readers see as posts: an album is one."""
        firsts: dict[str, Message] = {}
        for message in self.messages.values():
            firsts.setdefault(message.album or str(message.id), message)
        return list(firsts.values())

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if not re.fullmatch(r"\d+:[\w-]+", request.match_info["token"]):
            return refusal(404, "Not Found")
        if request.match_info["token"] != self.token:
            return refusal(401, "Unauthorized")
        if method not in _KNOWN:
            return refusal(404, "Not Found")
        values, files = await _read(request)
        if unknown := (values.keys() | files.keys()) - _KNOWN[method] - _attached(values):
            return refusal(400, f"Bad Request: the test's server knows no {sorted(unknown)}")
        if method.startswith("get"):
            return self._tell(method, values)
        return await self.change(request, lambda: self._act(method, values, files))

    def _tell(self, method: str, values: Mapping[str, Any]) -> web.Response:
        if method == "getMe":
            return done({"id": BOT, "is_bot": True, "username": "salt_bot"})
        if not self._is_here(values):
            return refusal(400, "Bad Request: chat not found")
        if method == "getChat":
            return done(self.chat)
        if int(values["user_id"]) != BOT:
            return refusal(400, "Bad Request: user not found")
        return done({"user": {"id": BOT}, **self.member})

    def _is_here(self, values: Mapping[str, Any]) -> bool:
        chat, name = str(values["chat_id"]), self.chat.get("username")
        return chat == str(self.chat["id"]) or (bool(name) and chat == f"@{name}")

    async def _act(
        self, method: str, values: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]]
    ) -> web.Response:
        refused = self._refused(values)
        if refused is not None:
            return refused
        if method.startswith("edit"):
            return self._edit(method, values)
        if method.startswith("delete"):
            return self._delete(method, values)
        return self._send(method, values, files)

    def _refused(self, values: Mapping[str, Any]) -> web.Response | None:
        """Return why the bot may change nothing there."""
        if self.upgraded_to and str(values["chat_id"]) != str(self.upgraded_to):
            parameters = {"migrate_to_chat_id": self.upgraded_to}
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            return refusal(400, said, parameters)
        if not self._is_here(values):
            return refusal(400, "Bad Request: chat not found")
        if self.member["status"] == "kicked":
            return refusal(403, "Forbidden: bot was kicked from the channel chat")
        if self.chat["type"] == "channel" and not self.member.get("can_post_messages"):
            said = "Bad Request: need administrator rights in the channel chat"
            return refusal(400, said)
        return None

    def _send(
        self, method: str, values: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]]
    ) -> web.Response:
        reply_to = values.get("reply_parameters", {}).get("message_id", 0)
        if reply_to and reply_to not in self.messages:
            return refusal(400, "Bad Request: message to be replied not found")
        preview = values.get("link_preview_options", {}).get("url", "")
        common: dict[str, Any] = {
            "silent": values.get("disable_notification", False),
            "reply_to": reply_to,
            "preview": preview,
            "at": self.clock.now(),
        }
        if method == "sendMessage":
            return self._keep([values.get("text", "")], [], common, most=4096)
        if method in {"sendPhoto", "sendVideo"}:
            file = files[method.removeprefix("send").lower()]
            return self._keep([values.get("caption", "")], [file], common, most=1024)
        album = values["media"]
        if not 2 <= len(album) <= 10 or any(one["type"] != "photo" for one in album):
            return refusal(400, "Bad Request: wrong number of items in the album")
        named = [files[one["media"].removeprefix("attach://")] for one in album]
        captions = [one.get("caption", "") for one in album]
        return self._keep(captions, named, common, most=1024)

    def _keep(
        self,
        texts: list[str],
        photos: list[tuple[str, bytes]],
        common: dict[str, Any],
        *,
        most: int,
    ) -> web.Response:
        texts = [clean(text) for text in texts]
        if not photos and not texts[0]:
            return refusal(400, "Bad Request: message text is empty")
        if any(units(text) > most for text in texts):
            what = "message caption" if photos else "message"
            return refusal(400, f"Bad Request: {what} is too long")
        for name, photo in photos:
            if len(photo) > (50_000_000 if name.endswith(".mp4") else 10_000_000):
                return refusal(413, "Request Entity Too Large")
            if photo.startswith(b"broken"):
                return refusal(400, "Bad Request: IMAGE_PROCESS_FAILED")
        album = f"album{self._count}" if len(photos) > 1 else ""
        made = []
        for nth, text in enumerate(texts):
            self._count += 1
            name, photo = photos[nth] if photos else ("", b"")
            message = Message(
                id=self._count, text=text, photo=photo, filename=name, album=album, **common
            )
            self.messages[message.id] = message
            made.append(self._shown(message))
        return done(made if album else made[0])

    def _shown(self, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "message_id": message.id,
            "date": int(message.at.timestamp()),
            "chat": self.chat,
        }
        if message.photo:
            is_video = message.filename.endswith(".mp4")
            kind = {"video": {"file_id": "x"}} if is_video else {"photo": [{"file_id": "x"}]}
            return shown | kind | {"caption": message.text}
        return shown | {"text": message.text}

    def _edit(self, method: str, values: Mapping[str, Any]) -> web.Response:
        message = self.messages.get(values["message_id"])
        if message is None:
            return refusal(400, "Bad Request: message to edit not found")
        in_caption = method == "editMessageCaption"
        if not in_caption and message.photo:
            return refusal(400, "Bad Request: there is no text in the message to edit")
        if in_caption and not message.photo:
            return refusal(400, "Bad Request: there is no caption in the message to edit")
        text = clean(values["caption" if in_caption else "text"])
        if units(text) > (1024 if in_caption else 4096):
            return refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        if text == message.text:
            said = "message is not modified: specified new message content and reply markup are"
            return refusal(400, f"Bad Request: {said} exactly the same as a current content")
        message.text = text
        return done(self._shown(message))

    def _delete(self, method: str, values: Mapping[str, Any]) -> web.Response:
        wanted = values["message_ids"] if method == "deleteMessages" else [values["message_id"]]
        found = [self.messages[one] for one in wanted if one in self.messages]
        if not found and method == "deleteMessage":
            return refusal(400, "Bad Request: message to delete not found")
        late = any(self.clock.now() - one.at > DELETES_WITHIN for one in found)
        if late and self.chat["type"] != "channel":
            return refusal(400, "Bad Request: message can't be deleted for everyone")
        for one in found:
            del self.messages[one.id]
        return done(True)


def clean(text: str) -> str:
    """Return *text* as Telegram keeps it: no control characters, nothing around it."""
    return _REMOVED.sub("", _CONTROLS.sub(" ", text)).strip()


def units(text: str) -> int:
    """Return the length that Telegram limits."""
    return len(text.encode("utf-16-le")) // 2


def done(result: Any) -> web.Response:
    """Make the answer to what was done."""
    return web.json_response({"ok": True, "result": result})


def refusal(
    status: int, description: str, parameters: Mapping[str, Any] | None = None
) -> web.Response:
    """Make an error as the Bot API words it."""
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response(
        body | ({"parameters": parameters} if parameters else {}), status=status
    )


def refused(status: int, description: str, **parameters: int) -> Canned:
    """Make an error to be put by."""
    body = {"ok": False, "error_code": status, "description": description}
    return Canned(status=status, body=json.dumps(body | {"parameters": parameters}), times=9)


def _attached(values: Mapping[str, Any]) -> set[str]:
    return {one["media"].removeprefix("attach://") for one in values.get("media", ())}


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """Return the parameters and the files of a request, which is JSON or a form."""
    if request.content_type == "application/json":
        return await request.json(), {}
    assert request.content_type == "multipart/form-data"
    values: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
        elif name in {"caption", "text"} or name == "chat_id":
            values[name] = value
        else:
            values[name] = json.loads(value)
    return values, files


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[TelegramServer]:
    """Run the Bot API on a free port of loopback."""
    server = TelegramServer(clock)
    async with run(server):
        yield server
