"""Uploads a post's pictures to a Page, unseen, each once; the post then shows them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta

from herald.channels.meta.errors import Hindrance, hindrance, read_id
from herald.channels.meta.graph import Graph
from herald.channels.prepared import Prepared, prepared
from herald.model.delivery import Claim, Refused, TryAgain
from herald.model.ids import DeliveryKey
from herald.model.network import Capabilities
from herald.ports import Clock, Pictures

UPLOAD_SECONDS = 60.0
"""For all pictures of a post."""
_LIVES = timedelta(hours=23)
"""Facebook deletes a picture that nobody posted after a day."""
_REMEMBERED_MOST = 500

_Place = tuple[DeliveryKey, int, str]
"""A delivery, the picture's number in it, and the picture's SHA-256."""


class Photos:
    """The pictures that one Page holds unseen."""

    def __init__(
        self, graph: Graph, page: str, *, pictures: Pictures, limits: Capabilities, clock: Clock
    ) -> None:
        self._graph = graph
        self._page = page
        self._pictures = pictures
        self._limits = limits
        self._clock = clock
        self._held: OrderedDict[_Place, tuple[str, datetime]] = OrderedDict()

    async def upload(self, claim: Claim) -> tuple[str, ...] | Hindrance:
        """Return the ids of the pictures of *claim*, or why there is no post: nothing was posted.

        What was uploaded for an earlier try is used again.
        """
        ready = await prepared(claim, self._pictures, self._limits)
        if isinstance(ready, Refused):
            return ready
        found: list[str] = []
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                for number, one in enumerate(ready):
                    photo = await self._one((claim.delivery.key, number, one.picture.sha256), one)
                    if not isinstance(photo, str):
                        return photo
                    found.append(photo)
        except TimeoutError:
            return TryAgain(f"the pictures took longer than {UPLOAD_SECONDS:g} seconds")
        return tuple(found)

    def forget(self, claim: Claim) -> None:
        """Upload the pictures of *claim* anew, should it be sent again."""
        for place in [place for place in self._held if place[0] == claim.delivery.key]:
            del self._held[place]

    async def _one(self, place: _Place, one: Prepared) -> str | Hindrance:
        now = self._clock.now()
        known = self._held.get(place)
        if known and now - known[1] < _LIVES:
            return known[0]
        fields = {"published": "false"} | ({"alt_text_custom": one.alt} if one.alt else {})
        files = [("source", one.name, one.picture.media_type, one.picture.content)]
        answer = await self._graph.upload(f"{self._page}/photos", fields, files)
        photo = read_id(answer)
        if not photo:
            what = "a picture could not be uploaded"
            return hindrance(answer, network="Facebook", what=what, now=now)
        self._held[place] = (photo, now)
        while len(self._held) > _REMEMBERED_MOST:
            self._held.popitem(last=False)
        return photo
