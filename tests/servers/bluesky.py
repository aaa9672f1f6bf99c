"""A server on loopback that speaks Bluesky's documented protocol, and can be as rude as real ones.

It keeps what was posted, refuses what a correct client never sends (more strictly than the
reference server where that is lax: facets), and also plays the two directories that know where an
account is. A fault is put before a post, and spent by it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import regex
from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned, Fault, Seen

HANDLE = "salt.example.org"
PASSWORD = "abcd-efgh-ijkl-mnop"
DID = "did:plc:saltsaltsaltsaltsaltsalt"
ACCESS_LIFETIME = timedelta(hours=2)
REFRESH_LIFETIME = timedelta(days=90)
IMAGE_MOST = 2_000_000
POSTS = "app.bsky.feed.post"
REPOSTS = "app.bsky.feed.repost"
PROFILES = "app.bsky.actor.profile"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class BlueskyServer:
    """One personal data server with one account."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.address = ""
        self.password = PASSWORD
        self.active = True
        self.handles: dict[str, str] = {HANDLE: DID}
        """Whom it finds, by handle."""
        self.document: dict[str, Any] | None = None
        """What the directory of accounts holds; None: what is true."""
        self.requests: list[Seen] = []
        self.records: dict[str, dict[str, Any]] = {}
        """Posts by their id."""
        self.reposts: dict[str, dict[str, Any]] = {}
        """By their id."""
        self.others: dict[str, dict[str, Any]] = {}
        """Other accounts' posts, by their URI."""
        self.counts: dict[str, dict[str, int]] = {}
        """What Bluesky's own service counted, by URI."""
        self.notifications: list[dict[str, Any]] = []
        """What it tells of, oldest first."""
        self.profile: dict[str, Any] | None = {
            "description": "Run by the museum",
            "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]},
        }
        self.scope = ""
        """What the sessions' tokens say that they may do, where they say anything."""
        self.blobs: dict[str, dict[str, Any]] = {}
        self.faults: deque[Fault] = deque()
        self._canned: dict[str, deque[Canned]] = {}
        self._tokens: dict[str, tuple[str, datetime]] = {}
        """Kind and end of each token."""
        self._count = 0
        self._released = asyncio.Event()

    def can(self, method: str, canned: Canned) -> None:
        """Answer the next requests for *method* with *canned*."""
        self._canned.setdefault(method, deque()).extend([canned] * canned.times)

    def counted(self, method: str) -> int:
        """Return how many requests for *method* arrived."""
        return Counter(seen.path for seen in self.requests)[f"/xrpc/{method}"]

    def forget_tokens(self) -> None:
        """Know no token any more, as after the account withdrew them all."""
        self._tokens.clear()

    def another(self, text: str, *, handle: str = "risaie.example.org") -> str:
        """Put a post of another account there, and return its address."""
        did = self.handles.setdefault(handle, "did:plc:risaierisaierisaierisaie")
        rkey = f"3k{len(self.others) + 2:011d}".translate(str.maketrans("0189", "abcd"))
        self.others[f"at://{did}/app.bsky.feed.post/{rkey}"] = {"text": text}
        return f"https://bsky.app/profile/{handle}/post/{rkey}"

    def notify(self, reason: str, text: str, *, at: datetime, answers: str = "") -> str:
        """Tell the account what somebody wrote, and return its URI."""
        uri = f"at://did:plc:anaanaanaanaanaanaanaana/app.bsky.feed.post/{len(self.notifications)}"
        record: dict[str, Any] = {"text": text, "createdAt": at.isoformat()}
        if answers:
            record["reply"] = {"parent": {"uri": answers, "cid": "x"}, "root": {"uri": answers}}
        told = {
            "uri": uri,
            "reason": reason,
            "author": {"handle": "ana.example.org"},
            "record": record,
            "indexedAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        self.notifications.append(told)
        return uri

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._gate], client_max_size=20_000_000)
        queries: dict[str, Handler] = {
            "com.atproto.repo.getRecord": self._get_record,
            "com.atproto.identity.resolveHandle": self._resolve,
            "com.atproto.server.getSession": self._get_session,
            "app.bsky.feed.getPosts": self._get_posts,
            "app.bsky.notification.listNotifications": self._list_notifications,
        }
        procedures: dict[str, Handler] = {
            "com.atproto.server.createSession": self._create_session,
            "com.atproto.server.refreshSession": self._refresh_session,
            "com.atproto.repo.uploadBlob": self._upload,
            "com.atproto.repo.putRecord": self._put_record,
            "com.atproto.repo.deleteRecord": self._delete_record,
        }
        for name, act in queries.items():
            app.router.add_get(f"/xrpc/{name}", act)
        for name, act in procedures.items():
            app.router.add_post(f"/xrpc/{name}", act)
        app.router.add_get("/{did:did:.*}", self._tell_document)
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
        waiting = self._canned.get(request.path.removeprefix("/xrpc/"))
        answer = _from_can(waiting.popleft()) if waiting else await handler(request)
        if not answer.prepared:
            answer.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
        return answer  # type: ignore[no-any-return]

    # who it is

    async def _create_session(self, request: web.Request) -> web.Response:
        told = await request.json()
        if (told["identifier"], told["password"]) != (HANDLE, self.password):
            return refusal(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    async def _refresh_session(self, request: web.Request) -> web.Response:
        if refused := self._refused(request, "refresh"):
            return refused
        del self._tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        return self._session()

    def _session(self) -> web.Response:
        self._count += 1
        now = self.clock.now()
        access, refresh = f"access.{self._count}.secret", f"refresh.{self._count}.secret"
        if self.scope:
            told = base64.urlsafe_b64encode(json.dumps({"scope": self.scope}).encode()).decode()
            access = f"access{self._count}.{told.rstrip('=')}.secret"
        self._tokens[access] = ("access", now + ACCESS_LIFETIME)
        self._tokens[refresh] = ("refresh", now + REFRESH_LIFETIME)
        return web.json_response(
            {
                "accessJwt": access,
                "refreshJwt": refresh,
                "did": DID,
                "handle": HANDLE,
                "active": self.active,
            }
        )

    def _refused(self, request: web.Request, kind: str) -> web.Response | None:
        given = request.headers.get("Authorization")
        if given is None:
            return refusal(401, "AuthMissing", "Authentication Required")
        of, ends = self._tokens.get(given.removeprefix("Bearer "), ("", self.clock.now()))
        if of != kind:
            return refusal(400, "InvalidToken", "Token could not be verified")
        if self.clock.now() >= ends:
            return refusal(400, "ExpiredToken", "Token has expired")
        return None

    # the directories

    async def _resolve(self, request: web.Request) -> web.Response:
        did = self.handles.get(request.query["handle"])
        if did is None:
            return refusal(400, "HandleNotFound", "Unable to resolve handle")
        return web.json_response({"did": did})

    async def _tell_document(self, request: web.Request) -> web.Response:
        if request.match_info["did"] != DID:
            return web.json_response({"message": "DID not registered"}, status=404)
        return web.json_response(self.document or a_document(self.address))

    # posts

    async def _upload(self, request: web.Request) -> web.Response:
        if refused := self._refused(request, "access"):
            return refused
        content = await request.read()
        if len(content) > 5 * 1024 * 1024:
            return refusal(413, "PayloadTooLarge", "request entity too large")
        cid = "bafkrei" + hashlib.sha256(content).hexdigest()[:52]
        blob = {
            "$type": "blob",
            "ref": {"$link": cid},
            "mimeType": request.content_type,
            "size": len(content),
        }
        self.blobs[cid] = blob
        return web.json_response({"blob": blob})

    async def _get_record(self, request: web.Request) -> web.Response:
        asked = request.query
        repo, collection, rkey = asked["repo"], asked["collection"], asked["rkey"]
        place = f"at://{repo}/{collection}/{rkey}"
        found = self.others.get(place) if repo != DID else self._own(collection).get(rkey)
        if found is None:
            return refusal(400, "RecordNotFound", f"Could not locate record: {place}")
        return web.json_response({**_written(place, found), "value": found})

    def _own(self, collection: str) -> dict[str, dict[str, Any]]:
        profile = {} if self.profile is None else {"self": self.profile}
        kinds = {POSTS: self.records, REPOSTS: self.reposts, PROFILES: profile}
        return kinds[collection]

    async def _put_record(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._put)

    async def _delete_record(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, self._delete)

    async def _faulty(
        self, request: web.Request, act: Callable[[dict[str, Any]], web.Response]
    ) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return _drop(request)
            case Fault.ERROR_BEFORE:
                return refusal(500, "InternalServerError", "Internal Server Error")
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return _drop(request)
        answer = self._refused(request, "access") or act(await request.json())
        if fault is None or answer.status != 200:
            return answer
        return await self._spoiled(request, answer, fault)

    def _delete(self, body: dict[str, Any]) -> web.Response:
        """Delete a record; one that is not there is no error."""
        if body["repo"] != DID:
            return refusal(400, "InvalidRequest", "the repo is another's")
        self._own(body["collection"]).pop(body["rkey"], None)
        return web.json_response({"commit": {"cid": "bafyrei", "rev": "3k"}})

    def _put(self, body: dict[str, Any]) -> web.Response:
        record, rkey, collection = body["record"], body["rkey"], body["collection"]
        place, kept = f"at://{DID}/{collection}/{rkey}", self._own(collection)
        before = kept.get(rkey)
        fault_in = self._fault_in if collection == POSTS else self._fault_in_repost
        wrong = "the repo is another's" if body["repo"] != DID else fault_in(record, rkey)
        if wrong:
            return refusal(400, "InvalidRequest", f"Invalid {collection} record: {wrong}")
        if before is not None and "swapRecord" in body and body["swapRecord"] is None:
            cid = _written(place, before)["cid"]
            return refusal(400, "InvalidSwap", f"Record was at {cid}")
        kept[rkey] = record
        return web.json_response({**_written(place, record), "validationStatus": "valid"})

    def _is_strong(self, ref: dict[str, str]) -> bool:
        """Tell whether *ref* names a record that is there, by URI and content."""
        repo, collection, rkey = ref["uri"].removeprefix("at://").split("/")
        found = self.others.get(ref["uri"]) if repo != DID else self._own(collection).get(rkey)
        return found is not None and _written(ref["uri"], found) == ref

    def _fault_in_repost(self, record: dict[str, Any], rkey: str) -> str:
        faults = {
            "the id is no TID": not _TID.fullmatch(rkey),
            "createdAt must be a valid datetime": not _MOMENT.fullmatch(record["createdAt"]),
            "the subject is no record": not self._is_strong(record["subject"]),
        }
        return next((fault for fault, holds in faults.items() if holds), "")

    # what Bluesky's own service tells, through this server

    async def _get_session(self, request: web.Request) -> web.Response:
        if refused := self._refused(request, "access"):
            return refused
        told = {"did": DID, "handle": HANDLE, "active": self.active}
        rate = {"RateLimit-Limit": "3000", "RateLimit-Remaining": "2990"}
        return web.json_response(told, headers=rate)

    def _not_proxied(self, request: web.Request) -> web.Response | None:
        if request.headers.get("atproto-proxy") != "did:web:api.bsky.app#bsky_appview":
            return refusal(501, "MethodNotImplemented", "Method Not Implemented")
        return self._refused(request, "access")

    async def _get_posts(self, request: web.Request) -> web.Response:
        if refused := self._not_proxied(request):
            return refused
        uris = request.query.getall("uris")
        if len(uris) > 25:
            return refusal(400, "InvalidRequest", "uris must not have more than 25 elements")
        posts = [{"uri": uri, **self.counts[uri]} for uri in uris if uri in self.counts]
        return web.json_response({"posts": posts})

    async def _list_notifications(self, request: web.Request) -> web.Response:
        if refused := self._not_proxied(request):
            return refused
        end = int(request.query.get("cursor", len(self.notifications)))
        begin = max(end - min(int(request.query["limit"]), 100), 0)
        told: dict[str, Any] = {"notifications": self.notifications[begin:end][::-1]}
        return web.json_response(told | ({"cursor": str(begin)} if begin else {}))

    def _fault_in(self, record: dict[str, Any], rkey: str) -> str:
        """Return what the lexicon, or a careful reader of facets, finds wrong; else nothing."""
        text, images = record["text"], record.get("embed", {}).get("images", [])
        langs = record.get("langs", [])
        blobs = [self.blobs.get(one["image"]["ref"]["$link"]) for one in images]
        faults = {
            "the id is no TID": not _TID.fullmatch(rkey),
            "text must not be longer than 300 graphemes": len(regex.findall(r"\X", text)) > 300,
            "text must not be longer than 3000 bytes": len(text.encode()) > 3000,
            "createdAt must be a valid datetime": not _MOMENT.fullmatch(record["createdAt"]),
            "langs must be languages": len(langs) > 3 or not all(map(_LANGUAGE.fullmatch, langs)),
            "images must not have more than 4 elements": len(images) > 4,
            "every image has a description": any("alt" not in one for one in images),
            "could not find blob": None in blobs,
            "image is too large": any(blob and blob["size"] > IMAGE_MOST for blob in blobs),
            "it answers no record": not all(map(self._is_strong, record.get("reply", {}).values())),
            "facets": _facets_fault(text, record.get("facets", [])),
        }
        return next((fault for fault, holds in faults.items() if holds), "")

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: Fault
    ) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return refusal(500, "InternalServerError", "Internal Server Error")
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


