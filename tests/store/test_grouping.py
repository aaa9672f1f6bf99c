"""Writing together what many wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from herald.store.grouping import Grouped


async def test_who_waits_together_is_written_together() -> None:
    groups: list[list[int]] = []

    async def write(group: Sequence[int]) -> list[int]:
        groups.append(list(group))
        await asyncio.sleep(0)
        return [2 * each for each in group]

    grouped = Grouped(write, most=10)
    answers = await asyncio.gather(*(grouped.bring(each) for each in range(25)))
    assert answers == [2 * each for each in range(25)]
    assert [each for group in groups for each in group] == list(range(25))
    assert [len(group) for group in groups] == [10, 10, 5]


async def test_what_is_too_heavy_goes_alone() -> None:
    groups: list[list[int]] = []

    async def write(group: Sequence[int]) -> list[int]:
        groups.append(list(group))
        return list(group)

    grouped = Grouped(write, most=10, weight=lambda each: each)
    await asyncio.gather(*(grouped.bring(each) for each in (3, 4, 99, 5, 5)))
    assert groups == [[3, 4], [99], [5, 5]]


async def test_who_leaves_while_another_writes_for_him_disturbs_nobody() -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def write(group: Sequence[int]) -> list[int]:
        begun.set()
        await goes_on.wait()
        return list(group)

    grouped = Grouped(write, most=10)
    tasks = [asyncio.create_task(grouped.bring(each)) for each in range(4)]
    await begun.wait()
    tasks[2].cancel()
    await asyncio.sleep(0)
    goes_on.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[0], answers[1], answers[3]] == [0, 1, 3]
    assert isinstance(answers[2], asyncio.CancelledError)


async def test_a_failure_is_told_to_who_wrote_and_the_next_writes() -> None:
    failures = [OSError("the disk is full")]

    async def write(group: Sequence[int]) -> list[int]:
        if failures:
            raise failures.pop()
        return list(group)

    grouped = Grouped(write, most=10)
    first, *others = await asyncio.gather(
        *(grouped.bring(each) for each in range(4)), return_exceptions=True
    )
    assert others == [1, 2, 3]
    with pytest.raises(OSError, match="full"):
        raise first  # type: ignore[misc]
