"""A server on loopback that speaks LinkedIn's documented Posts and Images API.

It takes only what the documentation allows: version and protocol headers, URNs spelled with %3A,
commentaries in its own text format, where a reserved sign without its backslash ends the text. A
fault is put before a change, and spent by it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned, Fault, Seen

ORGANIZATION = "urn:li:organization:2414183"
TOKEN = "AQX-a-token-that-must-never-be-seen"
REFRESH = "AQW-a-refresh-token-that-must-never-be-seen"
CLIENT = ("77abc", "client-secret-that-must-never-be-seen")
CODE = "a-code-that-works-once"
READ, WRITE = "r_organization_social", "w_organization_social"
SPOKEN = frozenset({"202601", "202605", "202611"})

_ELEMENT = re.compile(
    r"\\(?P<escaped>[\\|{}@\[\]()<>#＃*_~])"
    r"|(?P<tag>[#＃]\w+)"
    r"|(?P<plain>[^\\|{}@\[\]()<>#＃*_~]+)"
)
_LONG_LINK = re.compile(r"https?://[^\s]{26,}")


@dataclass(slots=True, kw_only=True)
class Post:
    """A post as LinkedIn keeps it."""

    urn: str
    author: str
    text: str
    """What people read."""
    commentary: str
    """As it is given back."""
    content: dict[str, Any]
    created_at: datetime
    changed_at: datetime


@dataclass(slots=True, kw_only=True)
class Image:
    """A picture that was asked for."""

    urn: str
    content: bytes = b""
    looks_until_ready: int = 1


class LinkedInServer:
    """One page, and one person's token."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.address = ""
        self.rights = {READ, WRITE}
        self.role = "ADMINISTRATOR"
        self.token = TOKEN
        self.refreshes = 0
        self.renews = True
        self.gives_refresh_tokens = True
        self.token_ends = clock.now() + timedelta(days=30)
        self.looks_until_ready = 1
        self.processing_fails = False
        self.shortens_links = False
        self.upload_address = ""
        """Where it wants pictures; '' for itself."""
        self.clock_ahead = timedelta(0)
        self.requests: list[Seen] = []
        self.posts: list[Post] = []
        self.images: dict[str, Image] = {}
        self.faults: deque[Fault] = deque()
        self.deleted: list[str] = []
        self._canned: dict[tuple[str, str], deque[Canned]] = {}
        self._released = asyncio.Event()
        self._count = 0

    def can(self, method: str, path: str, canned: Canned) -> None:
        """Answer the next requests for *path*, or below it, with *canned*."""
        self._canned.setdefault((method, path), deque()).extend([canned] * canned.times)

    def counted(self, method: str, path: str) -> int:
        """Return how many such requests arrived."""
        return Counter((seen.method, seen.path) for seen in self.requests)[method, path]

    def release(self) -> None:
        """Let go of requests that hang."""
        self._released.set()

    def now(self) -> datetime:
        """Return the moment on its own clock."""
        return self.clock.now() + self.clock_ahead

    def keep(self, commentary: str, **content: Any) -> Post:
        """Put a post there that somebody made by other means."""
        return self._keep(ORGANIZATION, commentary, content)

    def application(self) -> web.Application:
        """Return the one way in."""
        app = web.Application(client_max_size=40_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        seen = Seen(
            method=request.method,
            path=request.raw_path.partition("?")[0],
            query=dict(request.query),
            headers=dict(request.headers),
            body=body,
        )
        self.requests.append(seen)
        answer = self._from_can(request) or await self._told(request, seen)
        if not answer.prepared:
            answer.headers.setdefault("Date", format_datetime(self.now(), usegmt=True))
        return answer

    def _from_can(self, request: web.Request) -> web.Response | None:
        for (method, path), waiting in self._canned.items():
            if waiting and method == request.method and request.raw_path.startswith(path):
                canned = waiting.popleft()
                kind = "application/json" if canned.body[:1] in {"{", "["} else "text/html"
                return web.Response(
                    text=canned.body,
                    status=canned.status,
                    headers=dict(canned.headers),
                    content_type=kind,
                )
        return None

    async def _told(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        if seen.path.startswith("/oauth/v2/"):
            return self._sign_in(seen)
        if refused := self._refused(request, seen):
            return refused
        if seen.path.startswith("/upload/"):
            return self._upload(seen)
        _, _, rest = seen.path.partition("/rest/")
        kind, _, key = rest.partition("/")
        urn = unquote(key)
        method = request.headers.get("X-RestLi-Method", "")
        if seen.method == "GET" and kind == "posts":
            return self._find(seen) if method == "FINDER" else self._post(urn)
        changes: dict[tuple[str, str], Any] = {
            ("POST", "PARTIAL_UPDATE"): lambda: self._edit(urn, seen),
            ("DELETE", "DELETE"): lambda: self._delete(urn),
            ("POST", ""): lambda: self._create(seen),
        }
        if kind == "posts" and (act := changes.get((seen.method, method))):
            return await self._faulty(request, act)
        return self._other(seen, kind, urn)

    def _other(self, seen: Seen, kind: str, key: str) -> web.Response:
        if (seen.method, kind, seen.query.get("action")) == ("POST", "images", "initializeUpload"):
            return self._begin_upload(seen)
        if (seen.method, kind) == ("GET", "images"):
            return self._image(key)
        if (seen.method, kind) == ("GET", "socialActions") and self._of(key):
            likes = {"totalLikes": 2, "aggregatedTotalLikes": 3}
            comments = {"totalFirstLevelComments": 1, "aggregatedTotalComments": 4}
            return web.json_response({"likesSummary": likes, "commentsSummary": comments})
        if (seen.method, kind, seen.query.get("q")) == ("GET", "organizationAcls", "roleAssignee"):
            acl = {"organization": ORGANIZATION, "role": self.role, "state": "APPROVED"}
            return web.json_response({"elements": [acl]})
        return refusal(404, "RESOURCE_NOT_FOUND", f"Could not find resource {kind}")

    # who asks

    def _refused(self, request: web.Request, seen: Seen) -> web.Response | None:
        if seen.headers.get("Authorization") != f"Bearer {self.token}":
            return refusal(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
        if seen.path.startswith("/upload/"):
            return None
        version = seen.headers.get("LinkedIn-Version", "")
        if version not in SPOKEN:
            words = f"Requested version {version} is not active"
            return refusal(426, "NONEXISTENT_VERSION", words)
        if seen.headers.get("X-Restli-Protocol-Version") != "2.0.0" or ":" in request.raw_path:
            return refusal(400, "ILLEGAL_ARGUMENT", "Syntax exception in path variables")
        right = READ if seen.method == "GET" and "/rest/posts" in seen.path else ""
        right = WRITE if seen.method != "GET" else right
        if right and right not in self.rights:
            return refusal(403, "ACCESS_DENIED", "Not enough permissions to access: posts")
        return None

    def _sign_in(self, seen: Seen) -> web.Response:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return web.json_response({"error": "invalid_client"}, status=401)
        if seen.path.endswith("/introspectToken"):
            told: dict[str, Any] = {"active": False, "status": "expired"}
            if form["token"] == self.token:
                ends = int(self.token_ends.timestamp())
                told = {"active": True, "expires_at": ends, "scope": ",".join(sorted(self.rights))}
            return web.json_response(told)
        return self._granted(form)

    def _granted(self, form: dict[str, str]) -> web.Response:
        by_code = (form.get("code"), form.get("redirect_uri")) == (CODE, "http://localhost:8461/")
        by_refresh = form.get("refresh_token") == REFRESH and self.renews
        grants = {"authorization_code": by_code, "refresh_token": by_refresh}
        if not grants.get(form["grant_type"]):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if form["grant_type"] == "refresh_token":
            self.refreshes += 1
            self.token = f"AQX-renewed-{self.refreshes}-must-never-be-seen"
        told = {"access_token": self.token, "expires_in": 5_184_000}
        if self.gives_refresh_tokens:
            told["refresh_token"] = REFRESH
        return web.json_response(told)

    # posts

    def _create(self, seen: Seen) -> web.Response:
        body = json.loads(seen.body)
        if fault := self._fault_in(body):
            return refusal(422, "INVALID_VALUE", fault)
        text = read(body["commentary"])
        for post in self.posts:
            if (post.text, _links(post.content)) == (text, _links(body.get("content", {}))):
                return duplicate(post.urn)
        post = self._keep(body["author"], body["commentary"], body.get("content", {}))
        return web.Response(status=201, headers={"x-restli-id": post.urn})

    def _keep(self, author: str, commentary: str, content: dict[str, Any]) -> Post:
        self._count += 1
        post = Post(
            urn=f"urn:li:share:{7_100_000_000_000_000_000 + self._count}",
            author=author,
            text=read(commentary),
            commentary=self._given_back(commentary),
            content=content,
            created_at=self.now(),
            changed_at=self.now(),
        )
        self.posts.append(post)
        return post

    def _given_back(self, commentary: str) -> str:
        if self.shortens_links:
            commentary = _LONG_LINK.sub("https://lnkd.in/dAbCd123", commentary)
        return re.sub(r"(?<!\\)([#＃])(\w+)", r"{hashtag|\\\1|\2}", commentary)

    def _fault_in(self, body: dict[str, Any]) -> str:
        content = body.get("content", {})
        media = [content["media"]] if "media" in content else []
        images = content.get("multiImage", {}).get("images", media)
        ready = {one.urn for one in self.images.values() if one.looks_until_ready <= 0}
        many = content.get("multiImage", {}).get("images")
        faults = {
            "author": body["author"] != ORGANIZATION,
            "commentary exceeded 3000 characters": len(body["commentary"]) > 3000,
            "visibility": body["visibility"] != "PUBLIC",
            "lifecycleState": body["lifecycleState"] != "PUBLISHED",
            "distribution": body["distribution"]["feedDistribution"] != "MAIN_FEED",
            "more than one kind of content": len(content) > 1,
            "multiImage": many is not None and not 2 <= len(many) <= 20,
            "MEDIA_ASSET_WAITING_UPLOAD": any(one["id"] not in ready for one in images),
            "altText": any(len(one.get("altText", "")) > 4086 for one in images),
            "article": "article" in content and not content["article"].get("title"),
            "thumbnail": content.get("article", {}).get("thumbnail", "") not in {"", *ready},
        }
        return next((fault for fault, holds in faults.items() if holds), "")

    def _edit(self, urn: str, seen: Seen) -> web.Response:
        post = self._of(urn)
        if post is None:
            return refusal(404, "NOT_FOUND", "Could not find entity")
        changed = json.loads(seen.body)["patch"]["$set"]
        if set(changed) != {"commentary"}:
            return refusal(422, "FIELD_NOT_EDITABLE", "field cannot be changed")
        post.commentary = self._given_back(changed["commentary"])
        post.text, post.changed_at = read(changed["commentary"]), self.now()
        return web.Response(status=204)

    def _delete(self, urn: str) -> web.Response:
        self.posts = [post for post in self.posts if post.urn != urn]
        self.deleted.append(urn)
        return web.Response(status=204)

    def _of(self, urn: str) -> Post | None:
        return next((post for post in self.posts if post.urn == urn), None)

    def _post(self, urn: str) -> web.Response:
        post = self._of(urn)
        if post is None:
            return refusal(404, "NOT_FOUND", "Could not find entity")
        return web.json_response(_shown(post))

    def _find(self, seen: Seen) -> web.Response:
        if seen.query["q"] != "author" or seen.query["author"] != ORGANIZATION:
            return refusal(400, "ILLEGAL_ARGUMENT", "bad finder")
        start, count = int(seen.query["start"]), int(seen.query["count"])
        if not 1 <= count <= 100:
            return refusal(400, "ILLEGAL_ARGUMENT", "count must be between 1 and 100")
        number = {post.urn: at for at, post in enumerate(self.posts)}
        newest = sorted(self.posts, key=lambda one: (one.changed_at, number[one.urn]), reverse=True)
        page = [_shown(post) for post in newest[start : start + count]]
        return web.json_response({"paging": {"start": start, "count": count}, "elements": page})

    # pictures

    def _begin_upload(self, seen: Seen) -> web.Response:
        if json.loads(seen.body) != {"initializeUploadRequest": {"owner": ORGANIZATION}}:
            return refusal(400, "ILLEGAL_ARGUMENT", "bad owner")
        name = f"D4E{len(self.images)}"
        urn = f"urn:li:image:{name}"
        self.images[name] = Image(urn=urn, looks_until_ready=self.looks_until_ready)
        address = self.upload_address or f"{self.address}/upload/{name}?ca=vector%2Ffeed&sig=a%3Ab"
        return web.json_response({"value": {"uploadUrl": address, "image": urn}})

    def _upload(self, seen: Seen) -> web.Response:
        name = seen.path.rpartition("/")[2]
        if seen.method != "PUT" or seen.query != {"ca": "vector/feed", "sig": "a:b"}:
            return web.Response(status=403)
        self.images[name].content = seen.body
        return web.Response(status=201)

    def _image(self, urn: str) -> web.Response:
        image = self.images[urn.rpartition(":")[2]]
        image.looks_until_ready -= 1
        status = "PROCESSING" if image.looks_until_ready > 0 else "AVAILABLE"
        status = "PROCESSING_FAILED" if self.processing_fails else status
        return web.json_response({"id": urn, "owner": ORGANIZATION, "status": status})

    # what goes wrong

    async def _faulty(self, request: web.Request, act: Any) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return _drop(request)
            case Fault.ERROR_BEFORE:
                return refusal(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return _page(504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return _drop(request)
        answer = act()
        if fault is None or answer.status >= 400:
            return answer  # type: ignore[no-any-return]
        return await self._spoiled(request, fault)

    async def _spoiled(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return refusal(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
            case Fault.GATEWAY_TIMEOUT_AFTER:
                return _page(504)
            case Fault.PAGE_AFTER:
                return _page(200)
            case Fault.OTHER_JSON_AFTER:
                return web.json_response(["ok"])
            case Fault.HANG_AFTER:
                await self._released.wait()
            case Fault.CUT_AFTER:
                half = web.StreamResponse(status=201, headers={"Content-Length": "40"})
                await half.prepare(request)
                await half.write(b"{")
                _drop(request)
                return half
        return _drop(request)


def read(commentary: str) -> str:
    """Return what people see of a commentary: it ends at a reserved sign without a backslash."""
    shown, at = "", 0
    while at < len(commentary) and (match := _ELEMENT.match(commentary, at)):
        shown += match["escaped"] or match["tag"] or match["plain"]
        at = match.end()
    return shown


def refusal(status: int, code: str, words: str) -> web.Response:
    """Make an error as LinkedIn words it."""
    told = {"message": words, "status": status, "code": code, "serviceErrorCode": 100}
    return web.json_response(told, status=status)


def duplicate(urn: str) -> web.Response:
    """Make the answer to a post that the page has just made."""
    told = {
        "message": f"Content is a duplicate of {urn}",
        "status": 422,
        "errorDetails": {"inputErrors": [{"code": "DUPLICATE_POST"}]},
    }
    return web.json_response(told, status=422)


def _links(content: dict[str, Any]) -> str:
    return str(content.get("article", {}).get("source", ""))


def _shown(post: Post) -> dict[str, Any]:
    return {
        "id": post.urn,
        "author": post.author,
        "commentary": post.commentary,
        "content": post.content,
        "createdAt": int(post.created_at.timestamp() * 1000),
        "lastModifiedAt": int(post.changed_at.timestamp() * 1000),
        "lifecycleState": "PUBLISHED",
    }


def _page(status: int) -> web.Response:
    return web.Response(text="<h1>Told by a gateway</h1>", status=status, content_type="text/html")


def _drop(request: web.Request) -> web.Response:
    """End the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[LinkedInServer]:
    """Run a server on a free port of loopback."""
    server = LinkedInServer(clock)
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
