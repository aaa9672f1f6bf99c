"""A server on loopback that speaks Meta's documented Graph interfaces, and can be as rude as it is.

One server is graph.facebook.com with one Page, graph.instagram.com with one professional account or
graph.threads.net with one profile. It keeps what was posted, refuses what a correct client never
sends, and never takes a token in an address. A fault is put before what publishes, and spent by it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned, Fault, Seen

TOKEN = "EAAsaltTOKEN0123456789"
PAGE = "104820511234567"
NAME = "museo.argenta"
ACCOUNT = "17841400000000001"
VERSIONS = {"facebook": "v25.0", "instagram": "v25.0", "threads": "v1.0"}
LIFETIME = timedelta(days=60)
ENDS_AFTER = timedelta(hours=24)

_LINK = re.compile(r"https?://\S+")


@dataclass
class Post:
    """What is published."""

    id: str
    text: str
    at: datetime
    alts: tuple[str, ...] = ()
    link: str = ""
    answers: str = ""


@dataclass
class Container:
    """A post that is made ready, or one of its pictures."""

    id: str
    form: Mapping[str, str]
    made_at: datetime
    state: str = "IN_PROGRESS"
    words: str = ""
    looks: int = 0


@dataclass
class Photo:
    """A picture on a Page that nobody sees yet."""

    id: str
    alt: str
    used: bool = False


@dataclass
class Rules:
    """How the server behaves."""

    looks_until_ready: int = 1
    fails: str = ""
    """What every container comes to in place of being ready: ERROR or EXPIRED."""
    fails_with: str = ""
    hides_containers: bool = False
    """A known fault of Meta's: what is asked for by id is not shown."""
    hides_posts: bool = False
    """A post is published, and not listed yet."""
    quota: int = 100
    tells_quota: bool = True
    refuses_repeats: bool = False
    heeds_since: bool = True
    page_size: int = 100
    renews: bool = True
    renews_with_the_same: bool = False
    """A renewed token is the old one, which lives on: as Instagram often has it."""
    clock_behind: timedelta = field(default_factory=timedelta)


