"""The mailing room as the rest of Herald sees it.

    mailing = Mailing(store=StoredMailing(store), lists=…, server=…, public_url=…, clock=…)
    await mailing.recover()                          # once, by the only process on the store
    await mailing.sync_issues(plan.issues, sources, until=plan.last)   # after every planning
    await mailing.send_due(stop)                     # whenever the bell rings

Nothing starts by itself, and every call may be repeated or interrupted anywhere.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from herald.mailing.concerns import Concern, concerns_of
from herald.mailing.letters.archive import archive_url
from herald.mailing.letters.issues import approve, closed, weigh
from herald.mailing.phrases import edition_for
from herald.mailing.readers.leaving import Departure, Leaving
from herald.mailing.sending.copies import Copies, Dispatch
from herald.mailing.sending.mime import Pages, UnsafeHeader
from herald.mailing.sending.repairs import repair_of
from herald.mailing.sending.sender import Sending, lease_of
from herald.mailing.sending.senders import sender_of
from herald.mailing.sending.smtp import Mailer, SmtpMailer
from herald.model.configuration import MailingList
from herald.model.headway import Headway
from herald.model.ids import Language, ListId
from herald.model.mailing import (
    Issue,
    IssueState,
    MailOutcome,
    MailServer,
    Progress,
    RecipientClaim,
    RelayTrouble,
    SubscriptionId,
)
from herald.model.mornings import EARLIEST_BEFORE, mornings
from herald.model.plan import PlannedIssue
from herald.model.stop import Stop, StopScope
from herald.ports import Clock, MailingStore

if TYPE_CHECKING:  # a process that only sends needs neither templates nor parsers
    from herald.mailing.bounces.counting import Bounces
    from herald.mailing.dkim.trials import Trials
    from herald.mailing.letters.gather import Sources
    from herald.mailing.letters.pictures import LetterPictures
    from herald.mailing.letters.preparing import Shaped

log = logging.getLogger(__name__)

_CONNECTIONS_MOST = 10
_ASKED_EVERY = 1.0
"""Seconds after which a sender looks anew whether it was paused."""
_WAIT_LEAST, _WAIT_MOST = timedelta(seconds=1), timedelta(minutes=1)
"""For a limit; the bell that calls rings more often than the longer one anyway."""
_FIRST_REST = 30.0
_LONGEST_REST = 900.0
"""Seconds for which a mail server that takes nothing is left alone, doubling up to this."""


_TRIED_BEFORE = timedelta(days=2)
"""So long before an issue it is looked whether mails arrive signed: people can still put it right.
"""


async def _nothing_is_stopped() -> Collection[Stop]:
    return ()


class Mailing:
    """Issues from plan to mailbox, and the way out of a list."""

    def __init__(  # noqa: PLR0913  # all that the room needs of the house
        self,
        *,
        store: MailingStore,
        lists: Callable[[], Mapping[ListId, MailingList]],
        server: MailServer,
        public_url: str,
        clock: Clock,
        stops: Callable[[], Awaitable[Collection[Stop]]] = _nothing_is_stopped,
        mailer: Callable[[MailServer], Mailer] = SmtpMailer,
        chance: Callable[[], float] = random.random,
        bounces: Bounces | None = None,
        pictures: LetterPictures | None = None,
        trials: Trials | None = None,
    ) -> None:
        """Join the room's parts.

        *lists* gives the mailing lists as the files now have them, *stops* what is paused. Without
        *bounces* copies come back to the list's sender, and refusals count for nothing; without
        *trials* issues begin whether or not mails arrive signed.
        """
        self._store = store
        self._lists = lists
        self._server = server
        self._public_url = public_url
        self._clock = clock
        self._stops = stops
        self._mailer = mailer
        self._chance = chance
        self._bounces = bounces
        self._pictures = pictures
        self._trials = trials
        self._owner = secrets.token_hex(8)
        self._rest = 0.0
        self._rested_at = 0.0
        self._trouble: RelayTrouble | None = None
        self._leaving = Leaving(store=store, lists=lists, clock=clock)
        self._shaped: Mapping[str, Shaped] = {}

    async def look(self, token: str) -> Departure | None:
        """Return whose unsubscribe link it is, changing nothing; None for a bad token."""
        return await self._leaving.look(token)

    async def leave(self, token: str) -> Departure | None:
        """End a subscription at once; None for a bad token."""
        return await self._leaving.leave(token)

    async def recover(self) -> int:
        """Mark what a crashed sender had claimed as uncertain; return how many copies.

        Only for a process that knows that no other one sends from this store.
        """
        return await self._store.abandon_recipients(now=self._clock.now())

    async def sync_issues(
        self, planned: Sequence[PlannedIssue], sources: Sources, *, until: datetime
    ) -> None:
        """Let the issues follow the plan, and put together those that come next.

        Issues that fall before *until*, lie ahead and are planned no more are cancelled; one that
        has been started is never changed.
        """
        from herald.mailing.letters.preparing import follow_plan  # noqa: PLC0415 - see above

        self._shaped = await follow_plan(
            self._store,
            planned,
            sources,
            until=until,
            now=self._clock.now(),
            shaped=self._shaped,
            public_url=self._public_url,
            pictures=self._pictures,
        )

    async def send_due(self, stop: asyncio.Event) -> None:
        """Begin the issues that are due, and send every copy that is, until *stop* is set."""
        if self._clock.monotonic() < self._rested_at:
            return
        now = self._clock.now()
        await self._store.reap_recipients(now=now)
        for issue in await self._store.issues():
            if stop.is_set():
                return
            if await self._is_stopped(issue):
                continue
            if self._trials is not None and _is_tried(issue, now=now):
                await self._trials.see_to(self._sender_of(issue))
            begun = await self._begin(issue, now=now)
            if begun is not None and not await self._send(begun, stop):
                return

    async def keep_sending(self, stop: asyncio.Event) -> None:
        """Send what is due, and wait for limits that let more go out within a minute."""
        while not stop.is_set():
            await self.send_due(stop)
            opens_at = await self._reopens_at()
            wait = opens_at - self._clock.now() if opens_at else _WAIT_MOST
            if wait >= _WAIT_MOST:
                return
            ends = self._clock.monotonic() + max(wait, _WAIT_LEAST).total_seconds()
            while not stop.is_set() and (left := ends - self._clock.monotonic()) > 0:
                await self._clock.sleep(min(left, _ASKED_EVERY))

    async def _reopens_at(self) -> datetime | None:
        """Return when a limit lets the next copy out; None where none waits for that alone."""
        if self._clock.monotonic() < self._rested_at:
            return None
        now, opens = self._clock.now(), []
        for issue in await self._store.issues():
            if issue.state is IssueState.SENDING and not await self._is_stopped(issue):
                senders = self._senders(issue)
                opens.append(await self._store.reopens_at(issue.key, senders=senders, now=now))
        return min((moment for moment in opens if moment), default=None)

    def _senders(self, issue: Issue) -> tuple[str, ...]:
        mailing_list = self._lists().get(issue.list)
        return (mailing_list.sender_address,) if mailing_list is not None else ()

    async def mornings(self) -> dict[str, tuple[datetime, datetime]]:
        """Return when the first and the last copy is due of issues on their readers' clocks."""
        return {
            one.key: mornings(one, await self._store.zones(one.list))
            for one in await self._store.issues()
            if one.local_time
        }

    async def headway(self) -> tuple[Headway, ...]:
        """Return how every issue that was started gets on, by its moment."""
        started = [one for one in await self._store.issues() if one.started_at is not None]
        found = [await self._headway(one) for one in started]
        return tuple(one for one in found if one is not None)

    async def headway_of_sending(self) -> tuple[Headway, ...]:
        """Return how the issues get on that are being sent."""
        sending = [one for one in await self._store.issues() if one.state is IssueState.SENDING]
        found = [await self._headway(one) for one in sending]
        return tuple(one for one in found if one is not None)

    async def _headway(self, issue: Issue) -> Headway | None:
        now, progress = self._clock.now(), await self._store.progress(issue.key)
        if progress is None:
            return None
        senders = self._senders(issue)
        return Headway(
            at=now,
            progress=progress,
            pulse=await self._store.pulse(issue.key, senders=senders, now=now),
            limits=self._server.limits,
            connections=self._connections(),
            is_paused=await self._is_stopped(issue),
        )

    async def progress(self) -> tuple[Progress, ...]:
        """Return how far every issue has got, by its moment."""
        found = [await self._store.progress(issue.key) for issue in await self._store.issues()]
        return tuple(one for one in found if one is not None)

    async def concerns(self) -> tuple[Concern, ...]:
        """Return what a person should know or decide."""
        now = self._clock.now()
        found = [concern for one in await self.progress() for concern in concerns_of(one, now=now)]
        if self._trouble is not None:
            found.append(Concern(issue="", code="relay", message=_told(self._trouble)))
        unsigned = [
            Concern(issue=issue.key, code="signature", message=why)
            for issue in await self._store.issues()
            if (why := await self._signature_trouble(issue, now=now))
        ]
        return (*found, *unsigned)

    async def approve(self, key: str) -> Issue | str:
        """Approve an issue as it stands; return it, or a sentence that says why not."""
        issue = await self._store.issue(key)
        if issue is None:
            return "there is no such issue"
        changed = approve(issue, now=self._clock.now())
        if isinstance(changed, str):
            return changed
        if not await self._store.save_issue(changed, was=issue):
            return "it has just changed: look at it again"
        return changed

    async def resolve_uncertain(self, key: str, *, resend: bool) -> int:
        """Send an issue's uncertain copies again, or leave them for good; return how many."""
        now = self._clock.now()
        count = await self._store.resolve_uncertain(key, resend=resend, now=now)
        await self._store.finish_issue(key, now=now)
        return count

    async def test_send(
        self, key: str, address: str, languages: Collection[Language] = ()
    ) -> tuple[tuple[Language, MailOutcome | str], ...]:
        """Send an issue's editions to one address that need not be on any list."""
        issue = await self._store.issue(key)
        if issue is None:
            return ()
        dispatch = await self._dispatch(issue)
        if dispatch is None:
            return ()
        mailer = self._mailer(self._server)
        outcomes: list[tuple[Language, MailOutcome | str]] = []
        try:
            for language in dispatch.editions:
                if not languages or language in languages:
                    outcome = await self._send_test(dispatch, language, address, mailer)
                    outcomes.append((language, outcome))
        finally:
            await mailer.close()
        return tuple(outcomes)

    async def _begin(self, issue: Issue, *, now: datetime) -> Issue | None:
        """Return *issue* with its audience frozen, if it is due and may be sent."""
        if issue.state is not IssueState.PENDING or not await self._may_begin(issue, now=now):
            return issue if issue.state is IssueState.SENDING else None
        changed = closed(issue, now=now) or (weigh(issue, now=now) if issue.content_hash else None)
        if changed is None:
            return None  # it was never put together: the next planning does
        if changed != issue:
            await self._store.save_issue(changed, was=issue)
            return None
        if self._trials is not None and await self._trials.why_not(self._sender_of(issue)):
            return None
        audience = await self._store.freeze_audience(
            issue, lambda language: edition_for(language, issue.languages), now=now
        )
        if audience is None:
            return None
        log.info("issue begun", extra={"issue": issue.key, "audience": audience})
        return await self._store.issue(issue.key)

    async def _signature_trouble(self, issue: Issue, *, now: datetime) -> str:
        if self._trials is None or not _is_tried(issue, now=now):
            return ""
        return await self._trials.trouble(self._sender_of(issue), is_due=issue.due_at <= now)

    def _sender_of(self, issue: Issue) -> str:
        mailing_list = self._lists().get(issue.list)
        return mailing_list.sender_address if mailing_list is not None else ""

    async def _may_begin(self, issue: Issue, *, now: datetime) -> bool:
        """Tell whether a copy is due: on the readers' own clocks the first one may be earlier."""
        if not issue.local_time or issue.due_at <= now:
            return issue.due_at <= now
        if issue.due_at - EARLIEST_BEFORE > now:
            return False
        first, _ = mornings(issue, await self._store.zones(issue.list))
        return first <= now

    async def _send(self, issue: Issue, stop: asyncio.Event) -> bool:
        """Send what is due of an issue; return whether the mail server takes more."""
        dispatch = await self._dispatch(issue)
        if dispatch is None:
            return True

        sending = Sending(
            dispatch,
            store=self._store,
            clock=self._clock,
            owner=self._owner,
            lease=lease_of(self._server),
            may_go_on=self._asking(issue, stop),
            chance=self._chance,
        )
        mailers = [self._mailer(self._server) for _ in range(self._connections())]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(sending.send_over(mailer), name=f"mail {issue.key} {place}")
                    for place, mailer in enumerate(mailers)
                ]
        finally:
            for mailer in mailers:
                await mailer.close()
        self._note(next((trouble for task in tasks if (trouble := task.result())), None))
        if await self._store.finish_issue(issue.key, now=self._clock.now()):
            log.info("issue sent", extra={"issue": issue.key})
        return self._trouble is None

    def _asking(self, issue: Issue, stop: asyncio.Event) -> Callable[[], Awaitable[bool]]:
        """Return the question whether to go on with *issue*; a pause is looked up now and then."""
        asked_at = self._clock.monotonic() - _ASKED_EVERY
        is_stopped = False

        async def may_go_on() -> bool:
            nonlocal asked_at, is_stopped
            if self._clock.monotonic() - asked_at >= _ASKED_EVERY:
                asked_at = self._clock.monotonic()
                is_stopped = await self._is_stopped(issue)
            return not stop.is_set() and not is_stopped

        return may_go_on

    async def _dispatch(self, issue: Issue) -> Dispatch | None:
        mailing_list = self._lists().get(issue.list)
        editions = await self._store.editions(issue.key)
        if mailing_list is None or not editions:
            log.error("issue cannot be sent", extra={"issue": issue.key, "list": issue.list})
            return None
        dispatch = Dispatch(
            issue=issue,
            editions={edition.language: edition for edition in editions},
            senders={
                edition.language: sender_of(mailing_list, edition.language) for edition in editions
            },
            pages={
                edition.language: pages_of(
                    self._public_url, mailing_list, issue.key, edition.language
                )
                for edition in editions
            },
            key=await self._store.mailing_key(),
            public_url=self._public_url,
        )
        if self._bounces is None:
            return dispatch
        return replace(
            dispatch, bounce_pattern=self._bounces.pattern, refused=self._bounces.refused
        )

    async def _send_test(
        self, dispatch: Dispatch, language: Language, address: str, mailer: Mailer
    ) -> MailOutcome | str:
        now = self._clock.now()
        edition = dispatch.editions[language]
        marked = replace(edition, subject=f"[Test] {edition.subject}")
        trial = replace(dispatch, editions={**dispatch.editions, language: marked})
        claim = RecipientClaim(
            id=0,
            issue=f"test/{secrets.token_hex(8)}",
            token=0,
            attempts=0,
            first_at=now,
            # Nobody's: its unsubscribe link can be tried, and changes nothing.
            subscription=SubscriptionId(secrets.token_hex(16)),
            address=address,
            name="",
            language=language,
        )
        try:
            mail = Copies(trial).mail(claim)
        except UnsafeHeader as error:
            return str(error)
        sender = trial.senders[language].address
        return await mailer.connect() or await mailer.send(
            sender=sender, recipient=address, mail=mail
        )

    def _connections(self) -> int:
        return max(1, min(self._server.connections, _CONNECTIONS_MOST))

    def _note(self, trouble: RelayTrouble | None) -> None:
        """Remember how the mail server fares, and when it is tried again."""
        self._trouble = trouble
        if trouble is None:
            self._rest = 0.0
            return
        self._rest = min(max(self._rest * 2, _FIRST_REST), _LONGEST_REST)
        self._rested_at = self._clock.monotonic() + self._rest
        log.warning("mail server takes no mail", extra={"why": trouble.why, "code": trouble.code})

    async def _is_stopped(self, issue: Issue) -> bool:
        return any(
            stop.scope is StopScope.EVERYTHING
            or (stop.scope is StopScope.CAMPAIGN and stop.name == issue.campaign)
            for stop in await self._stops()
        )


def _told(trouble: RelayTrouble) -> str:
    """Return why the mail server takes nothing, and what to do where its words ask for that."""
    told = f"the mail server takes no mail: {trouble.why}"
    repair = repair_of(trouble.code, trouble.why)
    return f"{told.rstrip('. ')}. {repair}" if repair else told


def pages_of(public_url: str, mailing_list: MailingList, key: str, language: Language) -> Pages:
    """Return the public pages about one edition of an issue, as its headers name them."""
    letter = archive_url(public_url, mailing_list, key, language)
    base = public_url.rstrip("/")
    return Pages(
        joining=f"{base}/lists/{mailing_list.id}" if base and mailing_list.is_open else "",
        letters=f"{base}/letters/{mailing_list.id}" if letter else "",
        letter=letter,
    )


def _is_tried(issue: Issue, *, now: datetime) -> bool:
    """Tell whether an issue comes so soon that its mail server had better be tried."""
    return issue.state is IssueState.PENDING and issue.due_at - _TRIED_BEFORE <= now
