"""Lets processes live and die on one store and one network, and counts what is left."""

import asyncio
import multiprocessing
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from herald.channels.journal_file import journal_path, read_journal
from herald.model.campaign import CatchUp
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, OccasionId, campaign_key
from herald.model.plan import Plan, PlannedDelivery
from tests.faults.child import Life, live
from tests.faults.crashing import KILLED
from tests.faults.network import GOOD, FakeNetwork
from tests.makers import a_payload

PRELOADED = ["tests.faults.child", "tests.faults.launched"]
"""What lives need; one server forks them all."""
PATIENCE = 300.0
"""True seconds after which a life that should have ended by itself is a failure."""
OFTEN = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What the killing came to on one channel."""

    doubled: int = 0
    lost: int = 0
    """Marked sent, and not there; or never settled; or ended as if it could not be sent."""
    held: int = 0
    """Left to a person, as unclear."""
    arrived: int = 0


def a_plan(channels: Sequence[str], each: int) -> Plan:
    """Make a plan of *each* deliveries on every channel, due a minute ago."""
    moment = datetime.now(UTC)
    deliveries = [_planned(channel, nth, moment) for channel in channels for nth in range(each)]
    return Plan(
        made_at=moment,
        first=moment - timedelta(days=1),
        last=moment + timedelta(days=365),
        deliveries=tuple(sorted(deliveries, key=lambda one: (one.due_at, one.key))),
    )


def _planned(channel: str, nth: int, moment: datetime) -> PlannedDelivery:
    campaign, item, language = CampaignId("stories"), ItemId(f"item-{nth}"), Language("en")
    occasion, on = OccasionId("once"), ChannelId(channel)
    return PlannedDelivery(
        key=campaign_key(campaign, item, occasion, on, language),
        campaign=campaign,
        item=item,
        occasion=occasion,
        channel=on,
        network="loopback",
        language=language,
        occasion_local=datetime(2027, 5, 10, 14, 0),
        zone="Europe/Rome",
        due_at=moment - timedelta(minutes=1),
        not_after_at=moment + timedelta(days=365),
        catch_up=CatchUp.POST,
        moves=False,
        payload=a_payload(text=f"Post {nth}"),
        content_hash=str(nth),
    )


class Harness:
    """Runs lives one after the other, as a service manager does, each later on the wall clock."""

    def __init__(self, life: Life, *, seed: int) -> None:
        self._life = life
        self._dice = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        # Loaded once: a life then begins in hundredths of a second.
        self._context.set_forkserver_preload(PRELOADED)
        self.lives = 0
        self.kills = 0

    async def kill_at_random(self, times: int, *, within: float = 1.2) -> None:
        """Let *times* lives be killed at random moments, each with some more to send."""
        for nth in range(times):
            process = await self._begin(share=(nth + 1) / times)
            await asyncio.sleep(self._dice.uniform(0.05, within))
            process.kill()
            await self._ended(process)
            self.kills += 1

    async def live_together(
        self, count: int, disturb: Callable[[int], object], *, times: int, within: float = 0.8
    ) -> None:
        """Let *count* lives share the work while *disturb* is called, and one of them killed."""
        lives = [await self._begin(share=1 / times) for _ in range(count)]
        for nth in range(times):
            await asyncio.sleep(self._dice.uniform(0.1, within))
            await asyncio.to_thread(disturb, nth)
            assert all(life.is_alive() for life in lives), "a life ended by itself"
            process = lives.pop(0)
            process.kill()
            await self._ended(process)
            self.kills += 1
            lives.append(await self._begin(share=(nth + 1) / times))
        await asyncio.sleep(within)
        assert all(life.is_alive() for life in lives), "a life ended by itself"
        for process in lives:
            process.kill()
            await self._ended(process)

    async def crash_at_each(self, points: Sequence[str]) -> list[str]:
        """Let a life die at each of *points*, with some more to send; return those not passed."""
        shares = [(nth + 1) / len(points) for nth in range(len(points))]
        passed = [
            await self._crash_at(point, share) for point, share in zip(points, shares, strict=True)
        ]
        return [point for point, is_passed in zip(points, passed, strict=True) if not is_passed]

    async def _crash_at(self, point: str, share: float) -> bool:
        happens_once = point.startswith(("plan", "reap"))
        nth = 1 if happens_once else self._dice.randint(1, 3)
        process = await self._begin(share, crash_at=point, crash_on=nth, until_done=True)
        code = await self._ended(process)
        assert code in {0, KILLED}, f"the process ended with {code}"
        self.kills += code == KILLED
        return code == KILLED

    async def finish(self) -> None:
        """Let a last life come to its end by itself."""
        code = await self._ended(await self._begin(until_done=True))
        assert code == 0, f"the last process ended with {code}"

    async def _begin(
        self, share: float = 1.0, **changes: Any
    ) -> multiprocessing.process.BaseProcess:
        """Begin a life in which the first *share* of the deliveries is planned."""
        self.lives += 1
        whole = self._life.plan
        plan = replace(whole, deliveries=whole.deliveries[: round(len(whole.deliveries) * share)])
        life = replace(self._life, nth=self.lives, plan=plan, **changes)
        process = self._context.Process(target=live, args=(life,))
        # In this thread alone: starting one asks after all others, and two that ask at once read
        # one end of a process, which the second takes for a failure (255).
        process.start()
        return process

    async def _ended(self, process: multiprocessing.process.BaseProcess) -> int | None:
        try:
            async with asyncio.timeout(PATIENCE):
                while process.is_alive():  # noqa: ASYNC110 - a process that ends sets no event
                    await asyncio.sleep(OFTEN)
        except TimeoutError:
            raise AssertionError(f"a life went on for more than {PATIENCE} seconds") from None
        finally:  # also where another part of the test has failed, and nobody waits any more
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        return code


async def toll_of(life: Life, network: FakeNetwork) -> dict[str, Toll]:
    """Compare what the store says with what the network accepted, channel by channel."""
    await network.settled()
    return {
        channel: _toll(rows, {key: network.shelf.accepted[channel, key] for key in rows})
        for channel, rows in (await _states(life)).items()
    }


async def journal_toll(life: Life) -> Toll:
    """Compare what the store says with what the journal holds."""
    lines = Counter(line.key for line in read_journal(journal_path(life.folder, "journal")))
    return _toll((await _states(life))["journal"], lines)


def _toll(rows: dict[str, tuple[str, str]], arrived: dict[str, int] | Counter[str]) -> Toll:
    held = {key for key, standing in rows.items() if standing == ("held", "unclear")}
    sent = {key for key, (state, _) in rows.items() if state == "sent"}
    return Toll(
        doubled=sum(arrived[key] > 1 for key in rows),
        lost=sum(not arrived[key] for key in sent) + len(rows.keys() - sent - held),
        held=len(held),
        arrived=sum(arrived[key] > 0 for key in rows),
    )


async def _states(life: Life) -> dict[str, dict[str, tuple[str, str]]]:
    """Read the outbox as it stands, past Herald's own code; every planned delivery is in it."""
    wanted = "SELECT channel, key, state, reason FROM delivery"
    if life.store.startswith("postgresql:"):
        connection = await asyncpg.connect(life.store)
        rows = [tuple(row) for row in await connection.fetch(wanted)]
        await connection.close()
    else:
        database = sqlite3.connect(life.folder / "herald.db")
        rows = database.execute(wanted).fetchall()
        database.close()
    assert {row[1] for row in rows} == {planned.key for planned in life.plan.deliveries}
    states: dict[str, dict[str, tuple[str, str]]] = {}
    for channel, key, state, reason in rows:
        states.setdefault(channel, {})[key] = (state, reason)
    return states


def good(network: FakeNetwork) -> None:
    """Let the network behave from now on."""
    network.manners = GOOD
