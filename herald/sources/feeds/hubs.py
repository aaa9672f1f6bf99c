"""Keeps feeds' hubs telling Herald of changes, and takes what they tell.

    hubs = Hubs(store, root="https://herald.example.org/websub/", …)
    await hubs.renew(fetcher)                   # each minute
    await hubs.answer(token, question)          # a hub asks
    await hubs.push(token, signature, chunks)   # a hub tells

A hub is a bell and no more: what it sends is never read as news, its feed is polled instead. So a
hub that lies, falls silent or goes away costs punctuality only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from herald.model.feed import HubLink
from herald.model.ids import FeedId
from herald.model.websub import (
    HubHealth,
    HubMode,
    HubQuestion,
    HubSteps,
    HubSubscription,
    PushVerdict,
)
from herald.ports import Clock, WebSubStore
from herald.sources.feeds.fetching.fetch import FetchFailed, Posted
from herald.sources.feeds.websub import (
    after,
    ask,
    hub_address,
    is_answered,
    is_token,
    note_refused,
    read_signature,
    reconcile,
    refused,
    request_fields,
)

AT_ONCE = 32
"""Hubs that are asked at one ring of the bell: a thousand feeds may share one."""
MOST_BYTES = 5 * 1024 * 1024
"""Of a push: as much as of a feed."""

log = logging.getLogger(__name__)


class PostsForms(Protocol):
    """What subscribing asks of ``fetch.Fetcher``."""

    async def post(self, url: str, fields: Mapping[str, str]) -> Posted | FetchFailed:
        """Send a form, to the next address on 307 and 308; never raises for the network."""
        ...


class Hubs:
    """Feeds' subscriptions, from the first request to the last push."""

    def __init__(
        self,
        store: WebSubStore,
        *,
        root: str,
        clock: Clock,
        random: Callable[[], float],
        new_word: Callable[[], str],
    ) -> None:
        """Join the parts.

        *root* is what callbacks begin with, "" for none; *random* gives numbers from 0 to 1,
        *new_word* unguessable words for tokens and secrets.
        """
        self._store = store
        self._root = root
        self._clock = clock
        self._random = random
        self._new_word = new_word

    async def renew(self, poster: PostsForms) -> None:
        """Subscribe, renew and leave whatever is due; make feeds due that were pushed meanwhile."""
        now = self._clock.now()
        await self._store.settle_pushes(now=now)
        await self._store.sync_hubs(lambda wanted, known: self._steps(wanted, known, now))
        claimed = await self._store.claim_hubs(
            lambda one: ask(one, now=now, jitter=self._random()), now=now, most=AT_ONCE
        )
        async with asyncio.TaskGroup() as group:
            for one in claimed:
                group.create_task(self._ask(poster, one), name=f"ask hub of {one.feed}")

    async def fare(self) -> Mapping[FeedId, HubHealth]:
        """Return how the subscriptions fare, for people."""
        return await self._store.active_hubs(now=self._clock.now())

    async def answer(self, token: str, question: HubQuestion) -> str | None:
        """Return what to answer a hub's question with, or None to disown it."""
        now = self._clock.now()
        known = await self._store.hub(token) if is_token(token) else None
        if known is None or not is_answered(known, question, now=now):
            return None
        was = await self._store.change_hub(token, lambda one: after(one, question, now=now))
        if was is None or not is_answered(was, question, now=now):
            return None
        log.info("hub answered", extra={"feed": was.feed, "mode": question.mode})
        return "" if question.mode == HubMode.DENIED else question.challenge

    async def push(self, token: str, signature: str, chunks: AsyncIterator[bytes]) -> PushVerdict:
        """Judge what was sent to a callback; a signed one makes its feed due."""
        known = await self._store.hub(token) if is_token(token) else None
        if known is None or known.leaving:
            return PushVerdict.UNKNOWN
        check = read_signature(signature, known.secret)
        if check is None:
            return await self._refuse(known, "no signature, or one weaker than SHA-256")
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                return PushVerdict.TOO_LARGE
            check.update(chunk)
        if not check.matches():
            return await self._refuse(known, "the signature does not match")
        await self._store.save_push(token, now=self._clock.now())
        return PushVerdict.TAKEN

    def _steps(
        self,
        wanted: Mapping[FeedId, HubLink],
        known: Sequence[HubSubscription],
        now: datetime,
    ) -> HubSteps:
        return reconcile(wanted, known, root=self._root, now=now, new_word=self._new_word)

    async def _ask(self, poster: PostsForms, asked: HubSubscription) -> None:
        """Send one request; a hub may well ask back before it answers."""
        result = await poster.post(hub_address(asked), request_fields(asked))
        if isinstance(result, FetchFailed):
            why, not_before = result.why, result.retry_at
        elif 200 <= result.status < 300:
            return
        else:
            why, not_before = f"the hub answered with an error ({result.status})", None
        log.info("hub did not take a request", extra={"feed": asked.feed, "why": why})
        await self._store.change_hub(
            asked.token, lambda one: refused(one, why, asked=asked, not_before=not_before)
        )

    async def _refuse(self, known: HubSubscription, why: str) -> PushVerdict:
        """Note a push that proves nothing, and say it, once a minute at most."""
        now = self._clock.now()
        if note_refused(known, now=now) != known:
            log.warning("a push was not believed", extra={"feed": known.feed, "why": why})
            await self._store.change_hub(known.token, lambda one: note_refused(one, now=now))
        return PushVerdict.IGNORED
