"""The address at which networks fetch pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from herald.mailing.readers.leaving import Departure
from herald.model.picture import Picture
from herald.web.app import create_app
from tests.channels.kept import PICTURE, KeptMedia
from tests.makers import NOON

SHOWN = Picture(content=PICTURE, media_type="image/jpeg", width=12, height=8)
DRAWING = Picture(content=b"<svg onload='x()'/>", media_type="image/svg+xml")
ORIGINAL = b"with its camera's notes"


class NobodyLeaves:
    """A way out that nobody takes."""

    async def look(self, token: str) -> Departure | None:
        return None

    async def leave(self, token: str) -> Departure | None:
        return None


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    media = KeptMedia(ORIGINAL)
    await media.publish(SHOWN, now=NOON)
    await media.publish(DRAWING, now=NOON)

    async def health() -> Any:
        raise AssertionError

    app = create_app(health, NobodyLeaves(), pictures=media)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_published_picture_is_there_for_ever_and_for_everybody(
    client: TestClient[Any, Any],
) -> None:
    answer = await client.get(f"/media/{SHOWN.sha256}.jpg")
    assert answer.status == 200
    assert await answer.read() == PICTURE
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_its_head_says_the_same_and_gives_nothing(client: TestClient[Any, Any]) -> None:
    answer = await client.head(f"/media/{SHOWN.sha256}.jpg")
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(PICTURE)))
    assert await answer.read() == b""


async def test_who_has_it_is_told_so(client: TestClient[Any, Any]) -> None:
    tag = (await client.get(f"/media/{SHOWN.sha256}.jpg")).headers["ETag"]
    answer = await client.get(f"/media/{SHOWN.sha256}.jpg", headers={"If-None-Match": tag})
    assert (answer.status, await answer.read()) == (304, b"")


_KEPT = next(iter(KeptMedia(ORIGINAL)._contents))
ELSEWHERE = {
    "an original": f"/media/{_KEPT}",
    "an original by ending": f"/media/{_KEPT}.jpg",
    "another ending": f"/media/{SHOWN.sha256}.png",
    "no ending": f"/media/{SHOWN.sha256}",
    "half a name": f"/media/{SHOWN.sha256[:32]}.jpg",
    "capitals": f"/media/{SHOWN.sha256.upper()}.jpg",
    "a listing": "/media/",
    "the folder": "/media",
    "a way out": "/media/..%2f..%2fetc%2fpasswd",
    "what could hold a program": f"/media/{DRAWING.sha256}",
}


@pytest.mark.parametrize("path", ELSEWHERE.values(), ids=ELSEWHERE)
async def test_nothing_else_is_shown(client: TestClient[Any, Any], path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 404
    assert ORIGINAL not in await answer.read()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_changed(client: TestClient[Any, Any], method: str) -> None:
    answer = await client.request(method, f"/media/{SHOWN.sha256}.jpg", data=b"x")
    assert answer.status == 405
