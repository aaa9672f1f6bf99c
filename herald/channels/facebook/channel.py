"""One Page on Facebook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import user_agent
from herald.channels.facebook.examining import examined, reactions_in
from herald.channels.facebook.photos import Photos
from herald.channels.facebook.settings import FacebookSettings
from herald.channels.meta.errors import (
    is_duplicate,
    is_missing,
    read_id,
    trouble_publishing,
)
from herald.channels.meta.graph import Graph, sound_token
from herald.channels.meta.likeness import is_same_text
from herald.channels.meta.reading import Fields, look_back, sought_by, unreadable
from herald.channels.network import Surroundings
from herald.channels.settings import read_settings
from herald.data.networks import capabilities_of
from herald.model.account import Finding, Reactions
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
    Unclear,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Clock

ANSWER_SECONDS = 45.0
"""For the answer to a post."""
AGAIN_SECONDS = 30.0
"""For finding out whether a repeat is one: the whole send has an end."""
NETWORK = "Facebook"


def open_facebook(config: ChannelConfig, *, token: str, around: Surroundings) -> FacebookChannel:
    """Return the Page of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(FacebookSettings, config)
    graph = Graph(
        "facebook",
        token=sound_token(config.id, token),
        user_agent=user_agent(around.contact),
        server=settings.server,
        seconds=ANSWER_SECONDS,
    )
    return FacebookChannel(config.id, settings.page, graph, around=around)


class FacebookChannel:
    """One Page."""

    network = "facebook"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        page: str,
        graph: Graph,
        *,
        around: Surroundings,
    ) -> None:
        self.id = id
        self._page = page
        self._graph = graph
        self._clock: Clock = around.clock
        self._limits = capabilities_of(self.network)
        self._photos = Photos(
            graph, page, pictures=around.pictures, limits=self._limits, clock=around.clock
        )

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: no Page tells any of its own."""
        return self._limits

    async def send(self, claim: Claim) -> Outcome:
        """Post, replace the text of a post, or delete one."""
        match claim.delivery.action:
            case Action.CREATE if claim.target is None:
                return await self._create(claim)
            case Action.EDIT if claim.target is not None:
                return await self._edit(claim, claim.target)
            case Action.DELETE if claim.target is not None:
                return await self._delete(claim.target)
            case Action.CREATE:
                return Refused("a Page cannot answer its own posts with Herald")
        return Refused(f"Herald cannot {claim.delivery.action} a post on Facebook")

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the Page's own posts back to the first send; of a correction, the post itself."""
        target = claim.target
        match claim.delivery.action:
            case Action.EDIT if target is not None:
                return await self._is_edited(claim, target)
            case Action.DELETE if target is not None:
                return await self._is_deleted(target)
        fields = Fields(text="message", at="created_time", receipt=_receipt_of)

        async def page(narrowed: dict[str, str]) -> Answer | NoAnswer:
            query = {"fields": fields.asked(), **narrowed}
            return await self._graph.get(f"{self._page}/published_posts", query)

        return await look_back(page, sought_by(claim), fields, now=self._clock.now())

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose the token is, and whether the Page can be read and is public."""
        page = await self._graph.get("me", {"fields": "id,name"})
        state = await self._graph.get(self._page, {"fields": "name,is_published"})
        posts = await self._graph.get(
            f"{self._page}/published_posts", {"fields": "id", "limit": "1"}
        )
        return examined(self._page, page=page, state=state, posts=posts)

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return how often posts were shared, liked and commented on."""
        fields = "shares,reactions.limit(0).summary(total_count),comments.limit(0).summary(1)"
        found = {}
        for receipt in receipts:
            answer = await self._graph.get(receipt.remote_id, {"fields": fields})
            if isinstance(answer, Answer) and answer.is_good:
                found[receipt.remote_id] = reactions_in(answer)
        return found

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _create(self, claim: Claim) -> Outcome:
        """Upload the pictures unseen, then post with one request."""
        photos = await self._photos.upload(claim)
        if not isinstance(photos, tuple):
            return photos
        payload = claim.payload
        form = {"message": payload.text}
        if payload.link and not photos:
            form["link"] = payload.link  # what makes Facebook show a card
        for number, photo in enumerate(photos):
            form[f"attached_media[{number}]"] = json.dumps({"media_fbid": photo})
        answer = await self._graph.post(f"{self._page}/feed", form)
        if made := read_id(answer):
            return Sent(_receipt(made))
        if is_duplicate(answer):
            return await self._again(claim, answer)
        outcome = trouble_publishing(answer, network=NETWORK, now=self._clock.now())
        if isinstance(outcome, Refused):
            self._photos.forget(claim)
        return outcome

    async def _again(self, claim: Claim, answer: Answer | NoAnswer) -> Outcome:
        """Tell whether what Facebook takes for a repeat is this very delivery, sent before."""
        try:
            async with asyncio.timeout(AGAIN_SECONDS):
                sighting = await self.look_up(claim)
        except TimeoutError:
            return Unclear("Facebook says that the Page has said the same before, and is slow")
        match sighting:
            case Found(receipt):
                return Sent(receipt)
            case Absent():
                why = "Facebook refuses it, for the Page has said the same just before"
                return Refused(f"{why}: change its words", getattr(answer, "status", None))
            case CannotTell(why):
                return Unclear(f"Facebook says that the Page has said the same before; {why}")
        return Unclear("Facebook says that the Page has said the same before")

    async def _edit(self, claim: Claim, target: Receipt) -> Outcome:
        """Replace the text; a repeat changes nothing more."""
        answer = await self._graph.post(target.remote_id, {"message": claim.payload.text})
        if _is_done(answer):
            return Sent(target)
        if is_missing(answer):
            return Refused("the post is not there any more, so it cannot be corrected")
        return trouble_publishing(answer, network=NETWORK, now=self._clock.now())

    async def _delete(self, target: Receipt) -> Outcome:
        answer = await self._graph.delete(target.remote_id)
        if _is_done(answer) or is_missing(answer):
            return Sent(target)
        return trouble_publishing(answer, network=NETWORK, now=self._clock.now())

    async def _is_edited(self, claim: Claim, target: Receipt) -> Sighting:
        answer = await self._graph.get(target.remote_id, {"fields": "id,message"})
        told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
        if told.get("id") != target.remote_id:
            return unreadable(answer)
        shown = told.get("message")
        said = shown if isinstance(shown, str) else ""
        return Found(target) if is_same_text(said, claim.payload.text) else Absent()

    async def _is_deleted(self, target: Receipt) -> Sighting:
        answer = await self._graph.get(target.remote_id, {"fields": "id"})
        if is_missing(answer):
            return Found(target)
        if isinstance(answer, Answer) and read_id(answer) == target.remote_id:
            return Absent()
        return unreadable(answer)


def _is_done(answer: Answer | NoAnswer) -> bool:
    return (
        isinstance(answer, Answer)
        and answer.is_good
        and answer.read_object().get("success") is True
    )


def _receipt(post: str) -> Receipt:
    """Return the id of a post and its address, which leads to where the Page shows it."""
    return Receipt(remote_id=post, url=f"https://www.facebook.com/{post}")


def _receipt_of(values: dict[str, Any]) -> Receipt:
    return _receipt(values["id"])