class GraphServer:
    """One server with one account."""

    def __init__(self, network: str, clock: Clock) -> None:
        self.network = network
        self.clock = clock
        self.address = ""
        self.rules = Rules()
        self.token = TOKEN
        self.name = NAME
        self.owner = PAGE if network == "facebook" else ACCOUNT
        self.requests: list[Seen] = []
        self.posts: list[Post] = []
        """What was published, oldest first."""
        self.deleted: list[str] = []
        self.containers: dict[str, Container] = {}
        self.photos: dict[str, Photo] = {}
        self.faults: deque[Fault] = deque()
        self.publishing = 0
        """Requests to publish that arrived."""
        self._canned: dict[tuple[str, str], deque[Canned]] = {}
        self._count = 1000
        self._released = asyncio.Event()

    def can(self, method: str, ending: str, canned: Canned) -> None:
        """Answer the next requests whose path ends so with *canned*."""
        self._canned.setdefault((method, ending), deque()).extend([canned] * canned.times)

    def counted(self, method: str, ending: str) -> int:
        """Return how many such requests arrived."""
        found = Counter((seen.method, seen.path.rpartition("/")[2]) for seen in self.requests)
        return found[method, ending]

    def keep(self, text: str, *, at: datetime | None = None) -> Post:
        """Publish something that Herald did not send."""
        return self._published(text, at=at)

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._gate], client_max_size=50_000_000)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    def release(self) -> None:
        """Let go of requests that hang."""
        self._released.set()

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        is_upload = request.content_type == "multipart/form-data"
        body = b"" if is_upload else await request.read()
        seen = Seen(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=body,
        )
        self.requests.append(seen)
        waiting = next(
            (
                waiting
                for (method, ending), waiting in self._canned.items()
                if waiting and method == request.method and request.path.endswith(ending)
            ),
            None,
        )
        answer = _from_can(waiting.popleft()) if waiting else await handler(request)
        if not answer.prepared:
            there = self.clock.now() - self.rules.clock_behind
            answer.headers.setdefault("Date", format_datetime(there, usegmt=True))
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"].split("/")
        if refused := self._refused(request, version=path[0]):
            return refused
        if path == ["refresh_access_token"]:
            return self._renew(request)
        if request.method == "GET":
            return self._told(request, path[1:]) or missing("/".join(path))
        return await self._made(request, path[1:]) or missing("/".join(path))

    def _refused(self, request: web.Request, *, version: str) -> web.Response | None:
        if "access_token" in request.query:
            return refusal(100, said="this server takes no token in an address")
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return refusal(190, 463, said="Error validating access token: Session has expired")
        if version not in {VERSIONS[self.network], "refresh_access_token"}:
            return refusal(2635, said="(#2635) You are calling a deprecated version of the API")
        return None

    def _told(self, request: web.Request, path: list[str]) -> web.Response | None:
        match path:
            case ["me"]:
                return self._me()
            case [node]:
                return self._node(node, request.query)
            case [node, edge] if node == self.owner:
                return self._edge(edge, request.query)
            case [node, "insights"] if self._post(node):
                return web.json_response({"data": INSIGHTS})
        return None

    async def _made(self, request: web.Request, path: list[str]) -> web.StreamResponse | None:
        match request.method, path:
            case "POST", [self.owner, "photos"]:
                return await self._photo(request)
            case "POST", [self.owner, "feed" | "media_publish" | "threads_publish" as edge]:
                return await self._publish(request, edge)
            case "POST", [self.owner, "media" | "threads"]:
                return self._container(await _form(request))
            case (("POST" | "DELETE"), [node]) if self.network != "instagram":
                return await self._changing(request, node)
        return None

    # who it is

    def _me(self) -> web.Response:
        match self.network:
            case "facebook":
                return web.json_response({"id": self.owner, "name": "Museo di Argenta"})
            case "instagram":
                told = {"user_id": self.owner, "username": self.name}
                return web.json_response({"data": [told]})
        return web.json_response({"id": self.owner, "username": self.name})

    def _renew(self, request: web.Request) -> web.Response:
        grant = {"instagram": "ig_refresh_token", "threads": "th_refresh_token"}[self.network]
        if request.query.get("grant_type") != grant:
            return refusal(100, said="Invalid grant_type")
        if not self.rules.renews:
            return refusal(100, said="the token is less than 24 hours old")
        if not self.rules.renews_with_the_same:
            self.token = f"EAArenewed{self._next()}"
        seconds = int(LIFETIME.total_seconds())
        told = {"access_token": self.token, "token_type": "bearer", "expires_in": seconds}
        return web.json_response(told)

    # what it holds

    def _node(self, node: str, query: Mapping[str, str]) -> web.Response:
        if node == self.owner:
            return web.json_response({"id": node, "name": "Museo di Argenta", "is_published": True})
        if post := self._post(node):
            told = {"id": post.id, "message": post.text, **COUNTS}
            if query.get("fields") == "permalink" and self.network != "facebook":
                told = {"id": post.id, "permalink": permalink(post)}
            return web.json_response(told)
        container = self.containers.get(node)
        if container is None or self.rules.hides_containers:
            return missing(node)
        self._move_on(container)
        state, words = ("status_code", "status")
        if self.network == "threads":
            state, words = ("status", "error_message")
        if set(query.get("fields", "").split(",")) - {"id", state, words}:
            return refusal(100, said="Tried accessing nonexisting field")
        told = {"id": node, state: container.state}
        return web.json_response(told | ({words: container.words} if container.words else {}))

    def _move_on(self, container: Container) -> None:
        if container.state == "PUBLISHED":
            return
        if self.clock.now() - container.made_at >= ENDS_AFTER:
            container.state = "EXPIRED"
        elif container.state == "IN_PROGRESS":
            container.looks += 1
            if container.looks > self.rules.looks_until_ready:
                container.state = self.rules.fails or "FINISHED"
                container.words = self.rules.fails_with

    def _edge(self, edge: str, query: Mapping[str, str]) -> web.Response:
        match self.network, edge:
            case "facebook", "published_posts":
                return self._list(query, "message", "created_time", replies=False)
            case "instagram", "media":
                return self._list(query, "caption", "timestamp", replies=False)
            case "threads", "threads" | "replies":
                return self._list(query, "text", "timestamp", replies=edge == "replies")
            case ("instagram", "content_publishing_limit") | (
                "threads",
                "threads_publishing_limit",
            ):
                return self._limits()
        return missing(edge)

    def _limits(self) -> web.Response:
        if not self.rules.tells_quota:
            return refusal(2, status=500, said="An unexpected error has occurred.")
        limits = {"quota_total": self.rules.quota, "quota_duration": 86_400}
        told = {
            "quota_usage": self._today(answers=False),
            "config": limits,
            "reply_quota_usage": self._today(answers=True),
            "reply_config": limits,
        }
        return web.json_response({"data": [told]})

    def _today(self, *, answers: bool) -> int:
        """Count the posts, or the answers, of the last 24 hours."""
        since = self.clock.now() - timedelta(days=1)
        return sum(post.at > since and bool(post.answers) == answers for post in self.posts)

    def _list(self, query: Mapping[str, str], text: str, at: str, *, replies: bool) -> web.Response:
        """Return a page, the newest first, as Graph pages: the next address holds the token."""
        asked, limit = set(query["fields"].split(",")), int(query.get("limit", "25"))
        if limit > 100:
            return refusal(100, said="limit must be at most 100")
        asked_since = query.get("since", "0") if self.rules.heeds_since else "0"
        since = datetime.fromtimestamp(int(asked_since), tz=UTC)
        held = [
            post
            for post in reversed(self.posts)
            if bool(post.answers) == replies and post.at >= since and not self.rules.hides_posts
        ]
        held = sorted(held, key=lambda post: post.at, reverse=True)
        start = int(query.get("after", "0"))
        stop = start + min(limit, self.rules.page_size)
        shown = []
        for post in held[start:stop]:
            told = {"id": post.id, at: post.at.strftime("%Y-%m-%dT%H:%M:%S+0000")}
            told |= {text: post.text} if post.text else {}
            told |= {"permalink": permalink(post)} if "permalink" in asked else {}
            shown.append({name: value for name, value in told.items() if name in asked})
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(stop)}}
        if stop < len(held):
            paging["next"] = f"https://elsewhere.example/{self.owner}?access_token={self.token}"
        return web.json_response({"data": shown, "paging": paging})

    def _post(self, post_id: str) -> Post | None:
        return next((post for post in self.posts if post.id == post_id), None)

    # what is made ready

    async def _photo(self, request: web.Request) -> web.Response:
        if self.network != "facebook":
            return missing("photos")
        form = await request.post()
        source = form.get("source")
        if not isinstance(source, web.FileField) or form.get("published") != "false":
            return refusal(100, said="a picture of a post is uploaded as source, unpublished")
        if source.content_type not in {"image/jpeg", "image/png"}:
            return refusal(324, 2069019, said="(#324) Missing or invalid image file")
        if len(source.file.read()) > 4_000_000:
            return refusal(1, 1366046, said="photos should be smaller than 4 MB")
        photo = Photo(id=self._next(), alt=str(form.get("alt_text_custom", "")))
        self.photos[photo.id] = photo
        return web.json_response({"id": photo.id})

    def _container(self, form: dict[str, str]) -> web.Response:
        faults = self._instagram_faults if self.network == "instagram" else self._threads_faults
        for (code, subcode, said), holds in faults(form).items():
            if holds:
                return refusal(code, subcode, said=said)
        made = Container(id=self._next(), form=form, made_at=self.clock.now())
        self.containers[made.id] = made
        return web.json_response({"id": made.id})

    def _instagram_faults(self, form: dict[str, str]) -> dict[tuple[int, int, str], bool]:
        known = {"image_url", "alt_text", "caption", "is_carousel_item", "media_type", "children"}
        caption, children = form.get("caption", ""), _split(form.get("children"))
        return {
            (100, 0, "unknown parameter"): bool(set(form) - known),
            (100, 2207010, "the caption was too long"): len(caption) > 2200,
            (100, 2207010, "too many hashtags"): caption.count("#") > 30,
            (100, 0, "alt_text is too long"): len(form.get("alt_text", "")) > 1000,
            (9004, 2207052, "the media could not be fetched"): not self._can_fetch(form, children),
            **self._children_faults(children, form, most=10),
        }

    def _threads_faults(self, form: dict[str, str]) -> dict[tuple[int, int, str], bool]:
        known = {"text", "media_type", "image_url", "alt_text", "is_carousel_item", "children"}
        known |= {"reply_to_id", "link_attachment"}
        text, children = form.get("text", ""), _split(form.get("children"))
        kind = form.get("media_type")
        links = {*_LINK.findall(text), form.get("link_attachment", "")} - {""}
        fetched = kind == "TEXT" or self._can_fetch(form, children)
        answered = form.get("reply_to_id", "")
        return {
            (100, 0, "unknown parameter"): bool(set(form) - known),
            (100, 0, "unknown media_type"): kind not in {"TEXT", "IMAGE", "CAROUSEL"},
            (100, 4279005, "text must be at most 500 characters"): len(text.encode()) > 500,
            (100, 0, "text is needed"): kind == "TEXT" and not text,
            (100, 0, "THREADS_API__LINK_LIMIT_EXCEEDED"): len(links) > 5,
            (100, 0, "a link goes with text alone"): "link_attachment" in form and kind != "TEXT",
            (100, 0, "alt_text is too long"): len(form.get("alt_text", "")) > 1000,
            (24, 4279009, "no such post to answer"): bool(answered and not self._post(answered)),
            (1, 2207052, "the media could not be fetched from this URI"): not fetched,
            **self._children_faults(children, form, most=20),
        }

    def _children_faults(
        self, children: list[str], form: dict[str, str], *, most: int
    ) -> dict[tuple[int, int, str], bool]:
        carousel = form.get("media_type") == "CAROUSEL"
        held = [self.containers.get(child) for child in children]
        return {
            (100, 2207028, "too little or too many attachments"): carousel
            and not 2 <= len(children) <= most,
            (9007, 2207027, "an attachment is not ready"): any(
                one is None or one.state != "FINISHED" or one.form.get("is_carousel_item") != "true"
                for one in held
            ),
        }

    def _can_fetch(self, form: Mapping[str, str], children: list[str]) -> bool:
        address = form.get("image_url", "")
        return bool(children) or address.startswith("https://herald.example.org/")

    # what is published

    async def _publish(self, request: web.Request, edge: str) -> web.StreamResponse:
        self.publishing += 1

        async def act() -> web.Response:
            form = await _form(request)
            return self._feed(form) if edge == "feed" else self._publish_container(form)

        return await self._with_fault(request, act)

    async def _changing(self, request: web.Request, node: str) -> web.StreamResponse:
        async def act() -> web.Response:
            post = self._post(node)
            if post is None:
                return missing(node)
            if request.method == "DELETE":
                self.posts.remove(post)
                self.deleted.append(node)
            else:
                post.text = (await _form(request))["message"]
            return web.json_response({"success": True})

        return await self._with_fault(request, act)

    async def _with_fault(self, request: web.Request, act: Any) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return _drop(request)
            case Fault.ERROR_BEFORE:
                return refusal(2, status=500, said="An unexpected error has occurred.")
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return _drop(request)
        answer = await act()
        if fault is None or answer.status != 200:
            return answer  # type: ignore[no-any-return]
        return await self._spoiled(request, answer, fault)

    def _feed(self, form: dict[str, str]) -> web.Response:
        known = re.compile(r"message|link|attached_media\[\d+\]")
        if not all(known.fullmatch(name) for name in form):
            return refusal(100, said="(#100) unknown parameter")
        text = form.get("message", "")
        attached = [json.loads(form[name])["media_fbid"] for name in sorted(form) if "[" in name]
        photos = [self.photos.get(photo) for photo in attached]
        if len(text) > 63_206 or len(photos) > 10:
            return refusal(100, said="(#100) Name parameter too long")
        if None in photos or ("link" in form and photos):
            return refusal(100, said="(#100) Invalid parameter")
        if any(photo.used for photo in photos if photo):
            return refusal(100, 1366051, said="These photos were already posted.")
        if self.rules.refuses_repeats and self.posts and self.posts[-1].text == text:
            return refusal(506, said="(#506) Duplicate status message")
        for photo in photos:
            if photo:
                photo.used = True
        alts = tuple(photo.alt for photo in photos if photo)
        made = self._published(text, alts=alts, link=form.get("link", ""))
        return web.json_response({"id": made.id})

    def _publish_container(self, form: dict[str, str]) -> web.Response:
        container = self.containers.get(form.get("creation_id", ""))
        if set(form) != {"creation_id"} or container is None:
            return refusal(24, 2207006, said="The media with this id cannot be found.")
        if container.state == "PUBLISHED":
            return refusal(24, 2207006, said="The media with this id was published before.")
        if self.rules.hides_containers:
            container.state = "FINISHED"
        if container.state != "FINISHED":
            subcode = 4279009 if self.network == "threads" else 2207027
            code = 24 if self.network == "threads" else 9007
            return refusal(code, subcode, said="Media ID is not available")
        if self._today(answers="reply_to_id" in container.form) >= self.rules.quota:
            return refusal(9, 2207042, said="You reached maximum number of posts")
        container.state = "PUBLISHED"
        text = container.form.get("caption") or container.form.get("text", "")
        parts = [self.containers[one] for one in _split(container.form.get("children"))]
        shown = [part.form for part in parts or [container] if "image_url" in part.form]
        made = self._published(
            text,
            alts=tuple(one.get("alt_text", "") for one in shown),
            link=container.form.get("link_attachment", ""),
            answers=container.form.get("reply_to_id", ""),
        )
        return web.json_response({"id": made.id})

    def _published(self, text: str, *, at: datetime | None = None, **values: Any) -> Post:
        number = self._next()
        post_id = f"{PAGE}_{number}" if self.network == "facebook" else f"18{number}"
        moment = (at or self.clock.now() - self.rules.clock_behind).replace(microsecond=0)
        made = Post(id=post_id, text=text, at=moment, **values)
        self.posts.append(made)
        return made

    def _next(self) -> str:
        self._count += 1
        return str(self._count)

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: Fault
    ) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return refusal(2, status=500, said="An unexpected error has occurred.")
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


