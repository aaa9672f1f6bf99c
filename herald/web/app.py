"""Herald's public web pages: health, figures, ways into and out of lists, hubs, pictures.

    app = create_app(herald.health, mailing)
    runner = await serve(app, "127.0.0.1:8460")
    …
    await runner.cleanup()

Tokens stand in its paths, so nothing here logs a path, and no access log is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiohttp import web

from herald import __version__
from herald.errors import HeraldError
from herald.mailing.readers.leaving import Departure
from herald.model.ids import Language
from herald.web.approving import TakesApprovals, add_approving_routes
from herald.web.archive import ShowsLetters, add_archive_routes
from herald.web.joining import TakesSignUps, add_joining_routes
from herald.web.media import ShowsPictures, add_media_routes
from herald.web.metrics import CONTENT_TYPE, Gauge, metrics_page, while_unread
from herald.web.pages import (
    STYLE_HASH,
    left_page,
    notice_page,
    preferred_language,
    question_page,
)
from herald.web.websub import TakesPushes, add_hub_routes

log = logging.getLogger(__name__)

BODY_MOST = 16 * 1024
"""Bytes of a request's body: a one-click form has 26."""

_SECURITY = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{STYLE_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # A token must not travel on to another site.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}

_UNREAD = "what Herald remembers cannot be read, so it sends nothing: its log says why"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HealthReport(Protocol):
    """Whether all is well, and what there is to say about it."""

    @property
    def ok(self) -> bool:
        """Tell whether Herald does what it promises."""
        ...

    def document(self) -> dict[str, Any]:
        """Return what ``/healthz`` answers; it holds no secret and no address."""
        ...


class WayOut(Protocol):
    """Reads the tokens of unsubscribe links and ends subscriptions."""

    async def look(self, token: str) -> Departure | None:
        """Return whose link it is, changing nothing; None for one that was not signed here."""
        ...

    async def leave(self, token: str) -> Departure | None:
        """End the subscription at once; repeating it changes nothing."""
        ...


def create_app(  # noqa: PLR0913  # one for each room that has pages
    health: Callable[[], Awaitable[HealthReport]],
    leaving: WayOut,
    hubs: TakesPushes | None = None,
    figures: Callable[[], Awaitable[Sequence[Gauge]]] | None = None,
    pictures: ShowsPictures | None = None,
    joining: TakesSignUps | None = None,
    letters: ShowsLetters | None = None,
    approving: TakesApprovals | None = None,
    *,
    client_header: str = "",
) -> web.Application:
    """Return the application.

    *health* is asked at every ``/healthz``, *hubs* at ``/websub/…``, *figures* at ``/metrics``,
    *pictures* at ``/media/…``, *joining* at ``/lists/…`` and ``/join/…``, *letters* at
    ``/letters/…``, *approving* at ``/approve/…``. *client_header* is where a proxy names who asks;
    empty trusts none.
    """

    async def healthz(request: web.Request) -> web.Response:
        try:
            report = await health()
        except HeraldError:
            # The log says why; who asks here may be anybody.
            return web.json_response({"ok": False, "store": _UNREAD}, status=503)
        return web.json_response(report.document(), status=200 if report.ok else 503)

    async def ask(request: web.Request) -> web.Response:
        """Show who would leave what. A link scanner follows this link too."""
        departure = await leaving.look(request.match_info["token"])
        if departure is None:
            return _notice(request, "unknown", 404)
        language = _language(request, departure)
        if departure.has_left:
            return _html(left_page(language, departure.list_name))
        return _html(question_page(language, departure.list_name))

    async def leave(request: web.Request) -> web.Response:
        """End the subscription: RFC 8058, and the button on the page above."""
        if not await _is_one_click(request):
            return _notice(request, "unclear", 400)
        departure = await leaving.leave(request.match_info["token"])
        if departure is None:
            return _notice(request, "unknown", 404)
        return _html(left_page(_language(request, departure), departure.list_name))

    app = web.Application(client_max_size=BODY_MOST, middlewares=[_guarded])
    app.on_response_prepare.append(_secure)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/u/{token}", ask)
    app.router.add_post("/u/{token}", leave)
    if figures is not None:
        app.router.add_get("/metrics", _metrics(figures))
    if hubs is not None:
        add_hub_routes(app, hubs)
    if pictures is not None:
        add_media_routes(app, pictures)
    if joining is not None:
        add_joining_routes(app, joining, client_header=client_header)
    if letters is not None:
        add_archive_routes(app, letters)
    if approving is not None:
        add_approving_routes(app, approving)
    return app


async def serve(app: web.Application, listen: str) -> web.AppRunner:
    """Start *app* on an address such as ``127.0.0.1:8460``; ``cleanup()`` of the runner stops it.

    Raises OSError when the address is taken. Signals stay with the caller.
    """
    host, _, port = listen.rpartition(":")
    runner = web.AppRunner(app, access_log=None, handle_signals=False, keepalive_timeout=15)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host.strip("[]") or "127.0.0.1", int(port))
        await site.start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def _metrics(figures: Callable[[], Awaitable[Sequence[Gauge]]]) -> Handler:
    async def metrics(request: web.Request) -> web.Response:
        try:
            page = metrics_page(await figures())
        except HeraldError:
            # Prometheus keeps nothing of an answer that is not 200, and would hear no reason.
            page = metrics_page(while_unread(__version__))
        return web.Response(body=page.encode(), headers={"Content-Type": CONTENT_TYPE})

    return metrics


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what goes wrong with a page that reveals nothing."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _notice(request, "missing", 404)
    except web.HTTPRequestEntityTooLarge:
        return _notice(request, "unclear", 413)
    except web.HTTPException:
        raise
    except HeraldError as error:  # the store is away: as many lines as questions, but short ones
        log.error("page failed", extra={"method": request.method, "why": str(error)})
        return _notice(request, "broken", 503)
    except Exception:  # the edge of the process: see below
        # One broken request must not end the process, nor show its insides.
        log.exception("page failed", extra={"method": request.method})
        return _notice(request, "broken", 500)


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


async def _is_one_click(request: web.Request) -> bool:
    """Tell whether the body is the form that RFC 8058 section 3.2 asks for."""
    if request.content_type not in _FORMS:
        return False
    try:
        form = await request.post()
    except (ValueError, AssertionError, LookupError, UnicodeError):
        return False
    value = form.get("List-Unsubscribe")
    return isinstance(value, str) and value.strip().casefold() == "one-click"


def _language(request: web.Request, departure: Departure) -> Language:
    return departure.language or _accepted(request)


def _accepted(request: web.Request) -> Language:
    return preferred_language(request.headers.get("Accept-Language", ""))


def _notice(request: web.Request, notice: str, status: int) -> web.Response:
    return _html(notice_page(_accepted(request), notice), status=status)


def _html(page: str, *, status: int = 200) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", charset="utf-8")
