"""One profile on Threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from herald.channels.answer import Answer, NoAnswer
from herald.channels.meta.account import used_up
from herald.channels.meta.containers import Dialect
from herald.channels.meta.errors import Hindrance, is_missing, read_id, trouble_publishing
from herald.channels.meta.reading import unreadable
from herald.channels.meta.showing import Shown, shown
from herald.channels.meta.staged import ANSWER_SECONDS, Manner, StagedAccount
from herald.channels.network import Surroundings
from herald.channels.settings import read_settings
from herald.channels.threads.insights import read_insights
from herald.channels.threads.settings import ThreadsSettings
from herald.channels.threads.text import fault_in
from herald.data.networks import capabilities_of
from herald.model.account import Finding, Reactions
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Pictures

MANNER = Manner(
    name="threads",
    dialect=Dialect(
        network="Threads",
        make="threads",
        publish="threads_publish",
        state="status",
        words="error_message",
    ),
    id_field="id",
    text_field="text",
    renew="th_refresh_token",
    quota="threads_publishing_limit",
)


def open_threads(
    config: ChannelConfig,
    *,
    secrets: Mapping[str, str],
    around: Surroundings,
    seconds: float = ANSWER_SECONDS,
) -> ThreadsChannel:
    """Return the profile of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(ThreadsSettings, config)
    account = StagedAccount(
        MANNER,
        config=config,
        account=settings.account,
        server=settings.server,
        secrets=secrets,
        around=around,
        seconds=seconds,
    )
    return ThreadsChannel(config.id, account, pictures=around.pictures)


class ThreadsChannel:
    """One profile."""

    network = "threads"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        account: StagedAccount,
        *,
        pictures: Pictures,
    ) -> None:
        self.id = id
        self._account = account
        self._pictures = pictures
        self._limits = capabilities_of(self.network)

    async def capabilities(self) -> Capabilities:
        """Return the network's limits; how much a day it takes is asked before each post."""
        return self._limits

    async def send(self, claim: Claim) -> Outcome:
        """Make the post or answer ready, then publish it; or delete a post."""
        match claim.delivery.action:
            case Action.CREATE:
                return await self._create(claim)
            case Action.DELETE if claim.target is not None:
                return await self._delete(claim.target)
        return Refused(f"Threads lets nobody but a person {claim.delivery.action} a post")

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the profile's own posts, or answers, back to the first send."""
        if claim.delivery.action is Action.DELETE and claim.target is not None:
            return await self._is_deleted(claim.target)
        return await self._account.look_back(claim, "replies" if claim.target else "threads")

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose the token is, how long it lives, and what may still be published."""
        return await self._account.examined(used="quota_usage", config="config")

    async def link(self, receipt: Receipt) -> str:
        """Return where a post is to be seen, which the network tells of a published one alone."""
        return await self._account.link(receipt)

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return how often posts were passed on, liked and answered."""
        found = {}
        for receipt in receipts:
            query = {"metric": "likes,replies,reposts,quotes"}
            answer = await self._account.graph.get(f"{receipt.remote_id}/insights", query)
            if isinstance(answer, Answer) and answer.is_good:
                found[receipt.remote_id] = read_insights(answer)
        return found

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _create(self, claim: Claim) -> Outcome:
        if fault := fault_in(claim.payload.text, link=claim.payload.link):
            return Refused(fault)
        pictures = await shown(
            claim, pictures=self._pictures, limits=self._limits, network="Threads"
        )
        if not isinstance(pictures, tuple):
            return pictures
        account = await self._account.begin()
        if not isinstance(account, str):
            return account
        answers = claim.target is not None
        used, config = (
            ("reply_quota_usage", "reply_config") if answers else ("quota_usage", "config")
        )
        left = await self._account.left(account, used=used, config=config)
        if waiting := used_up(left, network="Threads"):
            return waiting
        return await self._account.publish(claim, account, self._prepared(claim, account, pictures))

    async def _prepared(
        self, claim: Claim, account: str, pictures: tuple[Shown, ...]
    ) -> str | Hindrance:
        whole = {"text": claim.payload.text}
        if claim.target is not None:
            whole["reply_to_id"] = claim.target.remote_id
        make, key = self._account.containers.make, claim.delivery.key
        if not pictures:
            link = {"link_attachment": claim.payload.link} if claim.payload.link else {}
            return await make(key, account, {"media_type": "TEXT"} | whole | link)
        if len(pictures) == 1:
            return await make(key, account, _form(pictures[0]) | whole)
        forms = [_form(picture) | {"is_carousel_item": "true"} for picture in pictures]
        children = await self._account.together(claim, account, forms)
        if not isinstance(children, str):
            return children
        return await make(key, account, {"media_type": "CAROUSEL", "children": children} | whole)

    async def _delete(self, target: Receipt) -> Outcome:
        account = await self._account.begin()
        if not isinstance(account, str):
            return account
        answer = await self._account.graph.delete(target.remote_id)
        if _is_done(answer) or is_missing(answer):
            return Sent(target)
        return trouble_publishing(answer, network="Threads", now=self._account.clock.now())

    async def _is_deleted(self, target: Receipt) -> Sighting:
        answer = await self._account.graph.get(target.remote_id, {"fields": "id"})
        if is_missing(answer):
            return Found(target)
        return Absent() if read_id(answer) == target.remote_id else unreadable(answer)


def _is_done(answer: Answer | NoAnswer) -> bool:
    return (
        isinstance(answer, Answer)
        and answer.is_good
        and answer.read_object().get("success") is True
    )


def _form(picture: Shown) -> dict[str, str]:
    alt = {"alt_text": picture.alt} if picture.alt else {}
    return {"media_type": "IMAGE", "image_url": picture.address} | alt
