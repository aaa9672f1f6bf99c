"""Parsing in processes that can be killed: hostile documents end, and the next one is read."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest

from herald.model.feed import ParsedFeed
from herald.model.page import PageFacts
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.workers import (
    MOST_MEMORY,
    ParseFailed,
    Parser,
    _End,
    _Task,
    _work,
)
from tests.sources.feeds.documents import NOW, calendar, item, rss

GOOD = Document(body=rss(item()).encode(), url="https://example.org/feed", now=NOW)

_NEVER = "RRULE:FREQ=DAILY;BYMONTH=6;BYWEEKNO=2"
ENDLESS = calendar(f"UID:1\nSUMMARY:A\nDTSTART:20270516T100000Z\n{_NEVER}").encode()
"""Reading it takes far longer than any test waits."""


def hostile(body: bytes) -> Document:
    return Document(body=body, url="https://example.org/feed", now=NOW)


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    async with Parser(workers=1, most_seconds=60) as made:
        yield made


@pytest.fixture
async def strict() -> AsyncIterator[Parser]:
    async with Parser(workers=1, most_seconds=1.5) as made:
        yield made


async def test_a_document_is_read_in_another_process(parser: Parser) -> None:
    found = await parser.parse(GOOD)
    assert isinstance(found, ParsedFeed)
    assert found.entries[0].title == "Story number 1"


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel><item>" + b"<a>" * 300_000,
        rss(item(text="&lt;ul&gt;&lt;li&gt;" * 6_000)).encode()
        + rss(*(item(n, text="&lt;ul&gt;&lt;li&gt;" * 6_000) for n in range(30))).encode(),
        b'{"version":' + b"[" * 1_000_000,
    ],
    ids=["deep", "quadratic", "deep json"],
)
async def test_a_hostile_document_ends_within_its_time(strict: Parser, body: bytes) -> None:
    await strict.parse(GOOD)
    began = time.monotonic()
    found = await strict.parse(hostile(body))
    assert time.monotonic() - began < 20
    assert isinstance(found, ParsedFeed | ParseFailed)
    again = await strict.parse(GOOD)
    assert isinstance(again, ParsedFeed)


async def test_what_takes_too_long_is_killed_and_told() -> None:
    async with Parser(workers=1, most_seconds=0.0) as hasty:
        found = await hasty.parse(hostile(ENDLESS))
    assert isinstance(found, ParseFailed)
    assert "longer than 0 seconds" in found.why


async def test_a_worker_that_eats_memory_is_told_and_replaced() -> None:
    many = b'{"version":"x","items":[' + b'{"a":{"b":{}}},' * 700_000 + b"{}]}"
    async with Parser(workers=1, most_seconds=60, most_memory=200 * 1024 * 1024) as small:
        found = await small.parse(hostile(many))
        assert isinstance(found, ParseFailed)
        assert "memory" in found.why
        assert isinstance(await small.parse(GOOD), ParsedFeed)


async def test_a_hundred_thousand_entries_are_capped() -> None:
    many = b"<rss><channel>" + b"<item><title>a</title></item>" * 100_000 + b"</channel></rss>"
    async with Parser(workers=1) as parser:
        found = await parser.parse(hostile(many))
    assert isinstance(found, ParsedFeed)
    assert len(found.entries) == 5_000
    assert any("more than 5,000" in problem.message for problem in found.problems)


async def test_the_event_loop_is_free_while_documents_are_read(parser: Parser) -> None:
    await parser.parse(GOOD)
    big = hostile(rss(*(item(number, text="word " * 500) for number in range(400))).encode())
    reading = asyncio.create_task(parser.parse(big))
    # The time of this thread alone: how long others keep the processor tells of the machine.
    longest, last = 0.0, time.thread_time()
    while not reading.done():
        await asyncio.sleep(0)
        longest, last = max(longest, time.thread_time() - last), time.thread_time()
    assert longest < 0.5
    assert isinstance(await reading, ParsedFeed)


async def test_a_cancelled_reading_ends_its_worker_and_the_next_is_read(parser: Parser) -> None:
    await parser.parse(GOOD)
    reading = asyncio.create_task(parser.parse(hostile(b"<rss><channel><item>" + b"<a>" * 300_000)))
    for _ in range(3):
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert isinstance(await parser.parse(GOOD), ParsedFeed)


async def test_nothing_is_left_running(parser: Parser) -> None:
    async with Parser(workers=2) as busy:
        await asyncio.gather(busy.parse(GOOD), busy.parse(GOOD))
        pids = [worker._process.pid for worker in busy._idle]
        assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid or 0, 0)


async def test_a_page_is_read_beside_feeds(parser: Parser) -> None:
    found = await parser.read_page(hostile(b"<title>Museo</title>"))
    assert isinstance(found, PageFacts)
    assert found.title == "Museo"
    assert isinstance(await parser.parse(GOOD), ParsedFeed)


async def test_a_hostile_page_ends_within_its_time() -> None:
    async with Parser(workers=1, most_seconds=0.0) as hasty:
        found = await hasty.read_page(hostile(b"<title>Museo</title>" + b"<p>x" * 1_000_000))
    assert isinstance(found, ParseFailed)


async def test_a_big_feed_comes_back_whole_and_in_order(parser: Parser) -> None:
    body = rss(*(item(number, date=None) for number in range(1001))).encode()
    found = await parser.parse(hostile(body))
    assert isinstance(found, ParsedFeed)
    assert [entry.guid.rpartition("=")[2] for entry in found.entries] == [
        str(number) for number in range(1000, -1, -1)
    ]


async def test_a_worker_that_the_system_ended_meanwhile_is_replaced(parser: Parser) -> None:
    await parser.parse(GOOD)
    (worker,) = parser._idle
    os.kill(worker._process.pid or 0, signal.SIGKILL)
    worker._process.join(5)
    assert isinstance(await parser.parse(GOOD), ParsedFeed)


async def test_hostile_documents_on_all_workers_hold_up_the_next_for_one_limit_at_most() -> None:
    async with Parser(workers=2, most_seconds=1.0) as small:
        await asyncio.gather(small.parse(GOOD), small.parse(GOOD))
        began = time.monotonic()
        hostiles = [asyncio.create_task(small.parse(hostile(ENDLESS))) for _ in range(2)]
        await asyncio.sleep(0)
        assert isinstance(await small.parse(GOOD), ParsedFeed)
        assert time.monotonic() - began < 20
        assert all(isinstance(one, ParseFailed) for one in await asyncio.gather(*hostiles))


def test_a_worker_retires_after_many_documents() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    limits = {"most_documents": 3}
    process = context.Process(target=_work, args=(theirs, MOST_MEMORY), kwargs=limits, daemon=True)
    process.start()
    theirs.close()
    assert ours.recv() == "ready"
    ends = []
    for _ in range(3):
        ours.send((_Task.PAGE, hostile(b"<title>x</title>")))
        assert isinstance(ours.recv(), PageFacts)
        ends.append(ours.recv())
    assert ends == [_End(retires=False), _End(retires=False), _End(retires=True)]
    process.join(10)
    assert process.exitcode == 0
    ours.close()
