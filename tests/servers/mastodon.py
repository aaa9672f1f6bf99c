"""A server on loopback that speaks Mastodon's documented API, and can be as rude as real ones.

It keeps what was posted, checks what it gets (a wrong client fails), and takes on the measured
behaviour of a real server by name. A fault is put before a request, and spent by it.
"""

from __future__ import annotations

import asyncio
import html
import json
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum
from typing import Any

import regex
from aiohttp import web

from herald.ports import Clock

TOKEN = "a-token-that-must-never-be-seen"
ACCOUNT = "1001"
KEY_LIFETIME = timedelta(hours=1)

_URL = regex.compile(r"https?://[^\s<>\"]+")
_MENTION = regex.compile(r"(?<![\w/])@([\w.-]+)@([\w-]+(?:\.[\w-]+)+)")
_HASHTAG = regex.compile(r"(?<![\w&/])#(\w+)")
_VISIBILITIES = {"public", "unlisted", "private", "direct"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What one real server does differently from the documentation."""

    name: str
    version: str
    source_url: str = ""
    """Told by ``/api/v2/instance`` where the server has it."""
    instance_v2: int = 200
    remembers_keys: bool = False
    """One Idempotency-Key, one post, for an hour."""
    takes_forms: bool = True
    """False: a form makes an empty post, and 200."""
    keeps_language: bool = True
    source: str = "given"
    """``given``, ``missing`` (404) or ``broken`` (the connection ends)."""
    limit: int = 500
    too_long: int | None = 422
    """The status for a text over the limit; None: not enforced."""
    url_length: int = 23
    media_most: int = 4
    alt_limit: int = 1500
    media_again: int = 422
    """The status when a picture is posted a second time; 200 allows it."""
    processes_media: bool = False
    """A picture is answered with 202, and 206 until it is ready."""
    plain_bad_token: bool = False
    """A bad token is 400 and plain text."""
    wants_user_agent: bool = False
    """418 without one."""
    has_retry_after: bool = True
    uuids: bool = False
    links_with_spans: bool = False


MASTODON = Behaviour(
    name="mastodon",
    version="4.5.2",
    source_url="https://github.com/mastodon/mastodon",
    remembers_keys=True,
    processes_media=True,
    links_with_spans=True,
)
GOTOSOCIAL = Behaviour(
    name="gotosocial",
    version="0.20.0+git-1a2b3c4",
    source_url="https://codeberg.org/superseriousbusiness/gotosocial",
    limit=5000,
    too_long=400,
    url_length=25,
    media_most=6,
    media_again=400,
    wants_user_agent=True,
    has_retry_after=False,
)
# Whether the three below give a status's source was not measured: without it the look-up is
# harder, so they give none here.
HOLLO = Behaviour(
    name="hollo",
    version="4.0.0 (compatible; Hollo 0.4.0)",
    remembers_keys=True,
    takes_forms=False,
    source="missing",
    too_long=None,
    media_again=500,
    uuids=True,
)
TAKAHE = Behaviour(
    name="takahe",
    version="4.0.0 (compatible; Takahe 0.11)",
    instance_v2=500,
    keeps_language=False,
    source="missing",
    too_long=400,
    media_again=200,
    plain_bad_token=True,
    links_with_spans=True,
)
SNAC = Behaviour(
    name="snac",
    version="4.0.0 (not true; really snac 2.38)",
    instance_v2=404,
    keeps_language=False,
    source="broken",
    too_long=None,
    media_again=200,
)
BEHAVIOURS = (MASTODON, GOTOSOCIAL, HOLLO, TAKAHE, SNAC)


class Fault(Enum):
    """What happens to the next post; ``after`` means that it was made."""

    LOST_REPLY = "lost reply"
    DROPPED_BEFORE = "dropped before"
    ERROR_AFTER = "500 after"
    ERROR_BEFORE = "500 before"
    GATEWAY_TIMEOUT_AFTER = "504 after"
    GATEWAY_TIMEOUT_BEFORE = "504 before"
    HANG_AFTER = "hang after"
    HANG_BEFORE = "hang before"
    CUT_AFTER = "answer cut in the middle"
    PAGE_AFTER = "200 and a page instead of JSON"
    OTHER_JSON_AFTER = "200 and other JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """A fixed answer in place of what the server would do."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass(slots=True, kw_only=True)
class Attachment:
    """An uploaded picture."""

    id: str
    content: bytes
    media_type: str
    description: str
    looks_until_ready: int
    posts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A post as the server keeps it."""

    id: str
    text: str
    spoiler: str
    language: str | None
    visibility: str
    created_at: datetime
    media: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class MastodonServer:
    """One server with one account."""

    def __init__(self, behaviour: Behaviour, clock: Clock) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self.clock_ahead = timedelta(0)
        """How much this server's own clock is ahead."""
        self.address = ""
        self.requests: list[Seen] = []
        self.statuses: list[Status] = []
        self.attachments: dict[str, Attachment] = {}
        self.faults: deque[Fault] = deque()
        self.looks_until_ready = 2
        self.keys_wait_for: asyncio.Event | None = None
        """A post is made at once, but its key is known only when this is set: as on Mastodon,
        which writes the key after the post (mastodon/mastodon#21840)."""
        self.paged = asyncio.Event()
        """Set when the account's posts are asked for."""
        self._canned: dict[tuple[str, str], deque[Canned]] = {}
        self._keys: dict[str, tuple[str, datetime]] = {}
        self._count = 0
        self._released = asyncio.Event()

    def can(self, method: str, path: str, canned: Canned) -> None:
        """Answer the next requests for *path* (or below it) with *canned*."""
        waiting = self._canned.setdefault((method, path), deque())
        waiting.extend([canned] * canned.times)

    def counted(self, method: str, path: str) -> int:
        """Return how many such requests arrived."""
        return Counter((seen.method, seen.path) for seen in self.requests)[method, path]

    def now(self) -> datetime:
        """Return the moment on the server's own clock."""
        return self.clock.now() + self.clock_ahead

    def keep(
        self, text: str, *, language: str | None = None, created_at: datetime | None = None
    ) -> Status:
        """Put a post there that somebody made by other means."""
        return self._keep(
            {"status": text, "language": language}, (), created_at=created_at or self.now()
        )

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._gate], client_max_size=20_000_000)
        app.router.add_get("/api/v2/instance", self._instance_v2)
        app.router.add_get("/api/v2/instance/", self._instance_v2)
        app.router.add_get("/api/v1/instance", self._instance_v1)
        app.router.add_get("/api/v1/instance/", self._instance_v1)
        app.router.add_get("/api/v1/accounts/verify_credentials", self._verify)
        app.router.add_get("/api/v1/accounts/{id}/statuses", self._account_statuses)
        app.router.add_post("/api/v2/media", self._upload)
        app.router.add_get("/api/v1/media/{id}", self._media)
        app.router.add_post("/api/v1/statuses", self._create)
        app.router.add_get("/api/v1/statuses/{id}/source", self._source)
        return app

    def release(self) -> None:
        """Let go of requests that hang."""
        self._released.set()

    # what every request passes

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        # A form with files can be read but once.
        body = b"" if request.content_type.startswith("multipart/") else await request.read()
        self.requests.append(
            Seen(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers=dict(request.headers),
                body=body,
            )
        )
        answer = self._refusal(request) or self._from_can(request) or await handler(request)
        if not answer.prepared:
            answer.headers.setdefault("Date", format_datetime(self.now(), usegmt=True))
        return answer  # type: ignore[no-any-return]

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self.behaviour.wants_user_agent and not request.headers.get("User-Agent"):
            return web.json_response({"error": "I'm a teapot: no user-agent sent"}, status=418)
        public = request.path.startswith(("/api/v1/instance", "/api/v2/instance"))
        if public or request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return None
        if self.behaviour.plain_bad_token:
            return web.Response(text="Invalid Bearer token", status=400)
        return web.json_response({"error": "The access token is invalid"}, status=401)

    def _from_can(self, request: web.Request) -> web.Response | None:
        for (method, path), waiting in self._canned.items():
            if waiting and method == request.method and request.path.startswith(path):
                canned = waiting.popleft()
                kind = "application/json" if canned.body[:1] in {"{", "["} else "text/html"
                headers = dict(canned.headers)
                return web.Response(
                    text=canned.body, status=canned.status, headers=headers, content_type=kind
                )
        return None

    # what it says about itself

    async def _instance_v2(self, _: web.Request) -> web.Response:
        match self.behaviour.instance_v2:
            case 404:
                return web.json_response({"error": "not found"}, status=404)
            case 500:
                return web.Response(text="<h1>Server Error</h1>", status=500)
        told = {
            "domain": "social.example.org",
            "version": self.behaviour.version,
            "source_url": self.behaviour.source_url,
            "configuration": self._configuration(),
        }
        if not self.behaviour.source_url:
            del told["source_url"]
        return self._limited(told)

    async def _instance_v1(self, _: web.Request) -> web.Response:
        told = {
            "uri": "social.example.org",
            "version": self.behaviour.version,
            "configuration": self._configuration(),
        }
        return self._limited(told, headers={"Deprecation": "@1668384000"})

    def _configuration(self) -> dict[str, Any]:
        own = self.behaviour
        return {
            "statuses": {
                "max_characters": own.limit,
                "max_media_attachments": own.media_most,
                "characters_reserved_per_url": own.url_length,
            },
            "media_attachments": {
                "supported_mime_types": ["image/jpeg", "image/png", "image/webp"],
                "image_size_limit": 16_777_216,
                "description_limit": own.alt_limit,
            },
        }

    # whose token it is, and what the account has posted

    async def _verify(self, _: web.Request) -> web.Response:
        return self._limited({"id": ACCOUNT, "username": "herald", "acct": "herald"})

    async def _account_statuses(self, request: web.Request) -> web.Response:
        self.paged.set()
        if request.match_info["id"] != ACCOUNT:
            return web.json_response({"error": "Record not found"}, status=404)
        most = min(int(request.query.get("limit", "20")), 40)
        newest_first = sorted(self.statuses, key=lambda one: one.id, reverse=True)
        below = request.query.get("max_id")
        page = [one for one in newest_first if below is None or one.id < below][:most]
        headers = {}
        if page:
            base = f"{self.address}{request.path}"
            headers["Link"] = (
                f'<{base}?max_id={page[-1].id}>; rel="next", <{base}?min_id={page[0].id}>;'
                ' rel="prev"'
            )
        return self._limited([self._shown(one) for one in page], headers=headers)

    async def _source(self, request: web.Request) -> web.Response:
        if self.behaviour.source == "broken":
            return self._drop(request)
        found = [one for one in self.statuses if one.id == request.match_info["id"]]
        if self.behaviour.source == "missing" or not found:
            return web.json_response({"error": "Record not found"}, status=404)
        status = found[0]
        return self._limited({"id": status.id, "text": status.text, "spoiler_text": status.spoiler})

    # pictures

    async def _upload(self, request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            return web.json_response({"error": "file is missing"}, status=422)
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            return web.json_response({"error": "file is missing"}, status=422)
        content = file.file.read()
        file.file.close()
        description = str(form.get("description", ""))
        supported = self._configuration()["media_attachments"]["supported_mime_types"]
        if not content or file.content_type not in supported:
            return web.json_response(
                {"error": f"Validation failed: {file.content_type} is not supported"}, status=422
            )
        if len(description) > self.behaviour.alt_limit:
            return web.json_response({"error": "Description is too long"}, status=422)
        slow = self.behaviour.processes_media
        kept = Attachment(
            id=self._next_id(),
            content=content,
            media_type=file.content_type,
            description=description,
            looks_until_ready=self.looks_until_ready if slow else 0,
        )
        self.attachments[kept.id] = kept
        return self._limited(self._shown_media(kept), status=202 if slow else 200)

    async def _media(self, request: web.Request) -> web.Response:
        kept = self.attachments.get(request.match_info["id"])
        if kept is None:
            return web.json_response({"error": "Record not found"}, status=404)
        if kept.looks_until_ready:
            kept.looks_until_ready -= 1
            return self._limited(self._shown_media(kept), status=206)
        return self._limited(self._shown_media(kept))

    # the post

    async def _create(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return self._drop(request)
            case Fault.ERROR_BEFORE:
                return web.json_response({"error": "Internal server error"}, status=500)
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return self._drop(request)
        answer = await self._made(request)
        if fault is None or answer.status != 200:
            return answer
        return await self._spoiled(request, answer, fault)

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: Fault
    ) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return web.json_response({"error": "Internal server error"}, status=500)
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
                self._drop(request)
                return half
        return self._drop(request)

    async def _made(self, request: web.Request) -> web.Response:
        values = await self._values(request)
        key = request.headers.get("Idempotency-Key")
        if key and (before := self._before(key)):
            return self._limited(self._shown(before))
        media, refused = self._media_of(values)
        if refused := refused or self._fault_in(values, media):
            return refused
        for one in media:
            one.posts += 1
        status = self._keep(values, tuple(media), created_at=self.now())
        if key and self.keys_wait_for:
            await self.keys_wait_for.wait()
        if key:
            self._keys[key] = (status.id, self.now())
        return self._limited(self._shown(status))

    async def _values(self, request: web.Request) -> dict[str, Any]:
        if request.content_type == "application/json":
            values = json.loads(await request.read())
            assert isinstance(values, dict), "a post is a JSON object"
            return values
        if not self.behaviour.takes_forms:
            return {"status": ""}
        form = await request.post()
        values = {name: value for name, value in form.items() if not name.endswith("[]")}
        return values | {"media_ids": form.getall("media_ids[]", [])}

    def _before(self, key: str) -> Status | None:
        if not self.behaviour.remembers_keys or key not in self._keys:
            return None
        status_id, at = self._keys[key]
        if self.now() - at >= KEY_LIFETIME:
            return None
        return next(one for one in self.statuses if one.id == status_id)

    def _media_of(self, values: dict[str, Any]) -> tuple[list[Attachment], web.Response | None]:
        ids = values.get("media_ids") or []
        assert isinstance(ids, list)
        media = [self.attachments[one] for one in ids if one in self.attachments]
        if len(media) != len(ids):
            return media, web.json_response({"error": "Record not found"}, status=404)
        if any(one.looks_until_ready for one in media):
            words = "Cannot attach files that have not finished processing. Try again in a moment!"
            return media, web.json_response({"error": words}, status=422)
        again = self.behaviour.media_again
        if again != 200 and any(one.posts for one in media):
            return media, web.json_response({"error": "media already attached"}, status=again)
        return media, None

    def _fault_in(self, values: dict[str, Any], media: list[Attachment]) -> web.Response | None:
        """Return the refusal of a request that a correct client never makes."""
        text, spoiler = values.get("status") or "", values.get("spoiler_text") or ""
        language = values.get("language")
        fault = ""
        if not text and not media and self.behaviour.takes_forms:
            fault = "Validation failed: Text can't be blank"
        elif values.get("visibility", "public") not in _VISIBILITIES:
            fault = "Validation failed: Visibility is not included in the list"
        elif language is not None and not regex.fullmatch(r"[a-z]{2,3}", language):
            fault = "Validation failed: Language is no ISO 639 code"
        elif len(media) > self.behaviour.media_most:
            fault = "Validation failed: Cannot attach more than 4 files"
        elif values.get("scheduled_at"):
            fault = "this server's own schedule is not to be used"
        if fault:
            return web.json_response({"error": fault}, status=422)
        too_long = self.behaviour.too_long
        if too_long and self.length(spoiler + text) > self.behaviour.limit:
            words = f"Validation failed: Text character limit of {self.behaviour.limit} exceeded"
            return web.json_response({"error": words}, status=too_long)
        return None

    def length(self, text: str) -> int:
        """Count as Mastodon's StatusLengthValidator does."""
        text = _URL.sub("x" * self.behaviour.url_length, text)
        return len(regex.findall(r"\X", _MENTION.sub(r"@\1", text)))

    def _keep(
        self, values: dict[str, Any], media: tuple[Attachment, ...], *, created_at: datetime
    ) -> Status:
        keeps = self.behaviour.keeps_language
        status = Status(
            id=self._next_id(),
            text=values.get("status") or "",
            spoiler=values.get("spoiler_text") or "",
            language=values.get("language") if keeps else None,
            visibility=values.get("visibility", "public"),
            created_at=created_at,
            media=media,
        )
        self.statuses.append(status)
        return status

    # how it shows things

    def _next_id(self) -> str:
        self._count += 1
        if self.behaviour.uuids:
            return str(uuid.UUID(int=(0x0193 << 112) + self._count))
        return str(113_000_000_000_000_000 + self._count)

    def _shown(self, status: Status) -> dict[str, Any]:
        moment = status.created_at.astimezone(UTC)
        return {
            "id": status.id,
            "created_at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "language": status.language,
            "visibility": status.visibility,
            "spoiler_text": status.spoiler,
            "content": self._rendered(status.text),
            "uri": f"{self.address}/users/herald/statuses/{status.id}",
            "url": f"{self.address}/@herald/{status.id}",
            "reblog": None,
            "media_attachments": [self._shown_media(one) for one in status.media],
        }

    def _shown_media(self, kept: Attachment) -> dict[str, Any]:
        ready = not kept.looks_until_ready
        return {
            "id": kept.id,
            "type": "image",
            "url": f"{self.address}/media/{kept.id}" if ready else None,
            "description": kept.description or None,
        }

    def _rendered(self, text: str) -> str:
        """Make HTML of a text: escaped, with links, mentions and hashtags, in paragraphs."""
        pieces, end = [], 0
        for match in regex.finditer(
            f"(?P<url>{_URL.pattern})|(?P<mention>{_MENTION.pattern})|(?P<tag>{_HASHTAG.pattern})",
            text,
        ):
            pieces.append(html.escape(text[end : match.start()]))
            pieces.append(self._link(match))
            end = match.end()
        whole = "".join([*pieces, html.escape(text[end:])])
        paragraphs = [one.replace("\n", "<br />") for one in whole.split("\n\n")]
        return "".join(f"<p>{one}</p>" for one in paragraphs)

    def _link(self, match: Any) -> str:
        found = match.group()
        if match["url"] and self.behaviour.links_with_spans:
            scheme, rest = found.split("://", 1)
            parts = f'<span class="invisible">{scheme}://</span>'
            parts += f'<span class="ellipsis">{html.escape(rest[:30])}</span>'
            parts += f'<span class="invisible">{html.escape(rest[30:])}</span>'
            return f'<a href="{html.escape(found)}" rel="nofollow">{parts}</a>'
        if match["url"]:
            return f'<a href="{html.escape(found)}">{html.escape(found)}</a>'
        if match["mention"]:
            user, _, host = found[1:].partition("@")
            return f'<span class="h-card"><a href="https://{host}/@{user}">@<span>{user}</span></a></span>'
        return f'<a href="{self.address}/tags/{found[1:]}">#<span>{found[1:]}</span></a>'

    # answers

    def _limited(
        self, told: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        """Answer with what is told about the limits of requests."""
        reset = (self.now() + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
        rate = {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": "299",
            "X-RateLimit-Reset": reset,
        }
        return web.json_response(told, status=status, headers={**rate, **(headers or {})})

    def throttled(self, *, wait: timedelta) -> Canned:
        """Return the 429 of this server."""
        reset = (self.now() + wait).isoformat().replace("+00:00", "Z")
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        if self.behaviour.has_retry_after:
            headers["Retry-After"] = str(int(wait.total_seconds()))
        return Canned(status=429, body='{"error": "Too many requests"}', headers=headers)

    @staticmethod
    def _drop(request: web.Request) -> web.Response:
        """End the connection."""
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


@asynccontextmanager
async def serving(behaviour: Behaviour, clock: Clock) -> AsyncIterator[MastodonServer]:
    """Run a server on a free port of loopback."""
    server = MastodonServer(behaviour, clock)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.address = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.release()
        await runner.cleanup()
