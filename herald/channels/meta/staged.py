"""What an Instagram account and a Threads profile have in common: whose it is, and its posts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import user_agent
from herald.channels.meta.account import Owner, quota_left
from herald.channels.meta.containers import Containers, Dialect, State
from herald.channels.meta.errors import Hindrance
from herald.channels.meta.findings import hindered, of_quota, of_token
from herald.channels.meta.graph import Graph, sound_token
from herald.channels.meta.reading import Fields, look_back, sought_by
from herald.channels.meta.token import Renewal
from herald.channels.network import Surroundings
from herald.model.account import Finding, Severity
from herald.model.configuration import ChannelConfig
from herald.model.delivery import CannotTell, Claim, Outcome, Receipt, Refused, Sighting, TryAgain

ANSWER_SECONDS = 60.0
"""For one answer: the network fetches the pictures while it makes a container."""
PREPARE_SECONDS = 110.0
"""For making a whole post ready; what is ready by then is used by the next try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one network names what both have."""

    name: str
    """The network's own, such as ``instagram``."""
    dialect: Dialect
    id_field: str
    text_field: str
    renew: str
    """The grant by which a token is renewed."""
    quota: str
    """The edge that tells how much may be published."""


class StagedAccount:
    """One account whose posts are made ready first and then published by their id."""

    def __init__(
        self,
        manner: Manner,
        *,
        config: ChannelConfig,
        account: str,
        server: str,
        secrets: Mapping[str, str],
        around: Surroundings,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.manner = manner
        self.clock = around.clock
        self.graph = Graph(
            manner.name,
            token=sound_token(config.id, secrets["access_token"]),
            user_agent=user_agent(around.contact),
            server=server,
            seconds=seconds,
        )
        self.containers = Containers(self.graph, manner.dialect, clock=around.clock)
        self.renewal = Renewal(
            self.graph,
            grant=manner.renew,
            ends=secrets.get("access_token_ends", ""),
            clock=around.clock,
            keep_secret=around.keep_secret,
        )
        self.owner = Owner(
            self.graph,
            name=account,
            network=manner.dialect.network,
            field=manner.id_field,
            clock=around.clock,
        )

    async def begin(self) -> str | Hindrance:
        """Return the account's id, its token renewed where that is due."""
        await self.renewal.renew_if_due()
        return await self.owner.id()

    async def left(self, account: str, *, used: str, config: str) -> int | None:
        """Return how many more posts may be published; None where the network does not say."""
        query = {"fields": f"{used},{config}"}
        answer = await self.graph.get(f"{account}/{self.manner.quota}", query)
        return quota_left(answer, used=used, config=config)

    async def publish(
        self, claim: Claim, account: str, prepared: Awaitable[str | Hindrance]
    ) -> Outcome:
        """Wait for the container of *claim*, then publish it with one request."""
        network = self.manner.dialect.network
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                container = await prepared
                if not isinstance(container, str):
                    return container
                state = await self.containers.ready(container)
        except TimeoutError:
            return TryAgain(f"{network} took longer than {PREPARE_SECONDS:g} seconds to prepare it")
        if not isinstance(state, State):
            return state
        key = claim.delivery.key
        return await self.containers.publish(key, account, container, state=state)

    async def together(
        self, claim: Claim, account: str, children: Sequence[Mapping[str, str]]
    ) -> str | Hindrance:
        """Return the ids of *children* with commas between them, each of them ready."""
        key = claim.delivery.key
        made = []
        for form in children:
            child = await self.containers.make(key, account, form)
            if not isinstance(child, str):
                return child
            made.append(child)
        for child in made:
            state = await self.containers.ready(child)
            if not isinstance(state, State):
                return state
        return ",".join(made)

    async def look_back(self, claim: Claim, edge: str) -> Sighting:
        """Read the account's own posts under *edge* back to the first send."""
        account = await self.begin()
        if not isinstance(account, str):
            return CannotTell(account.why, again=not isinstance(account, Refused))
        fields = Fields(text=self.manner.text_field, at="timestamp", receipt=receipt_of)

        async def page(narrowed: dict[str, str]) -> Answer | NoAnswer:
            query = {"fields": fields.asked("permalink"), **narrowed}
            return await self.graph.get(f"{account}/{edge}", query)

        sighting = await look_back(page, sought_by(claim), fields, now=self.clock.now())
        return await self.containers.confirm(claim.delivery.key, sighting)

    async def link(self, receipt: Receipt) -> str:
        """Return where a post is to be seen; '' where that is not told now."""
        answer = await self.graph.get(receipt.remote_id, {"fields": "permalink"})
        if isinstance(answer, NoAnswer) or not answer.is_good:
            return ""
        told = answer.read_object().get("permalink")
        return told if isinstance(told, str) and told.startswith("https://") else ""

    async def examined(self, *, used: str, config: str) -> tuple[Finding, ...]:
        """Tell whose the token is, how long it lives, and what may still be published.

        Looking renews no token.
        """
        account = await self.owner.id()
        network = self.manner.dialect.network
        if not isinstance(account, str):
            return (hindered(account),)
        return (
            Finding(severity=Severity.WELL, what=f"the access token opens the {network} account"),
            of_token(self.renewal.ends_at, now=self.clock.now()),
            of_quota(await self.left(account, used=used, config=config), network=network),
        )


def receipt_of(values: dict[str, Any]) -> Receipt:
    """Return the id of a post that was read back, and its address."""
    link = values.get("permalink")
    return Receipt(remote_id=values["id"], url=link if isinstance(link, str) else "")


def count_in(told: Mapping[str, Any], name: str) -> int | None:
    """Return a count that an answer holds; None where it does not tell it."""
    found = told.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
