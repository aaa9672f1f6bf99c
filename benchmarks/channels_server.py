"""The networks of the channels benchmark: strict, on the loopback network, in their own process.

    python -m benchmarks.channels_server 0.05   # seconds that an answer takes; prints the port

It speaks what is needed of Mastodon's API, of Matrix' and of Standard Webhooks, refuses what these
refuse, knows every account by its token, and takes a repeat under one key for the first. It speaks
just enough HTTP, so that it costs both sides little. ``/seen`` tells what arrived.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import regex

ROOM = "!benchmark:example.org"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
_ACCOUNT = "account-"
_ACCOUNTS_MOST = 64
_LIMIT = 500
_EVENT_MOST = 65_536
_TOLERANCE = 300
"""Seconds that a signed call may be old, or too early."""
_URL = regex.compile(r"https?://[^\s<>\"]+")
_GRAPHEME = regex.compile(r"\X")
_VISIBILITIES = {"public", "unlisted", "private", "direct"}
_ROOMS = f"/_matrix/client/v3/rooms/{ROOM}"


def token_of(account: int) -> str:
    """Return the token of an account, counted from 0."""
    return f"{_ACCOUNT}{account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Their names in small letters."""
    body: bytes


Told = tuple[int, dict[str, Any]]
"""A status and an object."""


class Refused(Exception):
    """What a correct client never hears."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


@dataclass(slots=True)
class Networks:
    """What all accounts posted."""

    requests: int = 0
    refused: int = 0
    repeats: int = 0
    """Posts that arrived once more under their key."""
    posts: set[tuple[str, str]] = field(default_factory=set)
    """Account and text."""
    doubles: int = 0
    """Posts that an account has already, made once more."""
    _keys: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """What was answered to an account under a key."""

    def answer(self, heard: Heard) -> Told:
        """Do what is asked, or tell why not."""
        path = unquote(urlsplit(heard.path).path).rstrip("/")
        if path == "/seen":
            return 200, self.seen()
        self.requests += 1
        if (heard.method, path) == ("GET", f"{_ROOMS}/state/m.room.encryption"):
            return 404, {"errcode": "M_NOT_FOUND", "error": "Event not found."}
        try:
            return 200, self._told(heard, path)
        except Refused as refused:
            self.refused += 1
            return refused.status, {"error": str(refused)}

    def _told(self, heard: Heard, path: str) -> dict[str, Any]:
        match heard.method, path:
            case "GET", "/api/v2/instance":
                return _instance()
            case "POST", "/api/v1/statuses":
                return self._status(heard)
            case "POST", "/hook":
                return self._call(heard)
            case "POST", "/json":
                return self._notification(heard)
            case "PUT", place if place.startswith(f"{_ROOMS}/send/m.room.message/"):
                return self._event(heard, place.rpartition("/")[2])
        raise Refused(404, "Record not found")

    def seen(self) -> dict[str, int]:
        """Return what arrived so far, in numbers."""
        return {
            "requests": self.requests,
            "refused": self.refused,
            "repeats": self.repeats,
            "posts": len(self.posts),
            "doubles": self.doubles,
        }

    def _keep(self, account: str, text: str, key: str, told: dict[str, Any]) -> dict[str, Any]:
        """Keep a post, unless its key says that it is here already."""
        if key and (before := self._keys.get((account, key))):
            self.repeats += 1
            return before
        if key:
            self._keys[account, key] = told
        if (account, text) in self.posts:
            self.doubles += 1
        self.posts.add((account, text))
        return told

    def _status(self, heard: Heard) -> dict[str, Any]:
        """Make a status (https://docs.joinmastodon.org/methods/statuses/#create)."""
        account, values = _account(heard), _values(heard)
        text, language = values.get("status"), values.get("language")
        if not isinstance(text, str) or not text.strip():
            raise Refused(422, "Validation failed: Text can't be blank")
        if len(_GRAPHEME.findall(_URL.sub("x" * 23, text))) > _LIMIT:
            raise Refused(422, "Validation failed: Text character limit of 500 exceeded")
        if values.get("visibility", "public") not in _VISIBILITIES:
            raise Refused(422, "Validation failed: Visibility is not included in the list")
        if language is not None and not regex.fullmatch(r"[a-z]{2,3}", language):
            raise Refused(422, "Validation failed: Language is no ISO 639 code")
        number = str(113_000_000_000_000_000 + len(self.posts) + self.doubles)
        address = f"https://example.org/@{account}/{number}"
        told = {
            "id": number,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "in_reply_to_id": None,
            "language": language,
            "visibility": values.get("visibility", "public"),
            "spoiler_text": "",
            "sensitive": False,
            "content": f"<p>{text}</p>",
            "uri": address,
            "url": address,
            "reblog": None,
            "account": {"id": account, "username": account, "acct": account},
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
        }
        return self._keep(account, text, heard.headers.get("idempotency-key", ""), told)

    def _event(self, heard: Heard, transaction: str) -> dict[str, Any]:
        """Put a message into the room."""
        account, content = _account(heard), _object(heard)
        if content.get("msgtype") != "m.text" or not isinstance(content.get("body"), str):
            raise Refused(400, "'body' not in content")
        if len(heard.body) > _EVENT_MOST:
            raise Refused(413, "event too large")
        told = {"event_id": f"${sha256(f'{account} {transaction}'.encode()).hexdigest()[:43]}"}
        return self._keep(account, content["body"], transaction, told)

    def _call(self, heard: Heard) -> dict[str, Any]:
        """Take a signed call, after Standard Webhooks."""
        name, stamp = (heard.headers.get(f"webhook-{one}", "") for one in ("id", "timestamp"))
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = hmac.digest(key, f"{name}.{stamp}.".encode() + heard.body, "sha256")
        given = heard.headers.get("webhook-signature", "")
        if not hmac.compare_digest(given, "v1," + base64.b64encode(signed).decode()):
            raise Refused(401, "the signature is wrong")
        if abs(time.time() - int(stamp)) > _TOLERANCE:
            raise Refused(401, "the call is too old")
        told = _object(heard)["data"]
        if told["id"] != name:
            raise Refused(400, "the call is about another post")
        return self._keep("hook", told["text"], name, {"id": f"post-{name[:8]}"})

    def _notification(self, heard: Heard) -> dict[str, Any]:
        """Take what Apprise calls JSON."""
        told = _object(heard)
        if not {"version", "title", "message", "type"} <= told.keys():
            raise Refused(400, "this is no notification")
        return self._keep("json", told["message"], "", {"ok": True})


def _account(heard: Heard) -> str:
    given = heard.headers.get("authorization", "").removeprefix("Bearer ")
    number = given.removeprefix(_ACCOUNT)
    if not given.startswith(_ACCOUNT) or not number.isdigit() or int(number) >= _ACCOUNTS_MOST:
        raise Refused(401, "The access token is invalid")
    return given


def _values(heard: Heard) -> dict[str, Any]:
    """Return a status as JSON or as a form: Mastodon takes both."""
    if heard.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(heard.body.decode(), keep_blank_values=True, strict_parsing=True))
    return _object(heard)


