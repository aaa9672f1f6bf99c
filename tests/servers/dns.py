"""A name server on loopback that answers from a few lines, and badly where it is told to."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.servers.conversing import conversing


class Fault(Enum):
    """What a server does in place of an answer."""

    FAILS = "SERVFAIL"
    SAYS_NOTHING = "no answer at all"
    GARBAGE = "bytes that are no answer"
    SHORTENED = "by UDP half an answer: the whole one must be fetched by TCP"


Zone = dict[str, tuple[str, ...] | Fault]
"""By ``name TYPE``: the records as zone files write them, or what goes wrong."""


class NameServer:
    """Answers from a zone; aliases are followed as far as the zone goes."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []
        """``name TYPE``, each time it was asked for."""
        self.by_tcp = 0
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[NameServer]:
        """Listen by UDP and TCP on one free port."""
        async with conversing(self._talk) as self.port:
            loop = asyncio.get_running_loop()
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Udp(self), local_addr=("127.0.0.1", self.port)
            )
            try:
                yield self
            finally:
                udp.close()

    def reply(self, packet: bytes, *, by_tcp: bool) -> bytes | None:
        """Return the answer to a question, None for silence."""
        query = dns.message.from_wire(packet)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(f"{name} {kind}")
        said = self.zone.get(f"{name} {kind}")
        if said is Fault.SAYS_NOTHING:
            return None
        if said is Fault.GARBAGE:
            return packet[:2] + b"\xff\x80 nonsense"
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if said is Fault.FAILS:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif said is Fault.SHORTENED and not by_tcp:
            answer.flags |= dns.flags.TC
        else:
            self._fill(answer, name, kind)
        self.by_tcp += by_tcp
        return answer.to_wire()

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        while alias := self.zone.get(f"{name} CNAME"):
            assert isinstance(alias, tuple)
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        said = self.zone.get(f"{name} {kind}")
        if said is Fault.SHORTENED:
            said = self.zone[f"{name} {kind} whole"]
        if isinstance(said, tuple):
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *said))
        elif not any(self._is_at_or_below(known, name) for known in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)

    @staticmethod
    def _is_at_or_below(known: str, name: str) -> bool:
        owner = known.partition(" ")[0]
        return owner == name or owner.endswith(f".{name}")

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            reply = self.reply(await reader.readexactly(length), by_tcp=True)
            if reply is not None:
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (OSError, EOFError):
            return
        finally:
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.reply(data, by_tcp=False)
        if reply is not None:
            self._transport.sendto(reply, addr)
