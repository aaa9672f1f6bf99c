"""One account on a server that speaks Mastodon's API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any, TypeVar

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import user_agent
from herald.channels.findings import advice
from herald.channels.mastodon.acting import act, look_for
from herald.channels.mastodon.actions import status_path
from herald.channels.mastodon.answered import (
    NOTIFICATIONS,
    PAGES_MOST,
    query_for_page,
    read_page,
    read_reactions,
)
from herald.channels.mastodon.examining import (
    account_findings,
    limit_findings,
    profile_text,
    scope_findings,
)
from herald.channels.mastodon.limits import read_capabilities, usual_capabilities
from herald.channels.mastodon.look_up import look_up, sought_by
from herald.channels.mastodon.pictures import Uploaded, Uploads
from herald.channels.mastodon.posting import ANSWER_SECONDS, Server
from herald.channels.mastodon.reading import READING_SECONDS, Account, Conversation
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.mastodon.wire import create_request, outcome_of_create
from herald.channels.settings import read_settings, sound_secret
from herald.errors import ChannelUnreachable
from herald.model.account import Finding, Reactions, Reply
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    Claim,
    Outcome,
    Receipt,
    Refused,
    RepeatSafe,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Clock, Pictures

_THREADS = 2
"""One for what is sent, one for what is looked up."""

Result = TypeVar("Result")


def open_mastodon(
    config: ChannelConfig, *, token: str, pictures: Pictures, clock: Clock, contact: str = ""
) -> MastodonChannel:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(MastodonSettings, config)
    token = sound_secret(config, token, what="access token")
    account = Account(server=settings.server, token=token, user_agent=user_agent(contact))
    return MastodonChannel(config.id, settings, account, pictures=pictures, clock=clock)


class MastodonChannel:
    """One account."""

    network = "mastodon"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: MastodonSettings,
        account: Account,
        *,
        pictures: Pictures,
        clock: Clock,
        answer_seconds: float = ANSWER_SECONDS,
        reading_seconds: float = READING_SECONDS,
    ) -> None:
        self.id = id
        self._settings = settings
        self._account = account
        self._clock = clock
        self._server = Server(account=account, seconds=answer_seconds)
        self._reading_seconds = reading_seconds
        self._stop = Event()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"mastodon {id}")
        self._uploads = Uploads(ask=self._in_thread, pictures=pictures, clock=clock)
        self._limits = usual_capabilities(content_warning=settings.content_warning)
        self._repeat_within: timedelta | None = None
        """How long the server surely knows a key; None where that is not known, or never."""

    async def capabilities(self) -> Capabilities:
        """Return the server's limits, less what a content warning takes of every text."""
        warning = self._settings.content_warning
        instance = await self._in_thread(_ask_instance)
        if instance is None:
            return self._of_host(usual_capabilities(content_warning=warning))
        if isinstance(instance, NoAnswer):
            raise ChannelUnreachable(f"{self._account.server}: {instance.why}")
        limits = read_capabilities(instance, content_warning=warning)
        self._repeat_within = limits.repeat_within
        self._limits = limits
        return self._of_host(limits)

    def _of_host(self, limits: Capabilities) -> Capabilities:
        """Return *limits* with the server's name: all accounts on it share what it takes."""
        return replace(limits, host=self._account.server.partition("//")[2])

    async def send(self, claim: Claim) -> Outcome:
        """Upload the pictures, then make the post with one request; or change what is there."""
        if claim.delivery.action is not Action.CREATE:
            return await act(self._server, claim, self._settings, now=self._clock.now())
        uploaded = await self._uploads.upload(claim, self._limits)
        if not isinstance(uploaded, Uploaded):
            return uploaded
        request = create_request(
            claim.payload,
            key=claim.delivery.key,
            media_ids=uploaded.ids,
            settings=self._settings,
            answers=claim.target.remote_id if claim.target else "",
        )
        answer = await self._server.tell(request)
        outcome = outcome_of_create(answer, now=self._clock.now(), media_reused=uploaded.reused)
        if _spends_pictures(outcome, answer, uploaded):
            self._uploads.forget(claim)
        return outcome

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the account's own posts back to the first send, and compare text and language.

        What was to be changed, deleted or boosted is read itself.
        """
        if claim.delivery.action is not Action.CREATE:
            return await look_for(self._server, claim)
        sought, now = sought_by(claim), self._clock.now()
        sighting = await self._in_thread(lambda server: look_up(server, sought, now=now))
        first = claim.delivery.first_send_at
        if isinstance(sighting, Absent) and first and self._repeat_within:
            # The key, still known there, guards against a post that shows up late.
            return RepeatSafe() if now - first < self._repeat_within else sighting
        return sighting

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose token it is, what it may do, and what the profile and the server say."""
        answer = await self._server.read("/api/v1/accounts/verify_credentials")
        found = account_findings(answer, now=self._clock.now())
        if isinstance(answer, NoAnswer) or not answer.read_object().get("id"):
            return found
        scopes = scope_findings(await self._server.read("/api/v1/apps/verify_credentials"))
        try:
            limits = limit_findings(await self.capabilities())
        except ChannelUnreachable as error:
            why = f"the server does not tell its limits: {error}"
            limits = (advice(why, "until it does, those that it told last are used"),)
        return (*found, *scopes, *limits)

    async def profile(self) -> str:
        """Return what the account's profile says, plain."""
        answer = await self._server.read("/api/v1/accounts/verify_credentials")
        text = profile_text(answer)
        if text is None:
            why = answer.why if isinstance(answer, NoAnswer) else f"it answers {answer.status}"
            raise ChannelUnreachable(f"{self._account.server}: {why}")
        return text

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return the counts of each status; none further once the server asks to wait."""
        found: dict[str, Reactions] = {}
        for receipt in receipts:
            answer = await self._server.read(status_path(receipt.remote_id))
            if counted := read_reactions(answer):
                found[receipt.remote_id] = counted
            if isinstance(answer, NoAnswer) or answer.status in {401, 429}:
                break
        return found

    async def replies(self, *, since: datetime) -> tuple[Reply, ...]:
        """Return what people wrote to the account; of what is private only that there is some."""
        found: dict[str, Reply] = {}
        host, oldest = self._account.server.partition("//")[2], ""
        for _ in range(PAGES_MOST):
            answer = await self._server.read(NOTIFICATIONS, query_for_page(oldest))
            page = None if isinstance(answer, NoAnswer) else read_page(answer, host=host)
            if page is None:
                why = answer.why if isinstance(answer, NoAnswer) else f"it answers {answer.status}"
                raise ChannelUnreachable(f"{self._account.server}: {why}")
            found |= {reply.id: reply for reply in page.replies if reply.at >= since}
            is_last = not page.oldest_id or page.oldest_id == oldest
            if is_last or page.oldest_at is None or page.oldest_at < since:
                break
            oldest = page.oldest_id
        return tuple(sorted(found.values(), key=lambda reply: (reply.at, reply.id)))

    async def close(self) -> None:
        """Ask nothing more, wait for the answers that are on their way, and end the threads."""
        self._stop.set()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _in_thread(self, ask: Callable[[Conversation], Result]) -> Result:
        given_up = Event()

        def converse() -> Result:
            with Conversation(
                self._account,
                is_over=lambda: given_up.is_set() or self._stop.is_set(),
                seconds=self._reading_seconds,
            ) as conversation:
                return ask(conversation)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, converse)
        finally:
            # Who asked may have been cancelled: the thread must not go on through page after page.
            given_up.set()


def _ask_instance(server: Conversation) -> dict[str, Any] | NoAnswer | None:
    """Return what the server says of itself, None if it answers and says nothing of use.

    Older servers and Takahe answer only at the older address.
    """
    answers = []
    for ask in (server.instance_v2, server.instance_v1):
        answer = ask()
        if isinstance(answer, Answer) and answer.is_good and (instance := answer.read_object()):
            return instance
        answers.append(answer)
    last = answers[-1]
    if isinstance(last, NoAnswer):
        return last
    if last.status == 429 or last.status >= 500:
        return NoAnswer(f"it answers {last.status}")
    return None


def _spends_pictures(outcome: Outcome, answer: Answer | NoAnswer, uploaded: Uploaded) -> bool:
    """Tell whether uploaded pictures are of no use to another try.

    They belong to a post now, or the server may have refused the post because of them (GoToSocial
    answers 400 to a picture used before, Hollo 500).
    """
    match outcome:
        case Sent() | Refused():
            return True
        case Throttled():
            return False
        case TryAgain(_, status):
            return uploaded.reused and status in {400, 404, 422}
    return uploaded.reused and isinstance(answer, Answer)
