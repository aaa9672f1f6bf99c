"""The simulation's outbox in memory keeps the contract of every outbox."""

from __future__ import annotations

from typing import Any

import pytest

from herald.simulating.outbox import ScratchOutbox
from tests.contracts.test_outbox_store import *  # noqa: F403 - the contract is its tests
from tests.fakes.outbox import MemoryOutbox


class ScratchStore(ScratchOutbox):
    """The outbox with the contract's pictures, which the simulation does without."""

    def __init__(self) -> None:
        super().__init__()
        self._media: dict[str, bytes] = {}

    put_media = MemoryOutbox.put_media
    has_media = MemoryOutbox.has_media
    get_media = MemoryOutbox.get_media


@pytest.fixture
def place() -> str:
    return ""


@pytest.fixture
async def outbox(place: str) -> Any:
    return ScratchStore()