def _object(heard: Heard) -> dict[str, Any]:
    if heard.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(415, "this is no JSON")
    try:
        values = json.loads(heard.body)
    except ValueError as error:
        raise Refused(400, "this is no JSON") from error
    if not isinstance(values, dict):
        raise Refused(400, "this is no JSON object")
    return values


def _instance() -> dict[str, Any]:
    statuses = {"max_characters": _LIMIT, "characters_reserved_per_url": 23}
    return {
        "domain": "example.org",
        "version": "4.5.2",
        "source_url": "https://github.com/mastodon/mastodon",
        "configuration": {"statuses": {**statuses, "max_media_attachments": 4}},
    }


class Connection(asyncio.Protocol):
    """One connection, kept open unless its client asks for the end."""

    def __init__(self, networks: Networks, seconds: float) -> None:
        self._networks = networks
        self._seconds = seconds
        self._heard = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request, at once or after a while."""
        self._heard += data
        while heard := self._taken():
            status, told = self._networks.answer(heard)
            is_last = heard.headers.get("connection", "").casefold() == "close"
            written = _written(status, told, is_last=is_last)
            if self._seconds and heard.path != "/seen":
                loop = asyncio.get_running_loop()
                loop.call_later(self._seconds, self._tell, written, is_last)
            else:
                self._tell(written, is_last)

    def _tell(self, written: bytes, is_last: bool) -> None:
        if self._transport is not None:
            self._transport.write(written)
            if is_last:
                self._transport.close()

    def _taken(self) -> Heard | None:
        """Take the first request from what was heard; None until all of it is there."""
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in named}
        length = int(headers.get("content-length", "0"))
        assert "transfer-encoding" not in headers, "a body without a length"
        if len(rest) < length:
            return None
        self._heard = rest[length:]
        method, path, _ = first.split(" ", 2)
        return Heard(method=method, path=path, headers=headers, body=rest[:length])


def _written(status: int, told: dict[str, Any], *, is_last: bool) -> bytes:
    body, now = json.dumps(told).encode(), datetime.now(UTC)
    reset = (now + timedelta(minutes=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = (
        f"HTTP/1.1 {status} Told\r\n"
        "Content-Type: application/json; charset=utf-8\r\n"
        f"Date: {format_datetime(now, usegmt=True)}\r\n"
        "X-RateLimit-Limit: 300\r\nX-RateLimit-Remaining: 299\r\n"
        f"X-RateLimit-Reset: {reset}\r\n"
        f"Connection: {'close' if is_last else 'keep-alive'}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def main() -> None:
    """Serve until standard input is closed."""
    networks, seconds = Networks(), float(sys.argv[1])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(networks, seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
