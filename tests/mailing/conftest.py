"""A store in a temporary folder, and the room on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from herald.clock import SetClock
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from tests.makers import NOON


@pytest.fixture
async def database(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(store_url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Store) -> StoredMailing:
    return StoredMailing(database)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)
