"""Polling feeds beside ``reader``, from the same local server, store included.

Run ``python -m benchmarks.feeds``; ``--small`` takes a tenth of it. The peer is left out where it
is not installed (``pip install 'herald-heritage[bench]'``).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from benchmarks import feeds_herald, feeds_reader
from benchmarks.feeds_report import HEAD, Pass
from benchmarks.measuring import machine, print_table

ENTRIES = 30
"""Of each feed, about 5 kB each: the median of public feeds has 15, of 5 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many feeds each side polls."""

    herald: int
    reader: int
    """Fewer: it takes a minute for what Herald does in seconds."""


FULL = Sizes(herald=3000, reader=200)
SMALL = Sizes(herald=300, reader=30)


def main() -> None:
    """Poll on both sides, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the feeds")
    sizes = SMALL if parser.parse_args().small else FULL
    logging.getLogger("herald").setLevel(logging.ERROR)
    print(f"Polling feeds of {ENTRIES} entries on {machine()}\n")
    herald = asyncio.run(_herald(sizes.herald))
    peer = _reader(sizes.reader) if find_spec("reader") else {}
    for turn, passes in herald.items():
        print(turn)
        print_table(HEAD, [one.cells() for one in (passes, *peer.get(turn, ()))])
    if peer:
        ratios = ", ".join(
            f"{turn} {passes.a_second / max(one.a_second for one in peer[turn]):.0f}"
            for turn, passes in herald.items()
        )
        print(f"Herald is so many times as fast as the faster reader: {ratios}.")
    else:
        print("reader is not installed: no comparison.")


_FIRST, _SAME, _MUTE, _NEXT = (
    "first pass",
    "nothing changed (304)",
    "nothing changed, no validators",
    "one new entry in each",
)


async def _herald(feeds: int) -> dict[str, Pass]:
    with _site(feeds) as (port, urls), tempfile.TemporaryDirectory() as folder:
        async with feeds_herald.Side(Path(folder), urls) as side:
            found = {_FIRST: await side.poll("Herald"), _SAME: await side.poll("Herald")}
            await asyncio.to_thread(_turn, port, "mute")
            found[_MUTE] = await side.poll("Herald", hours=36)
            await asyncio.to_thread(_turn, port, "next")
            found[_NEXT] = await side.poll("Herald")
    return found


def _reader(feeds: int) -> dict[str, tuple[Pass, ...]]:
    found: dict[str, tuple[Pass, ...]] = {}
    for name, workers in (("reader", 1), ("reader, 4 workers", 4)):
        with _site(feeds) as (port, urls), tempfile.TemporaryDirectory() as folder:
            side = feeds_reader.Side(Path(folder), urls, workers=workers)
            passes = [side.poll(name), side.poll(name)]
            for turn in ("mute", "next"):
                _turn(port, turn)
                passes.append(side.poll(name))
            side.close()
        for turn, one in zip((_FIRST, _SAME, _MUTE, _NEXT), passes, strict=True):
            found[turn] = (*found.get(turn, ()), one)
    return found


@contextmanager
def _site(feeds: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Serve *feeds* feeds in another process; give its port and their addresses."""
    command = [sys.executable, "-m", "benchmarks.feeds_site", str(feeds), str(ENTRIES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            yield port, tuple(_address(number, port) for number in range(feeds))
        finally:
            server.stdin.close()


def _address(number: int, port: int) -> str:
    """Return a feed's address, on a loopback host of its own."""
    return f"http://127.0.{1 + number // 250}.{1 + number % 250}:{port}/feed/{number}"


def _turn(port: int, name: str) -> None:
    with urlopen(f"http://127.0.0.1:{port}/turn/{name}", timeout=60) as answer:
        answer.read()


if __name__ == "__main__":
    main()
