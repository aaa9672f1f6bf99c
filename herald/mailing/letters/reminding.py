"""When officers hear of newsletters: that a text is due, that an issue had nothing to say.  Pure.

An issue is held from the day on which it is put together until its hand-written parts are there,
which may be weeks. Officers hear of that when the first of these parts is due, not before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from herald.mailing.letters.gather import unwritten, written_part
from herald.mailing.letters.issues import planned_of
from herald.model.campaign import Campaign, Newsletter
from herald.model.ids import Language
from herald.model.mailing import Issue, IssueReason, IssueState
from herald.model.notice import NewsletterTrouble

DUE_BEFORE = timedelta(days=5)
"""So long before the issue a text is due whose section does not say when."""

TOLD_FOR = timedelta(days=3)
"""So long it is told that an issue had nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """The hand-written parts that an issue lacks."""

    issue: Issue
    parts: tuple[str, ...]
    languages: tuple[Language, ...]
    file: str
    """Where they are written, from Herald's folder."""
    due_on: date
    """The day of the first of them, where the issue is at home."""


def writing_of(campaigns: Sequence[Campaign], issue: Issue) -> Writing | None:
    """Return what is still to be written for an issue; None for nothing."""
    found = newsletter_of(campaigns, issue)
    if found is None:
        return None
    campaign, newsletter = found
    planned = planned_of(issue, newsletter, campaign)
    missing = [
        section
        for section in newsletter.sections
        if section.write and not written_part(newsletter, planned, section.write)
    ]
    if not missing:
        return None
    spans = [part.due.as_timedelta() if part.due else DUE_BEFORE for part in missing]
    folder = PurePosixPath(newsletter.place.file).parent
    return Writing(
        issue=issue,
        parts=tuple(dict.fromkeys(part.write for part in missing)),
        languages=planned.languages,
        file=f"{folder}/newsletters/{newsletter.id}/{issue.local_date:%Y-%m}.yaml",
        due_on=issue.local_date - max(spans),
    )


def newsletter_of(
    campaigns: Sequence[Campaign], issue: Issue
) -> tuple[Campaign, Newsletter] | None:
    """Return the newsletter that an issue is of, with its campaign; None if it is gone."""
    return next(
        (
            (campaign, newsletter)
            for campaign in campaigns
            if campaign.id == issue.campaign
            for newsletter in campaign.newsletters
            if newsletter.id == issue.newsletter
        ),
        None,
    )


def skeleton(writing: Writing) -> str:
    """Return what such a file holds, as comments: what is not filled in changes nothing."""
    lines = [
        f"# For the issue of {writing.issue.local_date}, to be written by {writing.due_on}.",
        "# Take the # away from the lines that you fill in.",
    ]
    for part in writing.parts:
        lines.append(f"#{part}:")
        for language in writing.languages:
            lines += [f"#  {language}: |", "#    …"]
    return "\n".join(lines) + "\n"


def told(
    troubles: Sequence[NewsletterTrouble],
    issues: Sequence[Issue],
    campaigns: Sequence[Campaign],
    *,
    now: datetime,
) -> tuple[NewsletterTrouble, ...]:
    """Return what officers hear now, of *troubles* and of issues that had nothing to say."""
    by_key = {issue.key: issue for issue in issues}
    return (
        *_timely(troubles, by_key, campaigns, now),
        *(_silent(issue) for issue in issues if _was_silent(issue, now)),
    )


def _timely(
    troubles: Sequence[NewsletterTrouble],
    issues: Mapping[str, Issue],
    campaigns: Sequence[Campaign],
    now: datetime,
) -> Iterator[NewsletterTrouble]:
    for trouble in troubles:
        issue = issues.get(trouble.issue)
        if issue is None or trouble.code != IssueReason.WRITING:
            yield trouble
            continue
        writing = writing_of(campaigns, issue)
        if writing is None:
            yield trouble
        elif writing.due_on <= now.astimezone(ZoneInfo(issue.zone)).date():
            yield replace(trouble, paste=skeleton(writing), file=writing.file, due_at=issue.due_at)
        elif not _lacks_texts_alone(issue, campaigns):
            yield trouble


def _lacks_texts_alone(issue: Issue, campaigns: Sequence[Campaign]) -> bool:
    found = newsletter_of(campaigns, issue)
    if found is None:
        return False
    campaign, newsletter = found
    sentences = dict.fromkeys(unwritten(newsletter, planned_of(issue, newsletter, campaign)))
    return issue.note == "; ".join(sentences)


def _was_silent(issue: Issue, now: datetime) -> bool:
    return (
        issue.state is IssueState.EMPTY
        and issue.finished_at is not None
        and now - issue.finished_at < TOLD_FOR
    )


def _silent(issue: Issue) -> NewsletterTrouble:
    return NewsletterTrouble(issue=issue.key, code="empty", message="there was nothing to say")
