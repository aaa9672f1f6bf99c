"""The long line of the benchmark of mail servers: nothing lost, nothing overtaken, and late."""

from __future__ import annotations

import asyncio
import time

from benchmarks.smtp import running_line

TRIP = 0.05


async def test_a_line_carries_everything_in_order_half_a_round_trip_later() -> None:
    hung_up = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(1_000):
            writer.write(said)
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    listening = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with listening:
        with running_line(listening.sockets[0].getsockname()[1], TRIP) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            sent = b"".join(b"%d," % number for number in range(20_000))
            begun = time.monotonic()
            writer.write(sent)
            assert await reader.readexactly(len(sent)) == sent
            assert time.monotonic() - begun >= TRIP - 0.002
            writer.close()
            await writer.wait_closed()
        await hung_up.wait()  # or what is left of the conversation is found in another test
