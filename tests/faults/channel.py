"""A channel that speaks to the fake network, and can die within a request."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta

from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    RepeatSafe,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities, Handle
from tests.faults.crashing import Crash
from tests.faults.network import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackChannel:
    """One account on the fake network."""

    id: ChannelId
    sight: Sight
    port: int
    limits: Capabilities
    crash: Crash
    denies: bool = False
    """A mutant: its look-up never finds anything."""
    network: str = "loopback"

    async def capabilities(self) -> Capabilities:
        return self.limits

    async def send(self, claim: Claim) -> Outcome:
        try:
            container = await self._stage(claim)
            self.crash.at("media upload")
            self.crash.at("connect")
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except (OSError, EOFError, ValueError) as error:
            return TryAgain(f"nothing was published: {error}")
        try:
            status = await self._post(claim, container, reader, writer)
        except (OSError, EOFError, ValueError) as error:
            return Unclear(f"no answer: {type(error).__name__}")
        finally:
            writer.close()
        self.crash.at("response body")
        if status == 200:
            return Sent(Receipt(remote_id=claim.delivery.key))
        if status == 429:
            return Throttled("asked to wait", timedelta(seconds=0.05), status)
        return Unclear(f"the network answered {status}", status)

    async def _stage(self, claim: Claim) -> int:
        """Lay out the post's pictures, or the whole of it: nothing is published yet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            path = f"/{self.id}/{claim.delivery.key}/media"
            writer.write(f"POST {path} HTTP/1.1\r\nHost: loopback\r\n\r\n".encode())
            answer = await reader.read()
        finally:
            writer.close()
        return int(json.loads(answer.partition(b"\r\n\r\n")[2])["container"])

    async def _post(
        self,
        claim: Claim,
        container: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> int:
        body = json.dumps({"text": claim.payload.text, "container": container}).encode()
        path = f"/{self.id}/{claim.delivery.key}"
        head = f"POST {path} HTTP/1.1\r\nHost: loopback\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body[: len(body) // 2])
        await writer.drain()
        self.crash.at("half body")
        writer.write(body[len(body) // 2 :])
        await writer.drain()
        self.crash.at("full body")
        answer = await reader.readuntil(b"\r\n\r\n")
        self.crash.at("response header")
        await reader.read()
        return int(answer.split(b" ", 2)[1])

    async def look_up(self, claim: Claim) -> Sighting:
        """Ask, where the network shows anything, and say what follows."""
        holds = False
        if self.sight in SHOWN:
            try:
                holds = await self._holds(claim)
            except (OSError, EOFError) as error:
                return CannotTell(f"no answer: {type(error).__name__}", again=True)
        self.crash.at("look-up read")
        return sighting(self.sight, holds=holds and not self.denies, key=claim.delivery.key)

    async def _holds(self, claim: Claim) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        path = f"/{self.id}/{claim.delivery.key}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: loopback\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return b" 200 " in answer

    async def close(self) -> None:
        return


SHOWN = frozenset({Sight.READ, Sight.FIXED, Sight.STAGED})
"""Accounts that can be asked what they hold."""
_REPEATED = {Sight.KEYED: timedelta(days=1), Sight.FIXED: timedelta(days=3650)}


def sighting(sight: Sight, *, holds: bool, key: str) -> Sighting:
    """Tell what follows from whether an account shows a post."""
    if sight is Sight.BLIND:
        return CannotTell("the network cannot be asked")
    if holds:
        return Found(Receipt(remote_id=key))
    return RepeatSafe() if sight in _REPEATED else Absent()


def limits(sight: Sight, *, timeout: float, settle_window: float) -> Capabilities:
    """Make the limits of an account: short times, five sends at once."""
    return Capabilities(
        handle=Handle.NOTHING if sight is Sight.BLIND else Handle.LOOK_UP,
        repeat_within=_REPEATED.get(sight),
        timeout=timedelta(seconds=timeout),
        settle_window=timedelta(seconds=settle_window),
        concurrent=5,
    )
