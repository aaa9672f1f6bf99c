"""A channel that speaks to the fake network, and can die within a request."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

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


class Sight(StrEnum):
    """What a network can be asked after a lost answer."""

    KEYED = "keyed"
    """It shows its posts, and takes a repeat of a key for the same post."""
    READ = "read"
    """It shows its posts."""
    BLIND = "blind"


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
            self.crash.at("before connecting")
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            return TryAgain(f"no connection: {error}")
        try:
            status = await self._post(claim, reader, writer)
        except (OSError, EOFError, ValueError) as error:
            return Unclear(f"no answer: {type(error).__name__}")
        finally:
            writer.close()
        self.crash.at("answer read")
        if status == 200:
            return Sent(Receipt(remote_id=claim.delivery.key))
        if status == 429:
            return Throttled("asked to wait", timedelta(seconds=0.05), status)
        return Unclear(f"the network answered {status}", status)

    async def _post(
        self, claim: Claim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> int:
        body = json.dumps({"text": claim.payload.text}).encode()
        path = f"/{self.id}/{claim.delivery.key}"
        head = f"POST {path} HTTP/1.1\r\nHost: loopback\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body[: len(body) // 2])
        await writer.drain()
        self.crash.at("half of the body sent")
        writer.write(body[len(body) // 2 :])
        await writer.drain()
        self.crash.at("whole request sent")
        answer = await reader.readuntil(b"\r\n\r\n")
        self.crash.at("head of the answer read")
        await reader.read()
        return int(answer.split(b" ", 2)[1])

    async def look_up(self, claim: Claim) -> Sighting:
        if self.sight is Sight.BLIND:
            return CannotTell("the network cannot be asked")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            path = f"/{self.id}/{claim.delivery.key}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: loopback\r\n\r\n".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            writer.close()
        except (OSError, EOFError) as error:
            return CannotTell(f"no answer: {type(error).__name__}", again=True)
        self.crash.at("look-up answered")
        if b" 200 " in answer and not self.denies:
            return Found(Receipt(remote_id=claim.delivery.key))
        return RepeatSafe() if self.sight is Sight.KEYED else Absent()

    async def close(self) -> None:
        return


def limits(sight: Sight, *, timeout: float, settle_window: float) -> Capabilities:
    """Make the limits of an account: short times, five sends at once."""
    return Capabilities(
        handle=Handle.NOTHING if sight is Sight.BLIND else Handle.LOOK_UP,
        repeat_within=timedelta(days=1) if sight is Sight.KEYED else None,
        timeout=timedelta(seconds=timeout),
        settle_window=timedelta(seconds=settle_window),
        concurrent=5,
    )
