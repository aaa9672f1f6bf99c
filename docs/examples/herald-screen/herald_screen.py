"""The screen in a museum's foyer: an example of a network that others add to Herald.

The screen has a small interface of its own: ``PUT /posts/ID`` shows a post, and changes nothing if
it is there already; ``GET /posts/ID`` tells whether it is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import Field, field_validator

from herald.channels.answer import PERHAPS_DONE, Answer, NoAnswer, asked_to_wait
from herald.channels.asking import Request, ask, hidden, user_agent
from herald.channels.network import Network, Secret, Surroundings
from herald.channels.settings import NetworkSettings, read_settings, server_address
from herald.errors import MediaMissing, PictureUnusable
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
    RefusedScope,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.network import Capabilities, Count, Handle

LIMITS = Capabilities(
    count=Count.GRAPHEMES,
    limit=200,
    media_most=1,
    media_types=frozenset({"image/jpeg", "image/png"}),
    media_side=1920,
    # It can be asked, and Herald chooses a post's id, so that a repeat is the same post for ever.
    handle=Handle.LOOK_UP,
    repeat_within=timedelta(days=3650),
    # The longest it may still be acting on a request whose answer was lost.
    settle_window=timedelta(seconds=90),
    timeout=timedelta(seconds=60),
)


class ScreenSettings(NetworkSettings):
    """What ``channels.yaml`` may say about a screen."""

    server: str = Field(description='such as server: "https://screen.example.org"')

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        return server_address(server, like="https://screen.example.org")


class ScreenChannel:
    """One screen."""

    network = "screen"

    def __init__(self, config: ChannelConfig, token: str, around: Surroundings) -> None:
        self.id = config.id
        self._server = read_settings(ScreenSettings, config).server
        self._token = token.strip()
        self._around = around

    async def capabilities(self) -> Capabilities:
        """Return the screen's limits; ask for them here where a network tells its own."""
        return LIMITS

    async def send(self, claim: Claim) -> Outcome:
        """Make the one request that shows the post."""
        if claim.delivery.action is not Action.CREATE:
            return Refused(f"a screen cannot {claim.delivery.action} a post")
        try:
            pictures = await self._pictures(claim)
        except (MediaMissing, PictureUnusable) as error:
            return Refused(str(error))
        post = {
            "text": claim.payload.text,
            "language": claim.payload.language,
            "pictures": pictures,
        }
        answer = await self._asked("PUT", claim, json.dumps(post).encode())
        return outcome_of(answer, self._receipt(claim), now=self._around.clock.now())

    async def look_up(self, claim: Claim) -> Sighting:
        """Ask whether the post is there. Only the screen's own word is proof that it is not."""
        answer = await self._asked("GET", claim)
        if isinstance(answer, NoAnswer):
            return CannotTell(f"the screen cannot be asked: {answer.why}", again=True)
        if answer.is_good:
            return Found(self._receipt(claim))
        if answer.status == 404 and answer.read_object().get("error") == "no such post":
            return Absent()
        again = answer.status == 429 or answer.status >= 500
        return CannotTell(f"the screen answered {answer.status}", again=again)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _pictures(self, claim: Claim) -> list[dict[str, str]]:
        """Return the pictures, made ready within the limits, each with its description."""
        told = []
        for media in claim.payload.media:
            if media.sha256:
                picture = await self._around.pictures.picture(media, LIMITS)
                content = base64.b64encode(picture.content).decode()
                told.append({"data": content, "type": picture.media_type, "alt": media.alt})
        return told

    async def _asked(
        self, method: str, claim: Claim, body: bytes | None = None
    ) -> Answer | NoAnswer:
        request = Request(
            method=method, address=f"{self._server}/posts/{claim.delivery.key}", body=body
        )
        agent = user_agent(self._around.contact)
        return hidden(await ask(request, user_agent=agent, token=self._token), (self._token,))

    def _receipt(self, claim: Claim) -> Receipt:
        key = claim.delivery.key
        return Receipt(remote_id=key, url=f"{self._server}/posts/{key}")


def outcome_of(answer: Answer | NoAnswer, receipt: Receipt, *, now: datetime) -> Outcome:
    """Tell what became of a post; in doubt it is unclear, never "try again"."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    status, why = answer.status, f"the screen answered {answer.status}: {answer.said()}"
    if answer.is_good:
        return Sent(receipt)
    if status == 429:
        return Throttled(why, asked_to_wait(answer, now=now), status)
    if status in {401, 403, 404}:
        return Refused(why, status, RefusedScope.CHANNEL)
    if status < 400 or status >= 500 or status in PERHAPS_DONE:
        return Unclear(why, status)
    return Refused(why, status)


def _open(config: ChannelConfig, secrets: Mapping[str, str], around: Surroundings) -> ScreenChannel:
    return ScreenChannel(config, secrets["access_token"], around)


NETWORK = Network(
    name="screen",
    settings=ScreenSettings,
    open=_open,
    secrets=(Secret(name="access_token", what="the screen's token, under Settings, Programs"),),
    usual=LIMITS,
)
