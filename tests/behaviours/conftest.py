"""What all tests of behaviours stand on: workers and a folder that are made only once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from herald.sources.feeds.parsing.workers import Parser
from tests.behaviours.house import Ground, House, a_house, prepared


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Return real worker processes, and a folder to copy.

    No test has more than four documents read at one moment: who waits for a worker belongs to
    the event loop of one test.
    """
    folder = tmp_path_factory.mktemp("network")
    asyncio.run(prepared(folder))
    parser = Parser(workers=4)
    yield Ground(parser=parser, folder=folder)
    asyncio.run(parser.close())


@pytest.fixture
async def house(tmp_path: Path, ground: Ground) -> AsyncIterator[House]:
    """Return the joined house with a partner's site, on a clock that is moved."""
    async with a_house(tmp_path, ground) as made:
        yield made
