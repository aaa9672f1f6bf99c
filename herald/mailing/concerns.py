"""What a person should know or decide about a newsletter.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.model.mailing import (
    IssueReason,
    IssueState,
    Progress,
    RecipientState,
    WhenUncertain,
)

OVERDUE_AFTER = timedelta(minutes=15)
"""An issue that has not gone out so long after its moment is not merely in the queue."""

_DECIDE = "decide with `herald newsletter resend-uncertain` or `hold-uncertain`"
_SOON = "what is not settled within an hour waits for your word"
"""Where the newsletter says what becomes of them; copies of a restored database wait all the same.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Something about a newsletter that a person should know or decide."""

    issue: str
    code: str
    """approval, writing, late, uncertain, failed, overdue, signature or relay."""
    message: str


def concerns_of(progress: Progress, *, now: datetime) -> tuple[Concern, ...]:
    """Return what a person should know or decide about one issue."""
    issue = progress.issue
    found: list[tuple[str, str]] = []
    if issue.state is IssueState.HELD and issue.reason is not None:
        wants = {
            IssueReason.APPROVAL: "it waits for your approval",
            IssueReason.WRITING: "something is missing",
            IssueReason.LATE: "its moment is over",
        }
        note = f": {issue.note}" if issue.note else ""
        found.append((issue.reason.value, wants[issue.reason] + note))
    if uncertain := progress.count(RecipientState.UNCERTAIN):
        what = _DECIDE if issue.when_uncertain is WhenUncertain.ASK else _SOON
        found.append(("uncertain", f"{uncertain} copies may have arrived, or not: {what}"))
    if failed := progress.count(RecipientState.FAILED):
        found.append(("failed", f"{failed} copies could not be delivered"))
    awake = [at for at, _ in progress.due if at <= now]
    waiting = len(awake) + progress.count(RecipientState.CLAIMED)
    since = issue.due_at
    if issue.state is IssueState.SENDING:
        since = max([issue.started_at or issue.due_at, *awake[:1]])
    is_waiting = issue.state is IssueState.PENDING or (
        issue.state is IssueState.SENDING and waiting > 0
    )
    if is_waiting and since is not None and since + OVERDUE_AFTER < now:
        found.append(("overdue", f"it should have gone out at {since:%Y-%m-%d %H:%M} UTC"))
    return tuple(Concern(issue=issue.key, code=code, message=text) for code, text in found)
