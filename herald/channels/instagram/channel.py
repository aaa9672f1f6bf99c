"""One professional account on Instagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from herald.channels.answer import Answer
from herald.channels.instagram.caption import fault_in
from herald.channels.instagram.settings import InstagramSettings
from herald.channels.meta.account import used_up
from herald.channels.meta.containers import Dialect
from herald.channels.meta.errors import Hindrance
from herald.channels.meta.showing import Shown, shown
from herald.channels.meta.staged import ANSWER_SECONDS, Manner, StagedAccount, count_in
from herald.channels.network import Surroundings
from herald.channels.settings import read_settings
from herald.data.networks import capabilities_of
from herald.model.account import Finding, Reactions
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Action, Claim, Outcome, Receipt, Refused, Sighting
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Pictures

MANNER = Manner(
    name="instagram",
    dialect=Dialect(
        network="Instagram",
        make="media",
        publish="media_publish",
        state="status_code",
        words="status",
    ),
    id_field="user_id",
    text_field="caption",
    renew="ig_refresh_token",
    quota="content_publishing_limit",
)


def open_instagram(
    config: ChannelConfig,
    *,
    secrets: Mapping[str, str],
    around: Surroundings,
    seconds: float = ANSWER_SECONDS,
) -> InstagramChannel:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(InstagramSettings, config)
    account = StagedAccount(
        MANNER,
        config=config,
        account=settings.account,
        server=settings.server,
        secrets=secrets,
        around=around,
        seconds=seconds,
    )
    return InstagramChannel(config.id, account, pictures=around.pictures)


class InstagramChannel:
    """One account."""

    network = "instagram"

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
        """Make the post ready from pictures that Instagram fetches, then publish it."""
        if claim.delivery.action is not Action.CREATE or claim.target is not None:
            return Refused("Instagram lets nobody but a person correct, delete or answer a post")
        if fault := fault_in(claim.payload.text):
            return Refused(fault)
        pictures = await shown(
            claim, pictures=self._pictures, limits=self._limits, network="Instagram"
        )
        if isinstance(pictures, Refused):
            return pictures
        if not pictures:
            return Refused("Instagram takes no post without a picture: give it an image")
        return await self._post(claim, pictures)

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the account's own posts back to the first send."""
        return await self._account.look_back(claim, "media")

    async def examine(self) -> tuple[Finding, ...]:
        """Tell whose the token is, how long it lives, and what may still be published."""
        return await self._account.examined(used="quota_usage", config="config")

    async def link(self, receipt: Receipt) -> str:
        """Return where a post is to be seen, which the network tells of a published one alone."""
        return await self._account.link(receipt)

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return how often posts were liked and commented on; passing on is not told."""
        found = {}
        for receipt in receipts:
            query = {"fields": "like_count,comments_count"}
            answer = await self._account.graph.get(receipt.remote_id, query)
            if isinstance(answer, Answer) and answer.is_good:
                told = answer.read_object()
                found[receipt.remote_id] = Reactions(
                    likes=count_in(told, "like_count"), replies=count_in(told, "comments_count")
                )
        return found

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _post(self, claim: Claim, pictures: tuple[Shown, ...]) -> Outcome:
        account = await self._account.begin()
        if not isinstance(account, str):
            return account
        left = await self._account.left(account, used="quota_usage", config="config")
        if waiting := used_up(left, network="Instagram"):
            return waiting
        return await self._account.publish(claim, account, self._prepared(claim, account, pictures))

    async def _prepared(
        self, claim: Claim, account: str, pictures: tuple[Shown, ...]
    ) -> str | Hindrance:
        caption = {"caption": claim.payload.text}
        key = claim.delivery.key
        if len(pictures) == 1:
            return await self._account.containers.make(key, account, _form(pictures[0]) | caption)
        forms = [_form(picture) | {"is_carousel_item": "true"} for picture in pictures]
        children = await self._account.together(claim, account, forms)
        if not isinstance(children, str):
            return children
        form = {"media_type": "CAROUSEL", "children": children} | caption
        return await self._account.containers.make(key, account, form)


def _form(picture: Shown) -> dict[str, str]:
    alt = {"alt_text": picture.alt} if picture.alt else {}
    return {"image_url": picture.address} | alt