COUNTS = {
    "shares": {"count": 3},
    "reactions": {"data": [], "summary": {"total_count": 12}},
    "comments": {"data": [], "summary": {"total_count": 4}},
    "like_count": 12,
    "comments_count": 4,
}
INSIGHTS = [
    {"name": "likes", "values": [{"value": 12}]},
    {"name": "replies", "values": [{"value": 4}]},
    {"name": "reposts", "values": [{"value": 2}]},
    {"name": "quotes", "values": [{"value": 1}]},
]


def permalink(post: Post) -> str:
    """Return where a post is to be seen."""
    return f"https://www.example.org/p/{post.id}/"


def refusal(
    code: int,
    subcode: int = 0,
    *,
    said: str,
    status: int = 400,
    transient: bool = False,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Make an error as Graph words it."""
    error = {
        "message": said,
        "type": "OAuthException",
        "code": code,
        "is_transient": transient,
        "fbtrace_id": "A6LJylpZRKw2xKLFsAP",
    }
    error |= {"error_subcode": subcode} if subcode else {}
    return web.json_response({"error": error}, status=status, headers=headers)


def missing(what: str) -> web.Response:
    """Make the answer to what is not there, or not shown."""
    said = (
        f"Unsupported request. Object with ID '{what}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation"
    )
    return refusal(100, 33, said=said)


def canned(
    code: int, subcode: int = 0, *, said: str = "no", status: int = 400, **more: Any
) -> Canned:
    """Make an error as Graph words it, for ``GraphServer.can``."""
    answer = refusal(
        code, subcode, said=said, status=status, transient=more.pop("transient", False)
    )
    assert isinstance(answer.body, bytes)
    return Canned(status=status, body=answer.body.decode(), **{"times": 9, **more})


def usage(minutes: int) -> dict[str, str]:
    """Make the header that tells for how long the account has to wait."""
    told = {"type": "pages", "call_count": 100, "estimated_time_to_regain_access": minutes}
    return {"X-Business-Use-Case-Usage": json.dumps({PAGE: [told]})}


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        return {"unknown": request.content_type}
    return dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))


def _split(listed: str | None) -> list[str]:
    return listed.split(",") if listed else []


def _from_can(told: Canned) -> web.Response:
    kind = "application/json" if told.body[:1] in {"{", "["} else "text/html"
    headers = dict(told.headers)
    return web.Response(text=told.body, status=told.status, headers=headers, content_type=kind)


def _drop(request: web.Request) -> web.Response:
    """End the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serving(network: str, clock: Clock) -> AsyncIterator[GraphServer]:
    """Run a server on a free port of loopback."""
    server = GraphServer(network, clock)
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
