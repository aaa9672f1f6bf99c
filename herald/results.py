"""What comparing and one pass came to: as documents for programs, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from herald.delivery.happened import Summary
from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.ids import CampaignId, DeliveryKey
from herald.model.plan import Plan, Reconciliation
from herald.model.problem import Problem
from herald.reporting.documents import plan_document
from herald.reporting.health import Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A plan beside what waits."""

    plan: Plan
    difference: Reconciliation
    waiting: Sequence[Delivery]
    broken: tuple[Problem, ...] = ()
    """Why some files were not read; they keep what they last planned."""
    campaigns: tuple[CampaignId, ...] = ()
    """All that were planned, also those with nothing in the span."""
    issue_states: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """Return what ``herald plan --json`` prints."""
        rows: dict[DeliveryKey, Delivery] = {row.key: row for row in self.waiting}
        return plan_document(self.plan, self.difference, rows, self.issue_states)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one ``run --once`` came to."""

    summary: Summary
    health: Health

    @property
    def needs_a_person(self) -> bool:
        """Tell whether a file is broken, or something is overdue, unclear, or has failed."""
        return not self.health.ok or bool(self.summary.failed or self.summary.stopped)

    def document(self) -> dict[str, Any]:
        """Return what ``herald run --once --json`` prints."""
        return {
            "sent": self.summary.sent,
            "later": self.summary.later,
            "failed": self.summary.failed,
            "expired": self.summary.expired,
            "held": self.summary.held,
            "unclear": self.summary.unclear,
            "health": self.health.document(),
        }

    def sentence(self) -> str:
        """Return the same in a line for cron's mail."""
        told = [
            f"{count} {name}"
            for name, count in (
                ("sent", self.summary.sent),
                ("to try again later", self.summary.later),
                ("failed", self.summary.failed),
                ("expired", self.summary.expired),
                ("held for a person", self.summary.held),
                ("unclear", self.summary.unclear),
            )
            if count
        ]
        stopped = sum(
            self.health.outbox.count(DeliveryState.PENDING, reason)
            for reason in (Reason.PAUSED, Reason.AUTH)
        )
        nothing = f"Nothing was sent: {stopped} wait for a resume" if stopped else "Nothing was due"
        advice = " Something needs a person: herald status." if self.needs_a_person else ""
        return f"{', '.join(told) or nothing}.{advice}"
