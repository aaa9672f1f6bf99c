"""Processes are killed while they poll feeds; no entry is lost, none is remembered twice."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import random
import sqlite3
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from herald.clock import SetClock
from herald.model.ids import PartnerId
from herald.model.polling import NamedFeed, Validators, WantedFeed
from herald.sources.feeds.fetching.fetch import Fetched, FetchResult
from herald.sources.feeds.identity.identify import feed_id
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.understand import understand
from herald.sources.feeds.parsing.workers import ParseFailed
from herald.sources.feeds.poll import Poller
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds

KILLS = int(os.environ.get("HERALD_FAULTS_KILLS", "16")) // 2
SEED = int(os.environ.get("HERALD_FAULTS_SEED", "7"))
FEEDS = 120
A_LIFE = 4
"""Entries that a feed gains between two lives."""
NOW = datetime(2027, 5, 10, 12, tzinfo=UTC)

pytestmark = pytest.mark.slow


class Sites:
    """Partners' sites in this process: each shows all that it ever said, more with every life."""

    def __init__(self, life: int) -> None:
        self._life = life

    async def fetch(self, url: str, validators: Validators | None = None) -> FetchResult:
        await asyncio.sleep(0.001)
        items = [
            {
                "id": f"{url}/{number}",
                "url": f"{url}/{number}",
                "title": f"What {url} tells as number {number}",
                "date_published": (NOW + timedelta(hours=number)).isoformat(),
            }
            for number in range((self._life + 1) * A_LIFE)
        ]
        document = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Ecomuseo",
            "language": "it",
            "items": items,
        }
        return Fetched(
            body=json.dumps(document).encode(),
            content_type="application/feed+json",
            final_url=url,
            validators=Validators(etag=f'"{self._life}"'),
            fresh=timedelta(0),
        )


class ParsesHere:
    """Parses in this process, which is killed anyway."""

    async def understand(self, document: Document) -> NamedFeed | ParseFailed:
        return understand(document)


def live(folder: Path, life: int, begins: Event) -> None:
    """Live one life, a day after the one before; the target of a process."""
    logging.disable(logging.CRITICAL)
    asyncio.run(_live(folder, life, begins))


async def _live(folder: Path, life: int, begins: Event) -> None:
    store = await open_store("sqlite:///herald.db", folder)
    feeds = StoredFeeds(store)
    clock = SetClock(NOW + timedelta(days=2 * life))
    poller = Poller(feeds, Sites(life), ParsesHere(), clock=clock, random=lambda: 0.0)
    await feeds.end_leases()
    urls = [f"https://{number}.example/feed" for number in range(FEEDS)]
    await poller.sync(
        [WantedFeed(id=feed_id(url), url=url, partners=(PartnerId("argenta"),)) for url in urls]
    )
    begins.set()
    await poller.poll_due(clock.now(), asyncio.Event())
    await store.close()


def test_a_killed_poll_loses_no_entry_and_repeats_none(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    dice = random.Random(SEED)
    killed = 0
    for life in range(KILLS + 1):
        begins = context.Event()
        process = context.Process(target=live, args=(tmp_path, life, begins))
        process.start()
        assert begins.wait(60)
        if life < KILLS:
            time.sleep(dice.uniform(0, 0.3))
            process.kill()
        process.join(60)
        killed += process.exitcode != 0
        process.close()
    database = sqlite3.connect(tmp_path / "herald.db")
    keys = Counter(key for (key,) in database.execute("SELECT key FROM feed_key"))
    entries = database.execute("SELECT count(*), count(DISTINCT id) FROM entry").fetchone()
    orphans = database.execute(
        "SELECT count(*) FROM entry WHERE id NOT IN (SELECT entry FROM feed_key)"
        " OR id NOT IN (SELECT entry FROM entry_credit)"
    ).fetchone()
    leased = database.execute("SELECT count(*) FROM feed WHERE owner != ''").fetchone()
    database.close()
    assert killed >= KILLS // 2, "no kill hit a poll: the run proves nothing"
    assert len(keys) == FEEDS * (KILLS + 1) * A_LIFE
    assert set(keys.values()) == {1}
    assert entries == (len(keys), len(keys))
    assert (orphans, leased) == ((0,), (0,))
