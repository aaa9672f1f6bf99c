"""One page on LinkedIn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from herald.channels.answer import NoAnswer
from herald.channels.asking import user_agent
from herald.channels.linkedin.counting import count
from herald.channels.linkedin.examining import examine
from herald.channels.linkedin.pictures import PagePictures
from herald.channels.linkedin.post import Article, edit_body, post_body, shows_article
from herald.channels.linkedin.reading import look_at, look_for, page_of_posts
from herald.channels.linkedin.rest import Keys, Rest, spelled
from herald.channels.linkedin.settings import LinkedInSettings
from herald.channels.linkedin.wire import is_gone, outcome_of_change, outcome_of_create
from herald.channels.network import Surroundings
from herald.channels.settings import read_settings
from herald.data.networks import capabilities_of
from herald.errors import ChannelUnreachable, ConfigurationBroken
from herald.model.account import Finding, Reactions
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    Outcome,
    Payload,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Sighting,
    TryAgain,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities, Handle
from herald.ports import Cards, Clock


def open_linkedin(
    config: ChannelConfig, *, secrets: Mapping[str, str], around: Surroundings
) -> LinkedInChannel:
    """Return the page of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(LinkedInSettings, config)
    given = {name: secrets.get(name, "").strip() for name in _SECRETS}
    for name, value in given.items():
        if not (value.isascii() and value.isprintable() and " " not in value):
            raise ConfigurationBroken(
                f"channel {config.id}: {name} has characters that none has: copy it again"
            )
    rest = Rest(
        Keys(token=given.pop("access_token"), **given),
        server=settings.server,
        user_agent=user_agent(around.contact),
        keep_secret=around.keep_secret,
    )
    limits = capabilities_of("linkedin")
    pictures = PagePictures(
        rest, around.pictures, owner=settings.organization, limits=limits, clock=around.clock
    )
    return LinkedInChannel(
        config.id, settings, rest, pictures=pictures, clock=around.clock, cards=around.cards
    )


_SECRETS = ("access_token", "refresh_token", "client_id", "client_secret")


class LinkedInChannel:
    """One page, and a person's token who may post on it."""

    network = "linkedin"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: LinkedInSettings,
        rest: Rest,
        *,
        pictures: PagePictures,
        clock: Clock,
        cards: Cards | None = None,
    ) -> None:
        self.id = id
        self._author = settings.organization
        self._rest = rest
        self._pictures = pictures
        self._clock = clock
        self._cards = cards
        self._may_read: bool | None = None
        """The token may read the page's posts; None as long as LinkedIn was not asked."""

    async def capabilities(self) -> Capabilities:
        """Return LinkedIn's limits, and whether the token lets a lost answer be looked up."""
        limits = replace(capabilities_of(self.network), host=self._rest.host)
        if self._may_read is None:
            answer = await self._rest.read(
                "posts", page_of_posts(self._author, count=1), finds=True
            )
            if isinstance(answer, NoAnswer):
                raise ChannelUnreachable(f"LinkedIn: {answer.why}")
            if answer.is_good or answer.status == 403:
                self._may_read = answer.is_good
            elif answer.status == 429 or answer.status >= 500:
                raise ChannelUnreachable(f"LinkedIn answers {answer.status}")
        return limits if self._may_read else replace(limits, handle=Handle.NOTHING)

    async def send(self, claim: Claim) -> Outcome:
        """Do what the delivery asks for with one request, after the pictures are there."""
        match (claim.delivery.action, claim.target):
            case (Action.CREATE, None):
                return await self._create(claim)
            case (Action.EDIT, Receipt() as target):
                body = edit_body(claim.payload)
                return await self._change("POST", target, "edit", body, named="PARTIAL_UPDATE")
            case (Action.DELETE, Receipt() as target):
                return await self._change("DELETE", target, "deletion", named="DELETE")
            case (Action.CREATE, _):
                return Refused("Herald cannot answer a post on LinkedIn")
            case (action, _):
                return Refused(f"Herald cannot {action} a post on LinkedIn")

    async def look_up(self, claim: Claim) -> Sighting:
        """Read the page's posts back to the first send; of a correction, the post itself."""
        if claim.delivery.action is Action.CREATE:
            return await look_for(self._rest, claim, author=self._author, now=self._clock.now())
        if claim.target is None:
            return CannotTell(f"nothing says which post it was to {claim.delivery.action}")
        return await look_at(self._rest, claim, claim.target)

    async def examine(self) -> tuple[Finding, ...]:
        """Look at the token, its rights, and its owner's role on the page."""
        return await examine(self._rest, self._author, now=self._clock.now())

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return how often posts were liked and answered, by their URN."""
        return await count(self._rest, receipts)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    async def _create(self, claim: Claim) -> Outcome:
        pictures = await self._pictures.uploaded(claim.payload)
        if not isinstance(pictures, tuple):
            return pictures
        article = await self._article(claim.payload)
        body = post_body(claim.payload, author=self._author, pictures=pictures, article=article)
        token = self._rest.keys.token
        answer = await self._rest.change("POST", "posts", body)
        outcome = outcome_of_create(answer, claim, now=self._clock.now())
        if pictures and isinstance(outcome, Refused) and outcome.scope is RefusedScope.DELIVERY:
            self._pictures.forget()
        return self._renewed(token, outcome)

    async def _article(self, payload: Payload) -> Article:
        """Return what the linked page shows of itself, as LinkedIn does not ask it."""
        if self._cards is None or not shows_article(payload):
            return Article()
        card = await self._cards.card(payload.link)
        if card is None:
            return Article()
        thumbnail = await self._pictures.thumbnail(card.picture) if card.picture else ""
        return Article(title=card.title, description=card.description, thumbnail=thumbnail)

    async def _change(
        self,
        method: str,
        target: Receipt,
        what: str,
        body: Mapping[str, object] | None = None,
        *,
        named: str,
    ) -> Outcome:
        token = self._rest.keys.token
        path = f"posts/{spelled(target.remote_id)}"
        answer = await self._rest.change(method, path, body, named=named)
        if what == "deletion" and is_gone(answer):
            return Sent(target)
        outcome = outcome_of_change(answer, target, what, now=self._clock.now())
        return self._renewed(token, outcome)

    def _renewed(self, token: str, outcome: Outcome) -> Outcome:
        """Let what was refused for an old token be tried anew; nothing was done with it."""
        if isinstance(outcome, Refused) and outcome.status == 401 and self._rest.was_renewed(token):
            return TryAgain("the access token had expired and was renewed", 401)
        return outcome
