"""Agreeing to an issue on a page: what stands behind the link in an officer's notice.

The link's token names the issue and the hash of all that it said when the link was made, so that a
word that changed since is never agreed to unseen. Looking changes nothing: programs that check
links for harm follow every one.
"""

from __future__ import annotations

import hashlib
import logging
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from itsdangerous import BadData, URLSafeSerializer

from herald.mailing.concerns import Concern
from herald.mailing.letters.issues import approve
from herald.mailing.letters.reminding import told
from herald.mailing.phrases import ENGLISH
from herald.model.campaign import Campaign
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.mailing import STARTED, Edition, Issue, IssueReason, IssueState
from herald.model.notice import NewsletterTrouble
from herald.ports import Clock, MailingStore

log = logging.getLogger(__name__)

WORKS_AFTER = timedelta(days=14)
"""So long after the issue's moment its link works: until then a late issue can still be sent."""

_LONGEST = 1000
_PURPOSE = "herald.approve"
"""A signature for one purpose serves no other."""

_ASKED_FOR = frozenset({IssueReason.APPROVAL, IssueReason.LATE})


class Standing(StrEnum):
    """How a link's issue stands."""

    OPEN = "open"
    """It says what the link was made for, and waits for a word."""
    APPROVED = "approved"
    CHANGED = "changed"
    """It says something else by now."""
    INCOMPLETE = "incomplete"
    STARTED = "started"
    CLOSED = "closed"
    """It was cancelled, or had nothing to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a page shows of an issue that may be agreed to."""

    issue: Issue
    standing: Standing
    editions: tuple[Edition, ...] = ()
    """As they would be sent; only where the standing is open or approved."""
    mailing_list: MailingList | None = None
    """To whom it goes; None where the files know that list no more."""
    newer: str = ""
    """The token for what the issue says by now, where it has changed."""


class Approving:
    """Makes links to agree with, and takes the word of whoever follows one."""

    def __init__(
        self,
        *,
        store: MailingStore,
        lists: Callable[[], Mapping[ListId, MailingList]],
        public_url: str,
        clock: Clock,
    ) -> None:
        """Join the room's parts; without *public_url* there are no links."""
        self._store = store
        self._lists = lists
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    async def link(self, key: str) -> str:
        """Return the address at which an issue can be agreed to; empty where nobody is asked."""
        issue = await self._store.issue(key) if self._public_url else None
        if issue is None or issue.reason not in _ASKED_FOR or issue.state is not IssueState.HELD:
            return ""
        return f"{self._public_url}/approve/{approval_token(issue, await self._key())}"

    async def told(
        self, concerns: Sequence[Concern], campaigns: Sequence[Campaign]
    ) -> tuple[NewsletterTrouble, ...]:
        """Return what officers hear now of newsletters, with links where they are asked."""
        troubles = [
            NewsletterTrouble(
                issue=each.issue,
                code=each.code,
                message=each.message,
                link=await self.link(each.issue) if each.issue else "",
            )
            for each in concerns
        ]
        issues = await self._store.issues()
        return told(troubles, issues, campaigns, now=self._clock.now())

    async def look(self, token: str) -> Proposal | None:
        """Return what a link is about, changing nothing; None for one that does not work."""
        key = await self._key()
        read = read_approval_token(token, key, now=self._clock.now())
        issue = await self._store.issue(read[0]) if read is not None else None
        if read is None or issue is None:
            return None
        standing = standing_of(issue, read[1])
        proposal = Proposal(
            issue=issue, standing=standing, mailing_list=self._lists().get(issue.list)
        )
        if standing is Standing.CHANGED:
            return replace(proposal, newer=approval_token(issue, key))
        if standing in {Standing.OPEN, Standing.APPROVED}:
            return replace(proposal, editions=await self._store.editions(issue.key))
        return proposal

    async def approve(self, token: str) -> Proposal | None:
        """Agree to exactly what the link was made for; repeating it changes nothing."""
        proposal = await self.look(token)
        if proposal is None or proposal.standing is not Standing.OPEN:
            return proposal
        changed = approve(proposal.issue, now=self._clock.now())
        # The store takes it only if the issue is still the one that was looked at.
        if isinstance(changed, Issue) and await self._store.save_issue(changed, was=proposal.issue):
            log.info("issue approved", extra={"issue": changed.key})
        return await self.look(token)

    async def _key(self) -> bytes:
        return await self._store.mailing_key()


def standing_of(issue: Issue, content_hash: str) -> Standing:
    """Return how *issue* stands for a link that was made for *content_hash*."""
    if issue.state in STARTED:
        return Standing.STARTED
    if issue.state in {IssueState.CANCELLED, IssueState.EMPTY}:
        return Standing.CLOSED
    if issue.reason is IssueReason.WRITING or not issue.content_hash:
        return Standing.INCOMPLETE
    if issue.content_hash != content_hash:
        return Standing.CHANGED
    return Standing.OPEN if issue.reason in _ASKED_FOR else Standing.APPROVED


def approval_token(issue: Issue, key: bytes) -> str:
    """Return the token of the link to agree to *issue* as it stands; it is the same every time."""
    ends_at = int((issue.due_at + WORKS_AFTER).timestamp())
    token = _serializer(key).dumps([issue.key, issue.content_hash, ends_at])
    return token if isinstance(token, str) else token.decode()


def read_approval_token(token: str, key: bytes, *, now: datetime) -> tuple[str, str] | None:
    """Return the key and the content hash in a token; None if it is not ours, or too old."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        issue, content_hash, ends_at = _serializer(key).loads(token)
    except (BadData, ValueError, TypeError):
        return None
    if now > datetime.fromtimestamp(ends_at, UTC):
        return None
    return str(issue), str(content_hash)


@cache
def _all_words() -> dict[str, dict[str, str]]:
    text = (files("herald.mailing.letters") / "approving_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def approving_words(language: Language) -> Mapping[str, str]:
    """Return what is said to officers in *language*, in its base language, or in English."""
    known = _all_words()
    return known["en"] | known.get(language.partition("-")[0].casefold(), {})


def approving_language(*wanted: Language) -> Language:
    """Return the first of *wanted* in which ``approving_words`` answers, or English."""
    bases = (Language(each.partition("-")[0].casefold()) for each in wanted)
    return next((each for each in bases if each in _all_words()), ENGLISH)


def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(
        key,
        salt=_PURPOSE,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