def a_document(server: str, **changes: Any) -> dict[str, Any]:
    """Make the document of the account on *server*."""
    service = {
        "id": "#atproto_pds",
        "type": "AtprotoPersonalDataServer",
        "serviceEndpoint": server,
    }
    return {"id": DID, "alsoKnownAs": [f"at://{HANDLE}"], "service": [service], **changes}


def refusal(status: int, name: str, words: str) -> web.Response:
    """Make an error as the protocol words it."""
    return web.json_response({"error": name, "message": words}, status=status)


def throttled(until: datetime) -> Canned:
    """Make the answer to too many requests: until when is told in seconds since 1970."""
    body = json.dumps({"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"})
    headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(until.timestamp()))}
    return Canned(status=429, body=body, headers=headers)


def _facets_fault(text: str, facets: list[dict[str, Any]]) -> bool:
    """Tell whether a facet ends beyond the text, cuts a character in two, or overlaps another."""
    whole, end = text.encode(), 0
    for facet in facets:
        begins, ends = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if not end <= begins < ends <= len(whole):
            return True
        try:
            whole[begins:ends].decode()
        except UnicodeDecodeError:
            return True
        end = ends
    return False


def _written(uri: str, record: Mapping[str, Any]) -> dict[str, str]:
    spelled = json.dumps(record, sort_keys=True).encode()
    return {"uri": uri, "cid": "bafyrei" + hashlib.sha256(spelled).hexdigest()[:52]}


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
async def serving(clock: Clock) -> AsyncIterator[BlueskyServer]:
    """Run a server on a free port of loopback."""
    server = BlueskyServer(clock)
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
