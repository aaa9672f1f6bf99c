"""Forgetting what is kept long enough, once a day, as ``retention`` in config/herald.yaml says."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime
from typing import Protocol

from herald.model.retention import Forgotten, Retention
from herald.ports import Clock

log = logging.getLogger(__name__)


class ForgetsPeople(Protocol):
    """Forgets what is older than allowed, on disk."""

    async def forget(self, kept: Retention, *, now: datetime) -> Forgotten:
        """Forget all that is older than *kept* allows; return how much it was."""
        ...


async def keep_to(kept: Retention, store: ForgetsPeople, clock: Clock) -> Forgotten:
    """Forget what is old enough, and log how much; names and addresses are in no log."""
    forgotten = await store.forget(kept, now=clock.now())
    if not forgotten.is_nothing:
        log.info("forgotten what was kept long enough", extra=asdict(forgotten))
    return forgotten
