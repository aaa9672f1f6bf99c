"""One account on Bluesky."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import user_agent
from herald.channels.bluesky.acting import (
    answering,
    cannot_read,
    delete,
    look_for_deletion,
    look_for_repost,
    repost,
)
from herald.channels.bluesky.asking import asking, telling
from herald.channels.bluesky.attaching import Attaching
from herald.channels.bluesky.examining import limit_findings
from herald.channels.bluesky.facets import names_in
from herald.channels.bluesky.finding import ask_for_did, read_did
from herald.channels.bluesky.reading import counted, examined, profile_of, replies_since
from herald.channels.bluesky.record import (
    COLLECTION,
    Blob,
    is_same_post,
    post_record,
    record_key,
)
from herald.channels.bluesky.session import SignedIn
from herald.channels.bluesky.settings import BlueskySettings
from herald.channels.bluesky.wire import (
    Session,
    is_absent,
    is_taken,
    read_put,
    receipt_of,
    trouble_posting,
)
from herald.channels.settings import read_settings, sound_secret
from herald.data.networks import capabilities_of
from herald.model.account import Finding, Reactions, Reply
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Payload,
    Receipt,
    Refused,
    Sent,
    Sighting,
    Unclear,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Cards, Clock, Pictures

log = logging.getLogger(__name__)

MENTION_SECONDS = 10.0
"""For finding out whom a post mentions: a mention is not worth a late post."""


def open_bluesky(
    config: ChannelConfig,
    *,
    password: str,
    pictures: Pictures,
    cards: Cards | None = None,
    clock: Clock,
    contact: str = "",
) -> BlueskyChannel:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(BlueskySettings, config)
    password = sound_secret(config, password, what="app password")
    signed_in = SignedIn(settings, password, user_agent=user_agent(contact), clock=clock)
    return BlueskyChannel(
        config.id, settings, signed_in, pictures=pictures, cards=cards, clock=clock
    )


class BlueskyChannel:
    """One account."""

    network = "bluesky"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: BlueskySettings,
        signed_in: SignedIn,
        *,
        pictures: Pictures,
        cards: Cards | None = None,
        clock: Clock,
    ) -> None:
        self.id = id
        self._settings = settings
        self._signed_in = signed_in
        self._clock = clock
        self._limits = capabilities_of(self.network)
        self._attaching = Attaching(
            signed_in=signed_in, pictures=pictures, cards=cards, clock=clock, limits=self._limits
        )

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: no server tells any of its own."""
        server = self._settings.server or "https://bsky.social"
        return replace(self._limits, host=server.partition("//")[2])

    async def send(self, claim: Claim) -> Outcome:
        """Upload the pictures, then write the post under its own id with one request.

        Or delete what is there, or repost what another account posted.
        """
        if claim.delivery.action not in self._limits.actions:
            return Refused(f"a post on Bluesky cannot be changed ({claim.delivery.action})")
        session = await self._signed_in.session()
        if not isinstance(session, Session):
            return session
        match claim.delivery.action:
            case Action.DELETE:
                now = self._clock.now()
                return await delete(self._signed_in, claim.target, session.did, now=now)
            case Action.BOOST:
                return await repost(self._signed_in, claim, session.did, now=self._clock.now())
        return await self._create(claim, session)

    async def _create(self, claim: Claim, session: Session) -> Outcome:
        reply: dict[str, Any] | None = None
        if claim.target:
            found = await answering(self._signed_in, claim.target, now=self._clock.now())
            if not isinstance(found, dict):
                return found
            reply = found
        blobs = await self._attaching.upload(claim)
        if not isinstance(blobs, tuple):
            return blobs
        return await self._put(claim, session.did, blobs, reply)

    async def look_up(self, claim: Claim) -> Sighting:
        """Read what stands under the post's own id."""
        session = await self._signed_in.session()
        if not isinstance(session, Session):
            return CannotTell(session.why, again=not isinstance(session, Refused))
        match claim.delivery.action:
            case Action.DELETE:
                return await look_for_deletion(self._signed_in, claim.target)
            case Action.BOOST:
                return await look_for_repost(self._signed_in, claim, session.did)
        return await self._sighting(_uri(session.did, claim), claim.payload)

    async def examine(self) -> tuple[Finding, ...]:
        """Tell how the account signs in, where its handle leads, and what its profile lacks."""
        now = self._clock.now()
        found = await examined(self._signed_in, self._settings.handle, now=now)
        return (*found, *limit_findings(self._limits))

    async def profile(self) -> str:
        """Return what the account's profile says."""
        return await profile_of(self._signed_in)

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return the counts of each post, which Bluesky's own service tells."""
        return await counted(self._signed_in, receipts)

    async def replies(self, *, since: datetime) -> tuple[Reply, ...]:
        """Return what people wrote to the account, which Bluesky's own service tells."""
        return await replies_since(self._signed_in, since)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _put(
        self, claim: Claim, did: str, blobs: tuple[Blob, ...], reply: dict[str, Any] | None
    ) -> Outcome:
        """Write the record where none is: a repeat finds its place taken, by itself."""
        uri = _uri(did, claim)
        delivery, payload = claim.delivery, claim.payload
        record = post_record(
            payload,
            # Not the moment it was due: what was approved late would stand below older posts.
            created_at=delivery.first_send_at or delivery.due_at,
            blobs=blobs,
            card={} if blobs else await self._attaching.card(payload),
            mentions=await self._mentions(payload),
            reply=reply,
        )
        body = {
            "repo": did,
            "collection": COLLECTION,
            "rkey": uri.rpartition("/")[2],
            "record": record,
            # Only if nothing stands there; without it a record would be written over.
            "swapRecord": None,
        }
        request = telling(self._signed_in.server, "com.atproto.repo.putRecord", body)
        answer = await self._signed_in.authorised(request)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        if read_put(answer, uri=uri):
            return Sent(receipt_of(uri))
        if is_taken(answer):
            return await self._taken(uri, payload)
        return trouble_posting(answer, now=self._clock.now())

    async def _taken(self, uri: str, payload: Payload) -> Outcome:
        """Tell what stands where the post was to be written: as a rule the post itself."""
        match await self._sighting(uri, payload):
            case Found(receipt):
                return Sent(receipt)
            case CannotTell(why, again=again) if again:
                return Unclear(f"something stands under the post's id: {why}")
            case CannotTell(why):
                return Refused(why)
        return Refused(f"{uri} is taken, and the server does not show by what: look yourself")

    async def _sighting(self, uri: str, payload: Payload) -> Sighting:
        did, collection, rkey = uri.removeprefix("at://").split("/")
        answer = await self._signed_in.public(
            asking(
                self._signed_in.server,
                "com.atproto.repo.getRecord",
                repo=did,
                collection=collection,
                rkey=rkey,
            )
        )
        if is_absent(answer):
            return Absent()
        told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
        if told.get("uri") == uri:
            receipt = receipt_of(uri)
            if is_same_post(told.get("value"), payload):
                return Found(receipt)
            return CannotTell(f"{receipt.url} says something else: look whether it is this post")
        return cannot_read(answer)

    async def _mentions(self, payload: Payload) -> dict[str, str]:
        """Return the DIDs of the accounts that may be mentioned; one that nobody knows has none."""
        found: dict[str, str] = {}
        try:
            async with asyncio.timeout(MENTION_SECONDS):
                for handle in sorted(names_in(payload.text) & set(payload.mentions)):
                    request = ask_for_did(self._signed_in.server, handle)
                    answer = await self._signed_in.public(request)
                    if isinstance(answer, Answer) and (did := read_did(answer)):
                        found[handle] = did
        except TimeoutError:
            log.warning("a mention stays plain text", extra={"channel": self.id})
        return found


def _uri(did: str, claim: Claim) -> str:
    return f"at://{did}/{COLLECTION}/{record_key(claim.delivery.key)}"
