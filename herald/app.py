"""The composition root: builds everything from settings and joins the stages.

    async with open_app(folder, clock) as app:
        await app.replan()

Reads from top to bottom as the pipeline: sources, planning, outbox, delivery.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from herald.channels.registry import NETWORKS, check_settings, open_channel
from herald.data.calendar import calendar
from herald.data.networks import capabilities_of
from herald.delivery.happened import Happened, Summary
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker, unwatched
from herald.errors import ChannelUnreachable, ConfigurationBroken
from herald.model.campaign import Campaign
from herald.model.delivery import Delivery
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.model.problem import Problem, Severity
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.outbox.reconcile import reconcile
from herald.planning.plan import make_plan
from herald.ports import Channel, Clock
from herald.reporting.documents import plan_document
from herald.settings import Settings, load_settings
from herald.sources.load import Loaded, Loader
from herald.store.engine import Store, open_store
from herald.store.outbox import OutboxInStore

AHEAD = timedelta(days=60)
"""What falls in this span from now is enqueued."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A plan beside what waits."""

    plan: Plan
    difference: Reconciliation
    waiting: Sequence[Delivery]
    broken: tuple[Problem, ...] = ()
    """Why some files were not read; they keep what they last planned."""
    issue_states: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return what ``herald plan --json`` prints."""
        rows: dict[DeliveryKey, Delivery] = {row.key: row for row in self.waiting}
        return plan_document(self.plan, self.difference, rows, dict(self.issue_states))
