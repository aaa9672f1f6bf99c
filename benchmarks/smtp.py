"""How many mails a second reach a mail server, near and far, by how Herald speaks with it.

Into smtp-sink, which answers at once and forgets everything: what is measured is the line. Herald
one by one (aiosmtplib's round trips), pipelined, and announcing each next mail behind the last.

Run ``python -m benchmarks.smtp``; ``--small`` takes a tenth of it.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from benchmarks.measuring import machine, print_table
from herald.mailing.sending.smtp import NextEnvelope, SmtpMailer
from herald.model.mailing import Accepted, MailServer, Tls

SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/sbin")
ROUND_TRIPS = (0.0, 0.02, 0.05)
"""Seconds: this machine, a neighbouring country, across the continent."""
CONNECTIONS = (1, 10)
BYTES = 20_000
SECONDS = 4.0
FASTEST = 2_000
"""Mails a second that are planned for where the line sets no limit."""
HEAD = ("way", "round trip", "connections", "mails/s", "line allows", "CPU ms/mail")
SENDER = "news@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way of speaking."""

    name: str
    trips: int
    """Round trips for each mail."""
    options: tuple[str, ...] = ()
    """Of the sink."""
    announces: bool = False


WAYS = (
    Way(name="one by one", trips=4, options=("-p",)),
    Way(name="pipelined", trips=2),
    Way(name="over the dot", trips=1, announces=True),
)


def main() -> None:
    """Measure every way at every distance, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the time")
    seconds = SECONDS / 10 if parser.parse_args().small else SECONDS
    if SINK is None:
        print("smtp-sink is not installed (it comes with Postfix): nothing measured")
        return
    print(f"Mails of {BYTES / 1000:.0f} kB, each its own; {machine()}")
    rows = [
        row(way, trip, connections, seconds)
        for trip in ROUND_TRIPS
        for connections in CONNECTIONS
        for way in WAYS
    ]
    print_table(HEAD, rows)


def row(way: Way, trip: float, connections: int, seconds: float) -> tuple[str, ...]:
    """Return what *way* reaches at one distance, as the table says it."""
    allowed = connections / (way.trips * trip) if trip else 0.0
    count = int(min(allowed or FASTEST, FASTEST) * seconds) + connections
    with ExitStack() as stack:
        port = stack.enter_context(running_sink(way.options))
        if trip:
            port = stack.enter_context(running_line(port, trip))
        rate, cpu = asyncio.run(measured(port, way, count, connections))
    line = f"{allowed:.0f}" if trip else ""
    trip_told = f"{trip * 1000:.0f} ms"
    return way.name, trip_told, str(connections), f"{rate:.0f}", line, f"{cpu * 1000:.2f}"


async def measured(port: int, way: Way, count: int, connections: int) -> tuple[float, float]:
    """Return the mails a second, and the seconds of this processor for each."""
    mails = [a_mail(number) for number in range(min(count, 200))]
    server = MailServer(host="127.0.0.1", port=port, tls=Tls.NONE, timeout=20, final_timeout=20)
    mailers = [SmtpMailer(server) for _ in range(connections)]
    for mailer in mailers:
        assert await mailer.connect() is None
        assert mailer.offers.pipelining is (way.trips < 4)
    waiting = list(range(count))

    async def one_connection(mailer: SmtpMailer) -> None:
        number = waiting.pop() if waiting else None
        while number is not None:
            following = waiting.pop() if waiting else None
            announced = way.announces and following is not None
            outcome = await mailer.send(
                sender=SENDER,
                recipient=f"p{number}@example.org",
                mail=mails[number % len(mails)],
                ahead=NextEnvelope(SENDER, f"p{following}@example.org") if announced else None,
            )
            assert isinstance(outcome, Accepted), outcome
            number = following

    begun, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for mailer in mailers:
            group.create_task(one_connection(mailer))
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    for mailer in mailers:
        await mailer.close()
    return count / took, cpu / count


def a_mail(number: int) -> bytes:
    """Return a mail of its own, of lines as long as a newsletter's."""
    line = f"Letter {number} tells what the mills of the valley grind this month.\r\n".encode()
    head = b"Subject: The mills\r\nMessage-ID: <%d@example.org>\r\n\r\n" % number
    return head + line * (BYTES // len(line))


@contextmanager
def running_sink(options: Sequence[str] = ()) -> Iterator[int]:
    """Run smtp-sink with *options* (``-p``: it offers no pipelining); give its port."""
    assert SINK is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [SINK, "-u", "nobody", *options, f"127.0.0.1:{port}", "64"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sink:
        try:
            _wait_for(port)
            yield port
        finally:
            sink.terminate()


@contextmanager
def running_line(port: int, trip: float) -> Iterator[int]:
    """Run a line to *port* with a round trip of so many seconds; give the port of its near end."""
    command = [sys.executable, "-m", "benchmarks.smtp_line", str(port), str(trip)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as line:
        assert line.stdin is not None
        assert line.stdout is not None
        try:
            yield int(line.stdout.readline())
        finally:
            line.stdin.close()


def _wait_for(port: int) -> None:
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as one:
            if one.recv(100).startswith(b"220"):
                return
    raise TimeoutError("smtp-sink does not answer")


if __name__ == "__main__":
    main()
