"""The other side of the channels benchmark: a loop around a network's usual Python client.

``python -m benchmarks.channels_loops LOAD`` posts what *LOAD* says, and prints how that went. A
loop keeps nothing: it is as fast as its client, and what becomes of a post is known only while it
runs.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from benchmarks.channels_report import Load, Posted, Stopwatch, read_load
from benchmarks.channels_server import token_of

Say = Callable[[int, str], None]
"""Posts a text as an account."""


def with_mastodon_py(load: Load) -> Posted:
    """Post with ``Mastodon.status_post``, one account after the other."""
    say, took = _mastodon_py(load), list[float]()
    stopwatch = Stopwatch()
    for nth in range(load.posts):
        took.append(_timed(say, load.account_of(nth), load.text(nth)))
    return stopwatch.stopped(took)


def with_threads(load: Load) -> Posted:
    """Post with ``Mastodon.status_post``, in a thread for each account."""
    say = _mastodon_py(load)

    def post_all(account: int) -> list[float]:
        mine = (nth for nth in range(load.posts) if load.account_of(nth) == account)
        return [_timed(say, account, load.text(nth)) for nth in mine]

    stopwatch = Stopwatch()
    with ThreadPoolExecutor(load.accounts) as threads:
        took = [each for some in threads.map(post_all, range(load.accounts)) for each in some]
    return stopwatch.stopped(took)


def with_apprise_json(load: Load) -> Posted:
    """Post with ``Apprise.notify`` to a JSON service."""
    place = urlsplit(load.server).netloc
    return _notified(load, [f"json://{place}/json"])


def with_apprise_mastodon(load: Load) -> Posted:
    """Post with ``Apprise.notify`` to one Mastodon account."""
    place = urlsplit(load.server).netloc
    return _notified(load, [f"toot://{token_of(0)}@{place}"])


SIDES: Mapping[str, Callable[[Load], Posted]] = {
    "Mastodon.py": with_mastodon_py,
    "Mastodon.py, threads": with_threads,
    "Apprise, JSON": with_apprise_json,
    "Apprise, Mastodon": with_apprise_mastodon,
}
NEEDS = {
    "Mastodon.py": "mastodon",
    "Mastodon.py, threads": "mastodon",
    "Apprise, JSON": "apprise",
    "Apprise, Mastodon": "apprise",
}
"""The module that a side imports."""


def _mastodon_py(load: Load) -> Say:
    client: Any = importlib.import_module("mastodon").Mastodon
    accounts = [
        client(
            access_token=token_of(nth),
            api_base_url=load.server,
            version_check_mode="none",  # it would ask for the server's version first
        )
        for nth in range(load.accounts)
    ]

    def say(account: int, text: str) -> None:
        accounts[account].status_post(text, language="en", visibility="public")

    return say


def _notified(load: Load, urls: list[str]) -> Posted:
    service: Any = importlib.import_module("apprise").Apprise()
    assert all(service.add(url) for url in urls)

    def say(account: int, text: str) -> None:
        assert service.notify(body=text), "Apprise could not send"

    stopwatch = Stopwatch()
    return stopwatch.stopped([_timed(say, 0, load.text(nth)) for nth in range(load.posts)])


def _timed(say: Say, account: int, text: str) -> float:
    begun = time.perf_counter()
    say(account, text)
    return time.perf_counter() - begun


def main() -> None:
    """Post what the command line says."""
    load = read_load(sys.argv[1])
    print(SIDES[load.side](load).spelled())


if __name__ == "__main__":
    main()
