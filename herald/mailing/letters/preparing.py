"""Letting the issues in the store follow the plan, and putting together those that come next.

What an issue says is gathered at every planning, which costs little. It is given its shape again,
which costs much, only where that has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from herald.mailing.letters.archive import archive_url
from herald.mailing.letters.dressing import Dressed, dress
from herald.mailing.letters.gate.examine import examine
from herald.mailing.letters.gather import Sources, gather
from herald.mailing.letters.issues import (
    PREPARE_BEFORE,
    gathering_ends,
    is_open,
    issue_of,
    planned_of,
    prepare,
    what_came_before,
)
from herald.mailing.letters.marks import PREFERENCES_MARK
from herald.mailing.letters.pictures import LetterPictures
from herald.mailing.letters.render import Pages, hash_editions, render
from herald.mailing.sending.senders import list_name
from herald.model.campaign import Campaign, Newsletter
from herald.model.configuration import MailingList
from herald.model.ids import Language
from herald.model.mailing import Edition, Issue, IssueContent, IssueState
from herald.model.plan import PlannedIssue
from herald.ports import MailingStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """An issue's words in their shape, with all that the shape was made of."""

    dressed: Dressed
    mailing_list: MailingList | None
    editions: tuple[Edition, ...]
    trouble: str
    """Why they must not be sent, or cannot be made; empty where all is well."""
    content_hash: str


async def follow_plan(
    store: MailingStore,
    planned: Sequence[PlannedIssue],
    sources: Sources,
    *,
    until: datetime,
    now: datetime,
    shaped: Mapping[str, Shaped] | None = None,
    public_url: str = "",
    pictures: LetterPictures | None = None,
) -> Mapping[str, Shaped]:
    """Write what the plan wants of issues that were not started; see ``Mailing.sync_issues``.

    *public_url* is where the world reaches Herald's pages, empty where it does not; without
    *pictures* only those are shown that have an address already.
    Returns the shape of every issue that was put together, by its key. Given as *shaped* to the
    next call it saves the work for those that say the same then.
    """
    known = await store.issues()
    follower = _Follower(
        store=store,
        known=known,
        sources=sources,
        now=now,
        before=shaped or {},
        public_url=public_url,
        pictures=pictures,
    )
    by_key = {issue.key: issue for issue in known}
    wanted = {one.key: one for one in planned}
    next_keys = _next_keys(planned, by_key, now)
    for one in planned:
        was = by_key.get(one.key)
        if was is not None and not is_open(was, now=now):
            continue
        is_near = one.key in next_keys or one.due_at - now <= PREPARE_BEFORE
        await follower.follow(one, was, is_near=is_near)
    for issue in known:
        is_over = not is_open(issue, now=now) or issue.state is IssueState.CANCELLED
        if issue.key in wanted or is_over:
            continue
        if now < issue.due_at <= until:
            note = "it is planned no more"
            changed = replace(issue, state=IssueState.CANCELLED, reason=None, note=note)
            await store.save_issue(changed, was=issue)
        elif issue.due_at <= now:
            await follower.follow_past(issue)
    return follower.shaped


