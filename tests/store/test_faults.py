"""The outbox when its process is killed, its disk is full, or two processes share it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from herald.errors import StoreUnusable
from herald.model.delivery import DeliveryState, Receipt
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.model.verdict import Done, Retry
from herald.store.engine import open_store
from herald.store.groupsettler import GroupSettler, Settlement
from herald.store.outbox import StoredOutbox
from tests.contracts.test_outbox_store import enqueue, some
from tests.makers import NOON, a_delivery, a_payload

URL = "sqlite:///var/herald.db"
FEDI = ChannelId("fedi")
LIMITS = {FEDI: Capabilities(concurrent=1000)}
DONE = Done(Receipt(remote_id="1"))

CLAIM = """
import asyncio, json, sys
from datetime import datetime
from pathlib import Path
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox

async def main(folder, now, owner, most):
    outbox = StoredOutbox(await open_store("sqlite:///var/herald.db", Path(folder)))
    limits = {ChannelId("fedi"): Capabilities(concurrent=1000)}
    keys = []
    for _ in range(10):
        claims = await outbox.claim(
            owner=owner, now=datetime.fromisoformat(now), most=int(most), capabilities=limits)
        keys += [claim.delivery.key for claim in claims]
    print(json.dumps(keys), flush=True)
    sys.stdin.read()

asyncio.run(main(*sys.argv[1:]))
"""


def claiming(folder: Path, owner: str, most: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(folder), NOON.isoformat(), owner, str(most)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def claimed_by(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


async def test_a_claim_outlives_the_process_that_was_killed_with_it(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    await enqueue(outbox, a_delivery())
    with claiming(tmp_path, "killed", 1) as process:
        (key,) = await asyncio.to_thread(claimed_by, process)
        os.kill(process.pid, signal.SIGKILL)
    (row,) = await outbox.list_deliveries()
    assert (row.key, row.state, row.owner) == (key, DeliveryState.CLAIMED, "killed")
    assert row.frozen == row.payload
    later = NOON + timedelta(hours=1)
    assert await outbox.claim(owner="next", now=later, most=9, capabilities=LIMITS) == ()
    assert await outbox.reap(now=later) == 1
    assert [row.key for row in await outbox.unclear()] == [key]
    await store.close()


async def test_two_processes_share_what_is_due_and_never_overlap(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    await enqueue(StoredOutbox(store), *some(100))
    await store.close()
    with claiming(tmp_path, "a", 7) as first, claiming(tmp_path, "b", 7) as second:
        keys = await asyncio.gather(
            asyncio.to_thread(claimed_by, first), asyncio.to_thread(claimed_by, second)
        )
        first.communicate("")
        second.communicate("")
    assert all(keys)
    assert len({*keys[0], *keys[1]}) == len(keys[0]) + len(keys[1]) == 100


async def test_a_full_disk_claims_nothing_and_works_again_when_there_is_room(
    tmp_path: Path,
) -> None:
    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    await enqueue(outbox, *some(50, payload=a_payload(text="x" * 3000)))
    await store.close()
    pages = {"most": 0}

    def limit(connection: object, record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute(f"PRAGMA max_page_count={pages['most']}")
        cursor.close()

    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    async with store.reading() as connection:
        used = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
    await store.engine.dispose()
    pages["most"] = used
    event.listen(store.engine.sync_engine, "connect", limit)
    with pytest.raises(StoreUnusable, match="the disk is full: make room"):
        await outbox.claim(owner="w", now=NOON, most=50, capabilities=LIMITS)
    rows = await outbox.list_deliveries()
    assert {row.state for row in rows} == {DeliveryState.PENDING}
    await store.engine.dispose()
    pages["most"] = used * 10
    assert len(await outbox.claim(owner="w", now=NOON, most=50, capabilities=LIMITS)) == 50
    await store.close()


async def test_answers_that_come_together_are_all_settled(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    await enqueue(outbox, *some(450))
    claims = await outbox.claim(owner="w", now=NOON, most=450, capabilities=LIMITS)
    settled = await asyncio.gather(
        *(
            outbox.settle(each.delivery.key, token=each.token + nth % 2, verdict=DONE, now=NOON)
            for nth, each in enumerate(claims)
        )
    )
    assert settled == [nth % 2 == 0 for nth in range(450)]
    sent = await outbox.list_deliveries(states=("sent",))
    assert {row.key for row in sent} == {each.delivery.key for each in claims[::2]}
    await store.close()


async def test_two_answers_for_one_claim_count_once(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    await enqueue(outbox, a_delivery())
    (claim,) = await outbox.claim(owner="w", now=NOON, most=1, capabilities=LIMITS)
    settled = await asyncio.gather(
        *(
            outbox.settle(claim.delivery.key, token=1, verdict=verdict, now=NOON)
            for verdict in (DONE, Retry(NOON, "no"), DONE)
        )
    )
    assert settled == [True, False, False]
    await store.close()


async def test_a_cancelled_answer_takes_no_other_with_it(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    await enqueue(outbox, *some(5))
    claims = await outbox.claim(owner="w", now=NOON, most=5, capabilities=LIMITS)
    settler = GroupSettler(store)
    tasks = [
        asyncio.create_task(settler.settle(Settlement(each.delivery.key, each.token, DONE, NOON)))
        for each in claims
    ]
    async with store.writing():  # the first stands in the door, and cannot write yet
        for _ in range(5):
            await asyncio.sleep(0)
        tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [True] * 4
    await store.close()


async def test_what_planning_read_and_another_claimed_meanwhile_cannot_happen(
    tmp_path: Path,
) -> None:
    store = await open_store(URL, tmp_path)
    outbox = StoredOutbox(store)
    await enqueue(outbox, a_delivery())
    edited = replace(a_delivery(), payload=a_payload(text="Edited"))
    claims, _ = await asyncio.gather(
        outbox.claim(owner="w", now=NOON, most=1, capabilities=LIMITS),
        enqueue(outbox, edited),
    )
    (row,) = await outbox.list_deliveries()
    assert row.frozen == claims[0].payload
    assert row.state is DeliveryState.CLAIMED
    await store.close()
