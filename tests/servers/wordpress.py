"""A site on loopback that speaks WordPress' REST API as WordPress 6.1 was seen to speak it.

It keeps posts and pictures, gives a taken address a number at its end, keeps what is deleted in
its trash, and can be as badly set up as real sites are. A fault is put before a post, and spent
by it.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned, Fault, Seen

USER = "herald"
PASSWORD = "abcd EFGH 1234 ijkl MNOP 5678"
WARNING = "<br />\n<b>Warning</b>:  Undefined array key [0] in {main} on line <b>7</b><br />\n"
EDITOR = frozenset(
    {
        "edit_posts",
        "publish_posts",
        "upload_files",
        "edit_published_posts",
        "delete_published_posts",
    }
)


@dataclass(slots=True, kw_only=True)
class Post:
    """A post as the site keeps it."""

    id: int
    slug: str
    status: str
    title: str
    content: str
    excerpt: str = ""
    categories: list[int] = field(default_factory=list)
    featured_media: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture as the site keeps it."""

    id: int
    slug: str
    name: str
    alt: str
    caption: str
    content: bytes


class WordPressServer:
    """One site with one user of Herald's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.host = ""
        self.folder = ""
        """Where on its host the site stands, such as ``/museum``."""
        self.speaking_addresses = True
        self.names_api = True
        """Its first page says where the API is."""
        self.noisy = False
        """Its PHP writes warnings before every answer."""
        self.passes_password_on = True
        """False: the web server drops the Authorization header."""
        self.rights = EDITOR
        self.has_trash = True
        self.upload_most = 8_000_000
        self.translates = False
        """A plugin for translations shows the posts of the asked language alone."""
        self.caches = False
        """Something before it answers a repeated question as it did the first time."""
        self.requests: list[Seen] = []
        self.posts: list[Post] = []
        self.uploads: list[Upload] = []
        self.categories = {1: "Uncategorized", 7: "News &amp; events"}
        self.faults: deque[Fault] = deque()
        self._canned: dict[tuple[str, str], deque[Canned]] = {}
        self._released = asyncio.Event()
        self._cached: dict[str, str] = {}

    @property
    def address(self) -> str:
        """Where the site begins."""
        return self.host + self.folder

    def can(self, method: str, route: str, canned: Canned) -> None:
        """Answer the next requests for *route* with *canned*."""
        self._canned.setdefault((method, route), deque()).extend([canned] * canned.times)

    def counted(self, method: str, route: str) -> int:
        """Return how many such requests arrived."""
        return Counter((seen.method, seen.path) for seen in self.requests)[method, route]

    def release(self) -> None:
        """Let go of requests that hang."""
        self._released.set()

    def application(self) -> web.Application:
        """Return the one way in."""
        app = web.Application(client_max_size=40_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        route = self._route(request)
        files = request.content_type.startswith("multipart/")
        body = b"" if files else await request.read()
        seen = Seen(
            method=request.method,
            path=route,
            query=dict(request.query),
            headers=dict(request.headers),
            body=body,
        )
        self.requests.append(seen)
        if self.caches and request.method == "GET" and request.path_qs in self._cached:
            return web.Response(text=self._cached[request.path_qs], content_type="application/json")
        waiting = self._canned.get((request.method, route))
        answer = _from_can(waiting.popleft()) if waiting else await self._told(request, route)
        if request.method == "GET" and isinstance(answer, web.Response) and answer.status == 200:
            self._cached[request.path_qs] = answer.text or ""
        if not answer.prepared:
            answer.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
            if self.noisy and isinstance(answer, web.Response) and answer.text:
                answer.text = WARNING + answer.text
        return answer

    def _route(self, request: web.Request) -> str:
        """Return the route of the API; ``page`` for a page, ``nothing`` for what is not there."""
        path = request.path.removeprefix(self.folder)
        if not request.path.startswith(self.folder):
            return "nothing"
        if "rest_route" in request.query and path in {"", "/"}:
            return request.query["rest_route"].strip("/") or "index"
        if path.startswith("/wp-json") and self.speaking_addresses:
            return path.removeprefix("/wp-json").strip("/") or "index"
        return "page" if path in {"", "/"} else "nothing"

    async def _told(self, request: web.Request, route: str) -> web.StreamResponse:
        name, _, number = route.removeprefix("wp/v2/").partition("/")
        reads: dict[str, Any] = {
            "page": self._page,
            "index": lambda: web.json_response({"namespaces": ["oembed/1.0", "wp/v2"]}),
            "users": lambda: self._me(request),
            "categories": lambda: self._categories(request),
            "media": lambda: self._media(request),
            "posts": lambda: self._post(request, number) if number else self._posts(request),
        }
        writes: dict[tuple[str, str], Any] = {
            ("POST", "posts"): lambda body: self._create(request, body),
            ("POST", "posts/"): lambda body: self._edit(request, number, body),
            ("DELETE", "posts/"): lambda _: self._delete(request, number),
        }
        if request.method == "GET" and name in reads:
            answer: web.Response = reads[name]()
            return answer
        if (request.method, route) == ("POST", "wp/v2/media"):
            return await self._upload(request)
        if act := writes.get((request.method, f"{name}/" if number else name)):
            return await self._faulty(request, act)
        if route == "nothing":
            return web.Response(text="<h1>Not Found</h1>", status=404, content_type="text/html")
        return refusal(404, "rest_no_route", "No route was found matching the URL.")

    def _page(self) -> web.Response:
        root = f"{self.address}/wp-json/"
        if not self.speaking_addresses:
            root = f"{self.address}/?rest_route=/"
        headers = {"Link": f'<{root}>; rel="https://api.w.org/"'} if self.names_api else {}
        return web.Response(
            text="<title>A museum</title>", content_type="text/html", headers=headers
        )

    # who asks

    def _knows(self, request: web.Request) -> bool:
        keys = {
            b64encode(f"{USER}:{spelled}".encode()).decode()
            for spelled in (PASSWORD, PASSWORD.replace(" ", ""))
        }
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        return self.passes_password_on and given in keys

    def _refused(self, request: web.Request, right: str) -> web.Response | None:
        if self._knows(request) and right in self.rights:
            return None
        status = 403 if self._knows(request) else 401
        words = "Sorry, you are not allowed to create posts as this user."
        code = {"publish_posts": "rest_cannot_publish"}.get(right, "rest_cannot_create")
        return refusal(status, code, words)

    def _me(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return refusal(401, "rest_not_logged_in", "You are not currently logged in.")
        rights = dict.fromkeys(self.rights, True)
        return web.json_response({"id": 2, "username": USER, "capabilities": rights})

    # posts

    def _posts(self, request: web.Request) -> web.Response:
        asked = request.query
        if not self._knows(request):
            if asked.get("status", "publish") != "publish":
                words = "Invalid parameter(s): status"
                return refusal(
                    400, "rest_invalid_param", words, params={"status": "Status is forbidden."}
                )
            return refusal(
                401, "rest_forbidden_context", "Sorry, you are not allowed to edit posts."
            )
        statuses = asked.get("status", "publish").split(",")
        if "any" in statuses:
            statuses += ["publish", "draft", "future", "pending", "private"]
        slugs = asked["slug"].split(",") if "slug" in asked else None
        found = [
            post
            for post in self.posts
            if post.status in statuses
            and (slugs is None or post.slug in slugs)
            and (not self.translates or post.language == asked.get("lang", "en"))
        ]
        return web.json_response([self._shown(post) for post in found])

    def _post(self, request: web.Request, number: str) -> web.Response:
        post = self._of(number)
        if post is None:
            return refusal(404, "rest_post_invalid_id", "Invalid post ID.")
        if not self._knows(request):
            return refusal(
                401, "rest_forbidden_context", "Sorry, you are not allowed to edit this post."
            )
        return web.json_response(self._shown(post))

    def _create(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        refused = self._refused(request, "edit_posts")
        if body["status"] == "publish":
            refused = refused or self._refused(request, "publish_posts")
        if refused:
            return refused
        if "date" in body or not body["title"] or not body["content"]:
            return refusal(400, "rest_invalid_param", "Invalid parameter(s)")
        taken = {post.slug for post in self.posts}
        slug, number = body["slug"], 2
        while slug in taken:
            slug, number = f"{body['slug']}-{number}", number + 1
        post = Post(
            id=100 + len(self.posts),
            slug=slug,
            status=body["status"],
            title=body["title"],
            content=body["content"],
            excerpt=body["excerpt"],
            categories=body.get("categories", [1]),
            featured_media=body.get("featured_media", 0),
            language=request.query.get("lang", "en"),
        )
        self.posts.append(post)
        return web.json_response(self._shown(post), status=201)

    def _edit(self, request: web.Request, number: str, body: dict[str, Any]) -> web.Response:
        post = self._of(number)
        if post is None:
            return refusal(404, "rest_post_invalid_id", "Invalid post ID.")
        if not self._knows(request) or "edit_published_posts" not in self.rights:
            status = 403 if self._knows(request) else 401  # rest_authorization_required_code()
            words = "Sorry, you are not allowed to edit this post."
            return refusal(status, "rest_cannot_edit", words)
        post.title, post.content = body["title"], body["content"]
        post.featured_media = body.get("featured_media", post.featured_media)
        return web.json_response(self._shown(post))

    def _delete(self, request: web.Request, number: str) -> web.Response:
        post = self._of(number)
        if post is None:
            return refusal(404, "rest_post_invalid_id", "Invalid post ID.")
        if not self._knows(request):
            return refusal(
                401, "rest_cannot_delete", "Sorry, you are not allowed to delete this post."
            )
        if not self.has_trash:
            words = "The post does not support trashing. Set 'force=true' to delete."
            return refusal(501, "rest_trash_not_supported", words)
        if post.status == "trash":
            return refusal(410, "rest_already_trashed", "The post has already been deleted.")
        post.status, post.slug = "trash", f"{post.slug}__trashed"
        return web.json_response(self._shown(post))

    def _of(self, number: str) -> Post | None:
        return next((post for post in self.posts if str(post.id) == number), None)

    def _shown(self, post: Post) -> dict[str, Any]:
        link = f"{self.address}/{post.slug}/"
        return {
            "id": post.id,
            "slug": post.slug,
            "status": post.status,
            "link": link if post.status == "publish" else f"{self.address}/?p={post.id}",
            "title": {"raw": post.title, "rendered": post.title},
            "content": {"raw": post.content, "rendered": f"{post.content}\n"},
        }

    # what belongs to them

    def _categories(self, request: web.Request) -> web.Response:
        told = [{"id": n, "name": name, "slug": ""} for n, name in self.categories.items()]
        sought = request.query["search"].casefold().partition(" ")[0]
        return web.json_response([one for one in told if sought in one["name"].casefold()])

    def _media(self, request: web.Request) -> web.Response:
        slug = request.query["slug"]
        return web.json_response([self._picture(one) for one in self.uploads if one.slug == slug])

    async def _upload(self, request: web.Request) -> web.Response:
        fields = await request.post()
        if refused := self._refused(request, "upload_files"):
            return refused
        file = fields["file"]
        assert isinstance(file, web.FileField)
        content = file.file.read()
        if len(content) > self.upload_most:
            return web.Response(text="<h1>413</h1>", status=413, content_type="text/html")
        if not re.fullmatch(r"[\w-]+\.(jpg|png|gif|webp|mp4|webm)", file.filename):
            words = "Sorry, you are not allowed to upload this file type."
            return refusal(500, "rest_upload_unknown_error", words)
        made = Upload(
            id=500 + len(self.uploads),
            slug=str(fields["slug"]),
            name=file.filename,
            alt=str(fields["alt_text"]),
            caption=str(fields["caption"]),
            content=content,
        )
        self.uploads.append(made)
        return web.json_response(self._picture(made), status=201)

    def _picture(self, one: Upload) -> dict[str, Any]:
        address = f"{self.address}/wp-content/uploads/{one.name}"
        size = {"width": 640, "height": 480}
        return {"id": one.id, "slug": one.slug, "source_url": address, "media_details": size}

    # what goes wrong

    async def _faulty(self, request: web.Request, act: Any) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return _drop(request)
            case Fault.ERROR_BEFORE:
                return refusal(500, "internal_server_error", "There has been a critical error.")
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return _page(504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return _drop(request)
        body = await request.read()
        answer = act(json.loads(body) if body else {})
        if fault is None or answer.status >= 400:
            return answer  # type: ignore[no-any-return]
        return await self._spoiled(request, answer, fault)

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: Fault
    ) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return refusal(500, "internal_server_error", "There has been a critical error.")
            case Fault.GATEWAY_TIMEOUT_AFTER:
                return _page(504)
            case Fault.PAGE_AFTER:
                return _page(200)
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


def refusal(status: int, code: str, words: str, **more: Any) -> web.Response:
    """Make an error as WordPress words it."""
    told = {"code": code, "message": words, "data": {"status": status, **more}}
    return web.json_response(told, status=status)


def _page(status: int) -> web.Response:
    return web.Response(
        text="<h1>Told by a web server</h1>", status=status, content_type="text/html"
    )


def _from_can(canned: Canned) -> web.Response:
    kind = "application/json" if canned.body[:1] in {"{", "["} else "text/html"
    headers = dict(canned.headers)
    return web.Response(text=canned.body, status=canned.status, headers=headers, content_type=kind)


def _drop(request: web.Request) -> web.Response:
    """End the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(clock: Clock) -> AsyncIterator[WordPressServer]:
    """Run a site on a free port of loopback."""
    server = WordPressServer(clock)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.host = f"http://{host}:{port}"
    try:
        yield server
    finally:
        server.release()
        await runner.cleanup()
