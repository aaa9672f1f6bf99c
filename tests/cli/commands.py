"""Calls commands as a person does, and puts posts into the outbox for them to see."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from herald.app import open_app
from herald.cli.main import main
from herald.clock import SetClock
from herald.model.delivery import Delivery
from tests.folders import MONDAY

AT = "2027-05-03T06:00Z"
"""The moment MONDAY, as ``--now`` takes it."""


def herald(root: Path, *words: str, now: str = AT) -> Result:
    """Run one command on a folder; what it does not foresee comes out as an exception."""
    return CliRunner().invoke(main, ["-C", str(root), "--now", now, *words], catch_exceptions=False)


def document(result: Result) -> dict[str, Any]:
    """Return the one JSON document that stands on standard output."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def plan_it(root: Path, *, now: datetime = MONDAY, send: bool = False) -> list[Delivery]:
    """Put what is planned into the outbox; with *send* also send what is due."""

    async def work() -> list[Delivery]:
        async with open_app(root, SetClock(now), channels=send) as app:
            await app.replan()
            if send:
                await app.begin()
                await app.worker.drain()
            return list(await app.store.list_deliveries())

    return asyncio.run(work())


def is_one_sentence(text: str) -> bool:
    """Tell whether an error is told to a person: once, and without Python's own words."""
    return text.count("Error") == 1 and "Traceback" not in text and "Exception" not in text
