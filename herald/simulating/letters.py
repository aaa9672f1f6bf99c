"""The newsletters' issues of a simulated year: gathered for real, sent to nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from herald.mailing.letters.gather import Sources
from herald.mailing.letters.issues import approve, closed, weigh
from herald.mailing.letters.preparing import Shaped, follow_plan
from herald.model.ids import ListId
from herald.model.mailing import Edition, Issue, IssueReason, IssueState
from herald.model.mornings import mornings
from herald.model.plan import PlannedIssue
from herald.ports import MailingStore

SOON = timedelta(days=2)
"""So long before its moment an issue is put together, and as much earlier as its approval takes.

A true Herald does it two weeks ahead and at every planning: the same goes out.
"""
GIVEN_UP = timedelta(days=1)
"""So long after its moment an issue that waits for a person is looked at no more."""


class Letters:
    """Every issue, by its key; an issue that is ready when it is due counts as sent.

    One that goes out on its readers' own clocks is due when the first of them has morning.
    """

    def __init__(
        self,
        issues: Sequence[Issue] = (),
        *,
        early: timedelta = timedelta(0),
        zones: Mapping[ListId, Collection[str]] | None = None,
    ) -> None:
        """Begin with *issues*; *zones* are those in which each list's readers live."""
        self._zones = zones or {}
        self._shelf = _Shelf({issue.key: issue for issue in issues})
        self._left: list[Issue] = []
        self._early = SOON + early
        self._shaped: Mapping[str, Shaped] = {}

    async def follow(
        self,
        planned: Sequence[PlannedIssue],
        sources: Sources,
        *,
        now: datetime,
    ) -> None:
        """Let the issues that are near follow the plan, as ``Mailing.sync_issues`` does."""
        until = now + self._early
        near = [one for one in planned if one.due_at <= until]
        if near or any(one.due_at <= now for one in self._open()):
            store = cast("MailingStore", self._shelf)  # of which preparing asks for two methods
            self._shaped = await follow_plan(
                store, near, sources, until=until, now=now, shaped=self._shaped
            )
        for issue in self._open():
            if issue.due_at + GIVEN_UP < now:
                self._left.append(self._shelf.known.pop(issue.key))

    def _open(self) -> list[Issue]:
        return [one for one in self._shelf.known.values() if one.state in _WAITING]

    def send_due(self, *, now: datetime) -> None:
        """Send what is due and may be sent; close what has nothing to say."""
        for issue in list(self._shelf.known.values()):
            if issue.state is not IssueState.PENDING or self._begins_at(issue) > now:
                continue
            changed = closed(issue, now=now)
            if changed is None and issue.content_hash:
                changed = weigh(issue, now=now)
                if changed.state is IssueState.PENDING:
                    changed = replace(
                        changed, state=IssueState.SENT, started_at=now, finished_at=now
                    )
            if changed is not None:
                self._shelf.known[issue.key] = changed

    def approve(self, *, waits_for: timedelta, now: datetime) -> None:
        """Approve what waits for a person's word, not earlier than *waits_for* after gathering."""
        for issue in list(self._shelf.known.values()):
            if issue.reason is not IssueReason.APPROVAL or issue.state is not IssueState.HELD:
                continue
            since = self._shelf.held_since.setdefault(issue.key, now)
            agreed = approve(issue, now=now)
            if isinstance(agreed, Issue) and now - since >= waits_for:
                self._shelf.known[issue.key] = agreed

    def next_due(self, after: datetime) -> datetime | None:
        """Return when the next issue is due."""
        dues = (self._begins_at(one) for one in self._shelf.known.values())
        return min((due for due in dues if due > after), default=None)

    def _begins_at(self, issue: Issue) -> datetime:
        first, _ = mornings(issue, self._zones.get(issue.list, ()))
        return first

    def issues(self) -> tuple[Issue, ...]:
        """Return every issue, by due_at and key."""
        every = (*self._shelf.known.values(), *self._left)
        return tuple(sorted(every, key=lambda one: (one.due_at, one.key)))


_WAITING = frozenset({IssueState.PENDING, IssueState.HELD})


class _Shelf:
    """As much of a mailing store as preparing issues needs."""

    def __init__(self, known: dict[str, Issue]) -> None:
        self.known = known
        self.held_since: dict[str, datetime] = {}

    async def issues(self) -> tuple[Issue, ...]:
        """Return every issue, by due_at and key."""
        return tuple(sorted(self.known.values(), key=lambda one: (one.due_at, one.key)))

    async def save_issue(
        self, changed: Issue, *, was: Issue | None, editions: Sequence[Edition] | None = None
    ) -> bool:
        """Write an issue; nobody else writes meanwhile."""
        self.known[changed.key] = changed
        return True
