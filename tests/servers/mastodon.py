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
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
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
    always_says: str = ""
    """The language that it shows of every post, whatever was sent."""
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
    numbers: bool = False
    """Ids are numbers and no strings."""
    links_with_spans: bool = False
    counts_urls: bool = False
    """An address counts as it is written, whatever it says of addresses."""
    needs_media: bool = False
    """403 for a post that has no picture and answers nothing."""
    key_again: int = 200
    """The status of a second request with one key; the key counts even if no post came of it."""
    media_lookup: int = 200
    """The status when one asks for a picture."""
    reads_markdown: bool = False
    edits: int = 200
    """The status of an edit; 404: it is not enabled there."""
    tells_edits: bool = True
    """It shows when a post was edited."""
    unknown: int = 404
    """The status for a post that is not there; 500 is a page."""
    boost_again: str = "same"
    """``same`` (no second), ``second`` (a second one, 200) or ``error`` (500)."""
    boost_shows: str = "boost"
    """``boost`` or ``original``: what a boost is answered with."""
    tells_scopes: bool = False
    deletes_quietly: bool = False
    """A deletion is answered with an empty list."""


MASTODON = Behaviour(
    name="mastodon",
    version="4.5.2",
    source_url="https://github.com/mastodon/mastodon",
    remembers_keys=True,
    processes_media=True,
    links_with_spans=True,
    tells_scopes=True,
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
    boost_again="second",
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
    boost_again="error",
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
    unknown=500,
)
SNAC = Behaviour(
    name="snac",
    version="4.0.0 (not true; really snac 2.38)",
    instance_v2=404,
    keeps_language=False,
    source="broken",
    too_long=None,
    media_again=200,
    tells_edits=False,
)
# The two below are after their source: Pixelfed's ApiV1Controller and StatusEditController of 2024,
# Friendica's Api/Mastodon/Statuses of 2021, which finds out languages by itself (later ones keep
# what was said) and has no newer address for what it says about itself.
PIXELFED = Behaviour(
    name="pixelfed",
    version="3.5.3 (compatible; Pixelfed 0.11.13)",
    source_url="https://github.com/pixelfed/pixelfed",
    keeps_language=False,
    always_says="en",
    source="missing",
    alt_limit=1000,
    counts_urls=True,
    needs_media=True,
    key_again=400,
    media_again=422,
    media_lookup=405,
    edits=404,
    tells_edits=False,
    boost_shows="original",
)
FRIENDICA = Behaviour(
    name="friendica",
    version="2.8.0 (compatible; Friendica 2022.12)",
    instance_v2=404,
    keeps_language=False,
    too_long=None,
    limit=200_000,
    media_most=99,
    media_again=200,
    numbers=True,
    reads_markdown=True,
    tells_edits=False,
    deletes_quietly=True,
)
BEHAVIOURS = (MASTODON, GOTOSOCIAL, HOLLO, TAKAHE, SNAC, PIXELFED, FRIENDICA)


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
    author: str = "herald"
    """The account; one of another server has an ``@``."""
    answers: str | None = None
    edited_at: datetime | None = None
    boosts: int = 0
    likes: int = 0
    replies: int = 0
    others_url: str = ""
    """Where a post of another server stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """The account's own boost of a post."""

    id: str
    of: str
    created_at: datetime


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
        self.others: list[Status] = []
        """Posts of other accounts that a search can find."""
        self.boosts: list[Boost] = []
        self.notifications: list[tuple[str, Status, datetime]] = []
        """Kind, post and moment, oldest first."""
        self.scopes = ["write:statuses", "write:media", "read:accounts", "read:statuses"]
        self.profile: dict[str, Any] = {"bot": True, "note": "<p>Run by the museum</p>"}
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

    def another(self, text: str, *, visibility: str = "public", **changes: Any) -> Status:
        """Put a post of another server's account where a search finds it."""
        number = len(self.others) + 1
        values: dict[str, Any] = {
            "id": self._next_id(),
            "text": text,
            "spoiler": "",
            "language": "it",
            "visibility": visibility,
            "created_at": self.now(),
            "author": "risaie@partner.example.org",
            "others_url": f"https://partner.example.org/@risaie/{number}",
        }
        status = Status(**(values | changes))
        self.others.append(status)
        return status

    def notify(self, status: Status, *, kind: str = "mention", at: datetime | None = None) -> None:
        """Tell the account of *status*."""
        self.notifications.append((kind, status, at or self.now()))

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
        app.router.add_get("/api/v1/statuses/{id}", self._status)
        app.router.add_put("/api/v1/statuses/{id}", self._edit)
        app.router.add_delete("/api/v1/statuses/{id}", self._delete)
        app.router.add_post("/api/v1/statuses/{id}/reblog", self._reblog)
        app.router.add_get("/api/v2/search", self._search)
        app.router.add_get("/api/v1/notifications", self._notifications)
        app.router.add_get("/api/v1/apps/verify_credentials", self._verify_app)
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
                "supported_mime_types": ["image/jpeg", "image/png", "image/webp", "video/mp4"],
                "image_size_limit": 16_777_216,
                "image_matrix_limit": 33_177_600,
                "video_size_limit": 40_000_000,
                "description_limit": own.alt_limit,
            },
        }

    # whose token it is, and what the account has posted

    async def _verify(self, _: web.Request) -> web.Response:
        note = regex.sub("<[^>]*>", "", self.profile["note"])
        known = {"id": ACCOUNT, "username": "herald", "acct": "herald", "source": {"note": note}}
        return self._limited(known | self.profile)

    async def _verify_app(self, _: web.Request) -> web.Response:
        told: dict[str, Any] = {"name": "Herald", "website": None}
        return self._limited(
            told | ({"scopes": self.scopes} if self.behaviour.tells_scopes else {})
        )

    async def _notifications(self, request: web.Request) -> web.Response:
        kinds = request.query.getall("types[]", [])
        newest_first = list(enumerate(self.notifications, 1))[::-1]
        below = int(request.query.get("max_id", "999999999"))
        page = [
            (number, kind, status, at)
            for number, (kind, status, at) in newest_first
            if number < below and (not kinds or kind in kinds)
        ]
        shown = [
            {
                "id": str(number),
                "type": kind,
                "created_at": _spelled(at),
                "account": self._account_of(status),
                "status": self._shown(status),
            }
            for number, kind, status, at in page[: int(request.query.get("limit", "20"))]
        ]
        return self._limited(shown)

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

    async def _status(self, request: web.Request) -> web.Response:
        found = self._found(request)
        return self._limited(self._shown(found)) if found else self._not_found()

    def _found(self, request: web.Request) -> Status | None:
        wanted = request.match_info["id"]
        return next((one for one in self.statuses + self.others if one.id == wanted), None)

    def _not_found(self) -> web.Response:
        if self.behaviour.unknown == 500:
            return web.Response(text="<h1>Server Error</h1>", status=500)
        return web.json_response({"error": "Record not found"}, status=404)

    async def _search(self, request: web.Request) -> web.Response:
        wanted = request.query["q"]
        exact = [one for one in self.others + self.statuses if self._url(one) == wanted]
        # A link that is not known is a word like any other.
        found = exact or [one for one in self.others if wanted in one.text]
        assert request.query["resolve"] == "true"
        told = {"accounts": [], "hashtags": [], "statuses": [self._shown(one) for one in found]}
        return self._limited(told)

    # what is done with a post

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._edited)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._deleted)

    async def _reblog(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._boosted)

    async def _edited(self, request: web.Request) -> web.Response:
        if self.behaviour.edits != 200:
            words = {"message": "Post editing is not enabled on this server."}
            return web.json_response(words, status=self.behaviour.edits)
        found = self._found(request)
        if found is None or found not in self.statuses:
            return self._not_found()
        values = await self._values(request)
        named = [str(one) for one in values.get("media_ids") or []]
        media = tuple(one for one in found.media if one.id in named)
        if refused := self._fault_in(values, list(media)):
            return refused
        for told in values.get("media_attributes") or []:
            self.attachments[str(told["id"])].description = told["description"]
        changed = replace(
            found,
            text=values["status"],
            spoiler=values.get("spoiler_text") or "",
            language=values.get("language") if self.behaviour.keeps_language else None,
            media=media,
            edited_at=self.now(),
        )
        self.statuses[self.statuses.index(found)] = changed
        return self._limited(self._shown(changed))

    async def _deleted(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if found is None or found not in self.statuses:
            return self._not_found()
        self.statuses.remove(found)
        if self.behaviour.deletes_quietly:
            return self._limited([])
        return self._limited(self._shown(found) | {"text": found.text})

    async def _boosted(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if found is None or found.visibility not in {"public", "unlisted"}:
            return self._not_found()
        before = [one for one in self.boosts if one.of == found.id]
        if before and self.behaviour.boost_again == "error":
            return web.json_response({"error": "Internal server error"}, status=500)
        if not before or self.behaviour.boost_again == "second":
            before = [Boost(id=self._next_id(), of=found.id, created_at=self.now())]
            self.boosts += before
        if self.behaviour.boost_shows == "original":
            return self._limited(self._shown(found))
        own = {"id": before[0].id, "reblog": self._shown(found)}
        return self._limited(self._shown(found) | own)

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
        if self.behaviour.media_lookup != 200:
            return web.json_response({"message": "Not allowed"}, status=405)
        kept = self.attachments.get(request.match_info["id"])
        if kept is None:
            return web.json_response({"error": "Record not found"}, status=404)
        if kept.looks_until_ready:
            kept.looks_until_ready -= 1
            return self._limited(self._shown_media(kept), status=206)
        return self._limited(self._shown_media(kept))

    # the post

    async def _create(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._made)

    async def _faulty(
        self, request: web.Request, act: Callable[[web.Request], Awaitable[web.Response]]
    ) -> web.StreamResponse:
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
        answer = await act(request)
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
        if key and self.behaviour.key_again != 200:
            if key in self._keys and self.now() - self._keys[key][1] < KEY_LIFETIME:
                words = {"error": "Duplicate idempotency key."}
                return web.json_response(words, status=self.behaviour.key_again)
            self._keys[key] = ("", self.now())
        if self.behaviour.needs_media and not (
            values.get("media_ids") or values.get("in_reply_to_id")
        ):
            return web.json_response({"error": "Empty statuses are not allowed"}, status=403)
        answered = values.get("in_reply_to_id")
        if answered and not any(one.id == str(answered) for one in self.statuses + self.others):
            words = {"error": "The post you are trying to reply to does not appear to exist."}
            return web.json_response(words, status=404)
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
        media = [self.attachments[str(one)] for one in ids if str(one) in self.attachments]
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
        if self.behaviour.counts_urls:
            return len(text)
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
            answers=str(answered) if (answered := values.get("in_reply_to_id")) else None,
        )
        self.statuses.append(status)
        return status

    # how it shows things

    def _next_id(self) -> str:
        self._count += 1
        if self.behaviour.uuids:
            return str(uuid.UUID(int=(0x0193 << 112) + self._count))
        return str(113_000_000_000_000_000 + self._count)

    def _url(self, status: Status) -> str:
        return status.others_url or f"{self.address}/@{status.author}/{status.id}"

    def _id(self, id_: str) -> str | int:
        return int(id_) if self.behaviour.numbers else id_

    def _account_of(self, status: Status) -> dict[str, Any]:
        own = {"id": ACCOUNT, "acct": "herald", "username": "herald"}
        other = {"id": "2002", "acct": status.author, "username": status.author.partition("@")[0]}
        return own if status.author == "herald" else other

    def _shown(self, status: Status) -> dict[str, Any]:
        own = self.behaviour
        told = {
            "id": self._id(status.id),
            "created_at": _spelled(status.created_at),
            "in_reply_to_id": status.answers,
            "language": own.always_says or status.language,
            "visibility": status.visibility,
            "spoiler_text": status.spoiler,
            "content": self._rendered(status.text),
            "uri": self._url(status).replace("/@", "/users/"),
            "url": self._url(status),
            "reblog": None,
            "reblogged": any(one.of == status.id for one in self.boosts),
            "reblogs_count": status.boosts,
            "favourites_count": status.likes,
            "replies_count": status.replies,
            "account": self._account_of(status),
            "media_attachments": [self._shown_media(one) for one in status.media],
        }
        edited = status.edited_at and _spelled(status.edited_at)
        return told | ({"edited_at": edited} if own.tells_edits else {})

    def _shown_media(self, kept: Attachment) -> dict[str, Any]:
        ready = not kept.looks_until_ready
        return {
            "id": self._id(kept.id),
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
        if self.behaviour.reads_markdown:
            whole = regex.sub(r"\*(\S[^*]*)\*", r"<em>\1</em>", whole)
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


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
