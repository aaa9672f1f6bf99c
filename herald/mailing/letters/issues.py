"""How an issue comes about: planned, put together, approved, begun.  Pure.

An approval covers every word of every edition.  What partners publish after it stands in the next
issue; what an editor changes after it holds the issue again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from herald.model.campaign import Approve, Campaign, Newsletter
from herald.model.mailing import (
    STARTED,
    Edition,
    Issue,
    IssueContent,
    IssueReason,
    IssueState,
)
from herald.model.plan import PlannedIssue

LATE_AFTER = timedelta(hours=24)
"""An issue that nobody could send for so long is shown to a person first."""

LOOK_BACK_MOST = timedelta(days=400)
"""News older than that is none, however long a newsletter was silent."""

PREPARE_BEFORE = timedelta(days=14)
"""So early an issue is put together, to be read and approved; the next one is at any time."""


def issue_of(planned: PlannedIssue, was: Issue | None) -> Issue:
    """Return the issue that the plan wants, with what is known of it already."""
    needs_approval = planned.approve is not Approve.AUTO
    if was is None:
        return Issue(
            key=planned.key,
            campaign=planned.campaign,
            newsletter=planned.newsletter,
            list=planned.list,
            local_date=planned.local_date,
            zone=planned.zone,
            due_at=planned.due_at,
            needs_approval=needs_approval,
            when_uncertain=planned.when_uncertain,
            local_time=planned.local_time,
        )
    has_ended = was.state in {IssueState.CANCELLED, IssueState.EMPTY}
    state = IssueState.PENDING if has_ended else was.state
    return replace(
        was,
        list=planned.list,
        due_at=planned.due_at,
        zone=planned.zone,
        needs_approval=needs_approval,
        when_uncertain=planned.when_uncertain,
        local_time=planned.local_time,
        state=state,
        finished_at=None if has_ended else was.finished_at,
    )


def planned_of(issue: Issue, newsletter: Newsletter, campaign: Campaign) -> PlannedIssue:
    """Return an issue that the plan no longer shows, because its moment is past, as it was."""
    return PlannedIssue(
        key=issue.key,
        campaign=issue.campaign,
        newsletter=issue.newsletter,
        list=issue.list,
        local_date=issue.local_date,
        zone=issue.zone,
        due_at=issue.due_at,
        languages=issue.languages or campaign.languages,
        approve=newsletter.approve,
        when_uncertain=newsletter.when_uncertain,
        local_time=newsletter.local_time,
    )


def is_open(issue: Issue, *, now: datetime) -> bool:
    """Tell whether planning may still change anything about an issue.

    One that was closed for saying nothing, and lies ahead, was closed by a clock that was wrong.
    """
    if issue.state is IssueState.EMPTY:
        return now < issue.due_at
    return issue.state not in STARTED


def gathering_ends(issue: Issue, *, now: datetime) -> datetime:
    """Return up to when an issue takes in what is published: an approved one no further."""
    is_approved = issue.approved != "" and issue.approved == issue.content_hash
    return issue.gathered_at if is_approved and issue.gathered_at else now


def prepare(
    issue: Issue,
    content: IssueContent,
    editions: Sequence[Edition],
    *,
    content_hash: str,
    gathered_at: datetime,
    trouble: str = "",
    now: datetime,
) -> Issue:
    """Return *issue* with what it says, in the state in which that may be sent, or may not.

    *trouble* is why it cannot be given its shape.
    """
    prepared = replace(
        issue,
        languages=tuple(edition.language for edition in editions),
        told=content.told,
        left_over=content.left_over,
        content_hash=content_hash if editions else "",
        gathered_at=gathered_at,
        state=IssueState.PENDING,
        reason=None,
        note="",
    )
    missing = [*content.missing, *([trouble] if trouble else [])]
    if missing:
        return _held(prepared, IssueReason.WRITING, "; ".join(missing))
    if not editions:
        return replace(prepared, note="there is nothing to say yet")
    return weigh(prepared, now=now)


def weigh(issue: Issue, *, now: datetime) -> Issue:
    """Return a complete issue as ready, or held for a person's word."""
    is_approved = issue.approved == issue.content_hash
    if issue.needs_approval and not is_approved:
        note = "it has changed since it was approved" if issue.approved else ""
        return _held(issue, IssueReason.APPROVAL, note)
    seen_late = is_approved and issue.approved_at is not None and issue.approved_at > issue.due_at
    if now > issue.due_at + LATE_AFTER and not seen_late:
        note = f"it was due on {issue.due_at:%Y-%m-%d %H:%M} UTC; approve it to send it now"
        return _held(issue, IssueReason.LATE, note)
    return replace(issue, state=IssueState.PENDING, reason=None, note="")


def approve(issue: Issue, *, now: datetime) -> Issue | str:
    """Return *issue* approved as it stands, or a sentence that says why it cannot be."""
    if issue.state in STARTED:
        return "it is being sent or was sent"
    if issue.state in {IssueState.EMPTY, IssueState.CANCELLED}:
        return f"it is {issue.state.value}"
    if issue.reason is IssueReason.WRITING:
        return f"it is not complete: {issue.note}"
    if not issue.content_hash:
        return "there is nothing in it yet"
    return weigh(replace(issue, approved=issue.content_hash, approved_at=now), now=now)


def closed(issue: Issue, *, now: datetime) -> Issue | None:
    """Return *issue* ended without being sent, when its moment has come and it says nothing."""
    is_silent = issue.state is IssueState.PENDING and not issue.content_hash
    if not is_silent or issue.gathered_at is None or issue.due_at > now:
        return None
    return replace(issue, state=IssueState.EMPTY, note="there was nothing to say", finished_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a newsletter's earlier issues mean for its next one."""

    gathered_at: datetime | None = None
    """When the last one was gathered; None before the first."""
    told: frozenset[str] = frozenset()
    """References of all that they told."""
    left_over: frozenset[str] = frozenset()
    """What the last one had no room for, as in ``IssueContent``."""


def what_came_before(issues: Sequence[Issue], current: Issue) -> Before:
    """Return what the issues of *current*'s newsletter that were begun mean for it."""
    earlier = [
        issue
        for issue in issues
        if (issue.campaign, issue.newsletter) == (current.campaign, current.newsletter)
        and issue.key != current.key
        and issue.state in STARTED
        and issue.gathered_at is not None
    ]
    if not earlier:
        return Before()
    last = max(earlier, key=lambda issue: (issue.gathered_at, issue.due_at))
    return Before(
        gathered_at=last.gathered_at,
        told=frozenset(ref for issue in earlier for ref in issue.told),
        left_over=frozenset(last.left_over),
    )


def news_begins(
    campaigns: Sequence[Campaign], issues: Sequence[Issue], *, now: datetime, at_least: timedelta
) -> datetime:
    """Return since when entries may stand in a next issue: a quarter for one that comes quarterly.

    That is when the last issue but one was gathered, for something may be left over since then.
    """
    known = {(campaign.id, one.id) for campaign in campaigns for one in campaign.newsletters}
    gathered: dict[tuple[str, str], list[datetime]] = {}
    for issue in issues:
        place = (issue.campaign, issue.newsletter)
        if place in known and issue.state in STARTED and issue.gathered_at is not None:
            gathered.setdefault(place, []).append(issue.gathered_at)
    needed = [sorted(moments)[-2:][0] for moments in gathered.values()]
    return max(min([now - at_least, *needed]), now - LOOK_BACK_MOST)


def _held(issue: Issue, reason: IssueReason, note: str) -> Issue:
    return replace(issue, state=IssueState.HELD, reason=reason, note=note)
