"""Whose turn it is at which host."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.clock import SetClock
from herald.sources.feeds.fetching.hosts import Hosts
from tests.sources.feeds.documents import NOW


def some_hosts(*, at_once: int = 32, spacing: float = 1) -> tuple[Hosts, SetClock]:
    clock = SetClock(NOW)
    return Hosts(clock=clock, at_once=at_once, spacing=timedelta(seconds=spacing)), clock


async def breathe() -> None:
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_turns_at_one_host_come_in_the_order_of_asking() -> None:
    hosts, _ = some_hosts()
    told: list[int] = []

    async def visit(number: int) -> None:
        async with hosts.turn("a:80"):
            told.append(number)

    await asyncio.gather(*(visit(number) for number in range(300)))
    assert told == list(range(300))


async def test_turns_at_one_host_are_a_second_apart_and_other_hosts_do_not_wait() -> None:
    hosts, clock = some_hosts()
    for host in ("a:80", "b:80", "c:80"):
        async with hosts.turn(host):
            pass
    assert clock.monotonic() == 0
    async with hosts.turn("a:80"):
        assert clock.monotonic() == 1


async def test_the_pause_counts_from_the_end_of_the_turn_before() -> None:
    hosts, clock = some_hosts()
    async with hosts.turn("a:80"):
        clock.advance(timedelta(seconds=20))
    async with hosts.turn("a:80"):
        assert clock.monotonic() == 21
    clock.advance(timedelta(seconds=0.4))
    async with hosts.turn("a:80"):
        assert clock.monotonic() == 22


async def test_who_waits_for_a_slow_host_holds_no_place_of_the_others() -> None:
    hosts, _ = some_hosts(at_once=2)
    slow = asyncio.Event()
    served: list[str] = []

    async def visit(host: str) -> None:
        async with hosts.turn(host):
            if host == "slow:80":
                await slow.wait()
            served.append(host)

    stuck = [asyncio.create_task(visit("slow:80")) for _ in range(100)]
    await breathe()
    await asyncio.wait_for(asyncio.gather(*(visit(f"{n}:80") for n in range(50))), timeout=60)
    assert len(served) == 50
    slow.set()
    await asyncio.gather(*stuck)
    assert served.count("slow:80") == 100


class StandingClock(SetClock):
    """A clock on which every pause lasts until the test lets it end."""

    def __init__(self) -> None:
        super().__init__(NOW)
        self.go_on = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.go_on.wait()
        await super().sleep(seconds)


async def test_the_pause_before_a_turn_holds_no_place_of_the_others() -> None:
    clock = StandingClock()
    hosts = Hosts(clock=clock, at_once=1, spacing=timedelta(seconds=1))

    async def visit(host: str) -> None:
        async with hosts.turn(host):
            pass

    await visit("a:80")
    pausing = asyncio.create_task(visit("a:80"))
    await breathe()
    await asyncio.wait_for(visit("b:80"), timeout=60)
    assert not pausing.done()
    clock.go_on.set()
    await pausing


async def test_no_more_than_the_agreed_number_are_asked_at_once() -> None:
    hosts, _ = some_hosts(at_once=3)
    now = [0, 0]

    async def visit(host: str) -> None:
        async with hosts.turn(host):
            now[0] += 1
            now[1] = max(now)
            await asyncio.sleep(0)
            now[0] -= 1

    await asyncio.gather(*(visit(f"{number}:80") for number in range(40)))
    assert now == [0, 3]


async def test_a_turn_that_breaks_or_is_given_up_is_passed_on() -> None:
    hosts, _ = some_hosts()
    with contextlib.suppress(ZeroDivisionError):
        async with hosts.turn("a:80"):
            raise ZeroDivisionError
    async with hosts.turn("a:80"):
        waiting = asyncio.create_task(hosts.turn("a:80").__aenter__())
        await breathe()
        assert hosts.is_awaited("a:80")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert not hosts.is_awaited("a:80")
    async with asyncio.timeout(60), hosts.turn("a:80"):
        pass


async def test_hosts_of_long_ago_are_forgotten() -> None:
    hosts, clock = some_hosts()
    for number in range(2_000):
        async with hosts.turn(f"{number}:80"):
            clock.advance(timedelta(milliseconds=10))
    assert hosts.met == pytest.approx(300, abs=2)
    clock.advance(timedelta(minutes=1))
    async with hosts.turn("a:80"):
        pass
    assert hosts.met == 1


async def test_a_host_that_is_met_again_and_again_keeps_no_other_from_being_forgotten() -> None:
    hosts, clock = some_hosts()
    for number in range(100):
        for host in ("busy:80", f"{number}:80"):
            async with hosts.turn(host):
                pass
        clock.advance(timedelta(seconds=1))
    assert hosts.met <= 5


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3)), max_size=30), st.integers(1, 4))
def test_no_order_of_visits_brings_two_to_a_host_within_a_second(
    visits: list[tuple[int, float]], at_once: int
) -> None:
    async def play() -> list[tuple[int, float, float]]:
        hosts, clock = some_hosts(at_once=at_once)
        seen: list[tuple[int, float, float]] = []

        async def visit(host: int, lasts: float) -> None:
            async with hosts.turn(str(host)):
                began = clock.monotonic()
                await clock.sleep(lasts)
                seen.append((host, began, clock.monotonic()))

        await asyncio.gather(*(visit(*one) for one in visits))
        return seen

    seen = asyncio.run(play())
    assert len(seen) == len(visits)
    for host in range(6):
        times = [(began, ended) for name, began, ended in seen if name == host]
        assert all(later - ended >= 1 - 1e-9 for (_, ended), (later, _) in pairwise(times))
