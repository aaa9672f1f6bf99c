"""Channels beside a loop around the networks' usual Python clients, and composing beside counters.

Run ``python -m benchmarks.channels``; ``--small`` takes a tenth of it. Everything that is sent goes
over real HTTP to a strict server in a process of its own on this machine. A peer that is not
installed is left out, and named.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

from benchmarks import channels_loops
from benchmarks.channels_composing import compare_composing, compare_counting
from benchmarks.channels_report import HEAD, Load, Run, read_posted
from benchmarks.measuring import machine, print_table

PROMISES = """\
What each side promises
  Herald: a post is on the disk before its request leaves, and its answer before anything else
    happens; after a crash or a lost answer it is looked up, never posted twice. One send at a time
    for each account, as on real networks, and a connection of its own for each request. The pace
    that networks ask for is taken away here: it would allow 100 posts an hour.
  A loop: nothing. What was on its way when it ends is lost, or is posted once more by the next.
    Mastodon.py keeps its connection open, Apprise opens one for each post.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much the benchmark does."""

    seconds: float
    """For each figure of composing."""
    posts: int
    """To one account."""
    side_by_side: int
    """To several accounts together."""
    slowly: int
    """The same, where an answer takes its time."""
    accounts: tuple[int, ...]


FULL = Sizes(seconds=0.2, posts=400, side_by_side=320, slowly=96, accounts=(1, 4, 16))
SMALL = Sizes(seconds=0.01, posts=40, side_by_side=40, slowly=12, accounts=(4,))
ANSWER_TAKES = 0.1
"""Seconds; large servers need as much for a post, and more."""
_FORCED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One that posts."""

    name: str
    side: str
    module: str

    def is_there(self) -> bool:
        """Tell whether what it needs is installed."""
        needs = channels_loops.NEEDS.get(self.side)
        return needs is None or find_spec(needs) is not None


def main() -> None:
    """Compose, count and send, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the posts")
    sizes = SMALL if parser.parse_args().small else FULL
    print(f"Channels on {machine()}\n")
    compare_composing(sizes.seconds)
    compare_counting(sizes.seconds)
    compare_sending(sizes)
    print(f"At the end: {machine()}\n")


def compare_sending(sizes: Sizes) -> None:
    """Print one table for each network, and two for several accounts at once."""
    print(PROMISES)
    print(f"A write that is forced to this disk takes {forced_write() * 1000:.2f} ms.\n")
    with serving(0) as server:
        for title, sides in (
            ("Mastodon", (_herald("mastodon"), _loop("Mastodon.py"), _loop("Apprise, Mastodon"))),
            ("Webhook, beside Apprise's json://", (_herald("webhook"), _loop("Apprise, JSON"))),
            ("Matrix, no peer: Apprise rests half a second between two", (_herald("matrix"),)),
        ):
            print(f"{title}: {sizes.posts:,} posts to one account", flush=True)
            _print([_run(side, server, 1, sizes.posts) for side in sides])
        print(f"Mastodon, several accounts: {sizes.side_by_side:,} posts, answered at once")
        _side_by_side(server, sizes.accounts, sizes.side_by_side)
    with serving(ANSWER_TAKES) as server:
        takes = f"{ANSWER_TAKES * 1000:.0f} ms"
        print(f"Mastodon, several accounts: {sizes.slowly:,} posts, each answered after {takes}")
        _side_by_side(server, sizes.accounts, sizes.slowly)


def _side_by_side(server: str, accounts: Sequence[int], posts: int) -> None:
    """Print how Herald does with several accounts, beside a loop and a loop in threads."""
    runs = [_run(_loop("Mastodon.py"), server, 1, posts)]
    for count in accounts:
        named = f"{count} account{'s' if count > 1 else ''}"
        runs.append(_run(_herald("mastodon", f"Herald, {named}"), server, count, posts))
        if count > 1:
            threads = _loop("Mastodon.py, threads", f"Mastodon.py, {count} threads")
            runs.append(_run(threads, server, count, posts))
    _print(runs)


def _herald(network: str, name: str = "Herald") -> Side:
    return Side(name=name, side=network, module="benchmarks.channels_herald")


def _loop(side: str, name: str = "") -> Side:
    return Side(name=name or side, side=side, module="benchmarks.channels_loops")


def _print(runs: Sequence[Run | str]) -> None:
    """Print a table; ratios are to the first loop of it, or to Herald where there is none."""
    there = [run for run in runs if isinstance(run, Run)]
    loops = [run for run in there if not run.side.startswith("Herald")]
    base = (loops or there)[0]
    print_table(HEAD, [run.cells(base.a_second) for run in there])
    for missing in (run for run in runs if isinstance(run, str)):
        print(missing)
    if loops:
        print(f"Ratios are to {base.side}.\n")


def _run(side: Side, server: str, accounts: int, posts: int) -> Run | str:
    """Let *side* post in a process of its own, and see that its server has every post once."""
    if not side.is_there():
        return f"{side.name} is not installed: no comparison.\n"
    before = seen(server)
    load = Load(
        side=side.side,
        server=server,
        accounts=accounts,
        posts=posts,
        name=f"{before['posts']}-{accounts}",
    )
    done = subprocess.run(
        [sys.executable, "-m", side.module, load.spelled()],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    after = seen(server)
    arrived = {name: after[name] - before[name] for name in after}
    assert arrived["posts"] == posts, f"{side.name}: {arrived['posts']} of {posts} arrived"
    assert not arrived["doubles"] + arrived["refused"], f"{side.name}: {arrived}"
    posted = read_posted(done.stdout.splitlines()[-1])
    return Run(side=side.name, posts=posts, posted=posted, seen=arrived)


@contextmanager
def serving(seconds: float) -> Iterator[str]:
    """Run the networks in another process; an answer takes *seconds*. Give their address."""
    command = [sys.executable, "-m", "benchmarks.channels_server", str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stdin.close()


def seen(server: str) -> dict[str, int]:
    """Return what arrived at *server* so far, in numbers."""
    with urlopen(f"{server}/seen", timeout=60) as answer:  # noqa: S310 -- our own server
        told: dict[str, int] = json.load(answer)
    return told


def forced_write() -> float:
    """Return the seconds that one write takes until it is on the disk, on the average."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "file").open("wb") as file:
        begun = time.perf_counter()
        for _ in range(_FORCED):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - begun) / _FORCED


if __name__ == "__main__":
    main()
