"""The address at which networks fetch the pictures of posts.

Only what Herald published for a network is there, under the hash of its bytes: nothing can be
guessed, listed or changed, and no original with its camera's notes is ever shown.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import web

from herald.model.picture import Picture

PLACE = r"/media/{sha256:[0-9a-f]{64}}{ending:(?:\.[a-z0-9]{2,4})?}"
AT_ONCE = 8
"""Pictures in memory at one time; who comes then is asked to try again."""
_SHOWN = ("image/", "video/")
_HEADERS = {
    # The bytes under a hash never change.
    "Cache-Control": "public, max-age=31536000, immutable",
    # Networks' own pages may show it.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class ShowsPictures(Protocol):
    """Knows what was published."""

    async def published(self, sha256: str) -> Picture | None:
        """Return what was published; None for anything else, kept or not."""
        ...


def add_media_routes(app: web.Application, pictures: ShowsPictures) -> None:
    """Let everybody fetch what was published of *pictures* at ``/media/…``."""
    room = asyncio.Semaphore(AT_ONCE)

    async def show(request: web.Request) -> web.Response:
        """Give the picture; whoever has it already is told so."""
        if room.locked():
            return web.Response(status=503, headers={"Retry-After": "5"})
        async with room:
            picture = await pictures.published(request.match_info["sha256"])
        named = request.path.rpartition("/")[2]
        if picture is None or picture.file_name != named or not _is_shown(picture):
            raise web.HTTPNotFound
        tag = f'"{picture.sha256}"'
        headers = {**_HEADERS, "ETag": tag}
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=picture.content, content_type=picture.media_type, headers=headers)

    app.router.add_get(PLACE, show)


def _is_shown(picture: Picture) -> bool:
    """Tell whether a browser does nothing with it but show it: SVG can hold a program."""
    return picture.media_type.startswith(_SHOWN) and "svg" not in picture.media_type
