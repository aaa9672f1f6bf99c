"""Letting the issues in the store follow the plan, and putting together those that come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from herald.mailing.gather import Sources, gather
from herald.mailing.issues import (
    PREPARE_BEFORE,
    gathering_ends,
    is_open,
    issue_of,
    last_gathered,
    planned_of,
    prepare,
)
from herald.mailing.mime import Sender
from herald.mailing.render import TooLarge, hash_editions, render
from herald.model.campaign import Campaign, Newsletter
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.mailing import Edition, Issue, IssueContent, IssueState
from herald.model.plan import PlannedIssue
from herald.ports import MailingStore


async def follow_plan(
    store: MailingStore,
    planned: Sequence[PlannedIssue],
    sources: Sources,
    *,
    until: datetime,
    now: datetime,
) -> None:
    """Write what the plan wants of issues that were not started; see ``Mailing.sync_issues``."""
    known = await store.issues()
    by_key = {issue.key: issue for issue in known}
    wanted = {one.key: one for one in planned}
    next_keys = _next_keys(planned, by_key, now)
    for one in planned:
        was = by_key.get(one.key)
        if was is not None and not is_open(was, now=now):
            continue
        is_near = one.key in next_keys or one.due_at - now <= PREPARE_BEFORE
        await _follow(store, one, was, known, sources, is_near=is_near, now=now)
    for issue in known:
        is_over = not is_open(issue, now=now) or issue.state is IssueState.CANCELLED
        if issue.key in wanted or is_over:
            continue
        if now < issue.due_at <= until:
            note = "it is planned no more"
            changed = replace(issue, state=IssueState.CANCELLED, reason=None, note=note)
            await store.save_issue(changed, was=issue)
        elif issue.due_at <= now:
            await _follow_past(store, issue, known, sources, now=now)


def list_name(mailing_list: MailingList, language: Language) -> str:
    """Return a list's name in *language*, else in the list's first, else its id."""
    return (
        mailing_list.name.first((language, *mailing_list.languages))
        or mailing_list.name.first(mailing_list.name.languages)
        or mailing_list.id
    )


def sender_of(mailing_list: MailingList, language: Language) -> Sender:
    """Return who writes to a list, in one language."""
    return Sender(
        list=mailing_list.id,
        list_name=list_name(mailing_list, language),
        name=mailing_list.sender_name,
        address=mailing_list.sender_address,
    )


async def _follow(
    store: MailingStore,
    planned: PlannedIssue,
    was: Issue | None,
    known: Sequence[Issue],
    sources: Sources,
    *,
    is_near: bool,
    now: datetime,
) -> None:
    issue = issue_of(planned, was)
    found = _newsletter(sources.campaigns, issue)
    if found is None or not is_near:
        if issue != was:
            await store.save_issue(issue, was=was)
        return
    since, told = last_gathered(known, issue)
    gathered_at = gathering_ends(issue, now=now)
    content = gather(found[1], planned, sources, now=gathered_at, since=since, told=told)
    editions, trouble = _render(content, sources.configuration.lists.get(planned.list), planned)
    content_hash = hash_editions(editions)
    changed = prepare(
        issue,
        content,
        editions,
        content_hash=content_hash,
        gathered_at=gathered_at,
        trouble=trouble,
        now=now,
    )
    if changed != was:
        await store.save_issue(changed, was=was, editions=editions)


async def _follow_past(
    store: MailingStore, issue: Issue, known: Sequence[Issue], sources: Sources, *, now: datetime
) -> None:
    found = _newsletter(sources.campaigns, issue)
    if found is not None:
        planned = planned_of(issue, found[1], found[0])
        await _follow(store, planned, issue, known, sources, is_near=True, now=now)


def _render(
    content: IssueContent, mailing_list: MailingList | None, planned: PlannedIssue
) -> tuple[list[Edition], str]:
    """Return the editions, and why they cannot be made if they cannot."""
    if mailing_list is None:
        return [], f"there is no list {planned.list} in config/lists.yaml"
    try:
        editions = [
            render(edition, list_name=list_name(mailing_list, edition.language))
            for edition in content.editions
        ]
    except TooLarge as error:
        return [], str(error)
    return editions, ""


def _newsletter(campaigns: Sequence[Campaign], issue: Issue) -> tuple[Campaign, Newsletter] | None:
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


def _next_keys(
    planned: Sequence[PlannedIssue], known: Mapping[str, Issue], now: datetime
) -> frozenset[str]:
    """Return the next issue of each newsletter."""
    ahead: dict[tuple[str, str], str] = {}
    for one in sorted(planned, key=lambda one: (one.due_at, one.key)):
        was = known.get(one.key)
        if one.due_at > now and (was is None or is_open(was, now=now)):
            ahead.setdefault((one.campaign, one.newsletter), one.key)
    return frozenset(ahead.values())