@dataclass(frozen=True, slots=True, kw_only=True)
class _Follower:
    """One planning, as each issue meets it."""

    store: MailingStore
    known: Sequence[Issue]
    sources: Sources
    now: datetime
    before: Mapping[str, Shaped]
    public_url: str
    pictures: LetterPictures | None
    shaped: dict[str, Shaped] = field(default_factory=dict)

    async def follow(self, planned: PlannedIssue, was: Issue | None, *, is_near: bool) -> None:
        """Write what the plan wants of one issue, and what it says if it is near."""
        issue = issue_of(planned, was)
        found = _newsletter(self.sources.campaigns, issue)
        if found is None or not is_near:
            if issue != was:
                await self.store.save_issue(issue, was=was)
            return
        gathered_at = _gathering_ends(issue, self.known, now=self.now)
        earlier = what_came_before(self.known, issue)
        content = gather(
            found[1],
            planned,
            self.sources,
            now=gathered_at,
            since=earlier.gathered_at,
            told=earlier.told,
            left_over=earlier.left_over,
        )
        shape = await self._shape(content, planned)
        changed = prepare(
            issue,
            content,
            shape.editions,
            content_hash=shape.content_hash,
            gathered_at=gathered_at,
            trouble=shape.trouble,
            now=self.now,
        )
        if changed != was:
            are_there = was is not None and was.content_hash == changed.content_hash
            editions = None if are_there else shape.editions
            await self.store.save_issue(changed, was=was, editions=editions)

    async def follow_past(self, issue: Issue) -> None:
        """Write what has become of an issue whose moment is over, and that still waits."""
        found = _newsletter(self.sources.campaigns, issue)
        if found is not None:
            await self.follow(planned_of(issue, found[1], found[0]), issue, is_near=True)

    async def _shape(self, content: IssueContent, planned: PlannedIssue) -> Shaped:
        mailing_list = self.sources.configuration.lists.get(planned.list)
        dressed = await dress(content, mailing_list, self.pictures)
        shape = self.before.get(planned.key)
        if shape is None or (shape.dressed, shape.mailing_list) != (dressed, mailing_list):
            shape = _shape(dressed, mailing_list, planned, self.public_url)
        self.shaped[planned.key] = shape
        return shape


def _gathering_ends(issue: Issue, known: Sequence[Issue], *, now: datetime) -> datetime:
    """Return up to when an issue takes in what is published.

    No further than to the moment of the one that follows it: what came later stands in that. So
    one that waits for a person's word for months comes to rest.
    """
    ends = gathering_ends(issue, now=now)
    if ends != now:
        return ends
    later = (
        one.due_at
        for one in known
        if (one.campaign, one.newsletter) == (issue.campaign, issue.newsletter)
        and one.due_at > issue.due_at
        and one.state is not IssueState.CANCELLED
    )
    return min([now, *later])


def _shape(
    dressed: Dressed, mailing_list: MailingList | None, planned: PlannedIssue, public_url: str
) -> Shaped:
    editions: list[Edition] = []
    trouble = [f"there is no list {planned.list} in config/lists.yaml"]
    if mailing_list is not None:
        editions = _editions(dressed, mailing_list, planned, public_url)
        trouble = [*dressed.troubles, *_faults(editions)]
    return Shaped(
        dressed=dressed,
        mailing_list=mailing_list,
        editions=tuple(editions),
        trouble="; ".join(trouble),
        content_hash=hash_editions(editions),
    )


def _editions(
    dressed: Dressed, mailing_list: MailingList, planned: PlannedIssue, public_url: str
) -> list[Edition]:
    return [
        render(
            content,
            list_name=list_name(mailing_list, content.language),
            controller=_controller(mailing_list, content.language),
            pages=Pages(
                online=archive_url(public_url, mailing_list, planned.key, content.language),
                preferences=PREFERENCES_MARK if public_url else "",
            ),
            theme=dressed.theme(content.language),
        )
        for content in dressed.content.editions
    ]


def _faults(editions: Sequence[Edition]) -> list[str]:
    """Return what the gate says, each fault once, with the languages that it is in."""
    found: dict[str, list[Language]] = {}
    for edition in editions:
        for fault in dict.fromkeys(map(str, examine(edition))):
            found.setdefault(fault, []).append(edition.language)
    return [f"[{', '.join(languages)}] {fault}" for fault, languages in found.items()]


def _controller(mailing_list: MailingList, language: Language) -> str:
    """Return who answers for the readers' data: with a postal address where one is written."""
    written = mailing_list.controller
    said = written.first((language, *mailing_list.languages)) or written.first(written.languages)
    return said or f"{mailing_list.sender_name}, {mailing_list.sender_address}"


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
