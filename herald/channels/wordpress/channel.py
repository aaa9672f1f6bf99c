"""One account on a WordPress site."""

from __future__ import annotations

import html
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import user_agent
from herald.channels.network import Surroundings
from herald.channels.settings import read_settings
from herald.channels.wordpress.examining import examine
from herald.channels.wordpress.page import (
    Shown,
    page_of,
    says_the_same,
    slug_of,
    title_of,
)
from herald.channels.wordpress.pictures import SitePictures
from herald.channels.wordpress.settings import WordPressSettings
from herald.channels.wordpress.site import Site
from herald.channels.wordpress.wire import (
    Held,
    Hindrance,
    is_gone,
    outcome_of_create,
    read_noisy,
    read_post,
    read_posts,
    trouble,
)
from herald.data.networks import capabilities_of
from herald.errors import ConfigurationBroken
from herald.model.account import Finding
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Payload,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Sighting,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.model.words import EVERY
from herald.ports import Clock

log = logging.getLogger(__name__)


def open_wordpress(
    config: ChannelConfig, *, password: str, around: Surroundings
) -> WordPressChannel:
    """Return the account of *config*; raise ConfigurationBroken if it is unsound."""
    settings = read_settings(WordPressSettings, config)
    password = password.strip()
    if not (password.isascii() and password.isprintable()):
        raise ConfigurationBroken(
            f"channel {config.id}: the application password has characters that none has: "
            "copy it again"
        )
    site = Site(settings, password, user_agent=user_agent(around.contact), clock=around.clock)
    limits = capabilities_of("wordpress")
    pictures = SitePictures(site, around.pictures, limits=limits, clock=around.clock)
    return WordPressChannel(config.id, settings, site, pictures=pictures, clock=around.clock)


class WordPressChannel:
    """One user on a site."""

    network = "wordpress"

    def __init__(
        self,
        id: ChannelId,  # noqa: A002 - the port's own word
        settings: WordPressSettings,
        site: Site,
        *,
        pictures: SitePictures,
        clock: Clock,
    ) -> None:
        self.id = id
        self._settings = settings
        self._site = site
        self._pictures = pictures
        self._clock = clock
        self._limits = capabilities_of(self.network)
        self._categories: tuple[int, ...] | None = None

    async def capabilities(self) -> Capabilities:
        """Return the network's limits: a site tells none of its own."""
        return replace(self._limits, host=urlsplit(self._settings.site).netloc)

    async def send(self, claim: Claim) -> Outcome:
        """Do what the delivery asks for with one request, after all that must come before it."""
        action = claim.delivery.action
        if action is Action.CREATE and claim.target is None:
            return await self._create(claim)
        if action is Action.EDIT and claim.target:
            return await self._edit(claim, claim.target)
        if action is Action.DELETE and claim.target:
            return await self._delete(claim.target)
        what = "answer a post" if action is Action.CREATE else f"{action} a post"
        return Refused(f"Herald cannot {what} on a WordPress site")

    async def look_up(self, claim: Claim) -> Sighting:
        """Read what stands under the post's own address; of a correction, what the post is now."""
        if claim.delivery.action is Action.CREATE:
            return await self._look_for(claim)
        if claim.target is None:
            return CannotTell(f"nothing says which post it was to {claim.delivery.action}")
        return await self._look_at(claim, claim.target)

    async def examine(self) -> tuple[Finding, ...]:
        """Look at the site, the user and what it may do."""
        return await examine(self._site, self._settings)

    async def close(self) -> None:
        """Nothing is kept open between two requests."""

    # a post

    async def _create(self, claim: Claim) -> Outcome:
        standing = await self._standing(claim)
        if not isinstance(standing, tuple):
            return standing
        if standing:
            # WordPress would make a second post under the same address with -2 at its end.
            return _already(standing)
        categories = await self._category_ids()
        if not isinstance(categories, tuple):
            return categories
        pictures = await self._pictures.shown(claim.payload)
        if not isinstance(pictures, tuple):
            return pictures
        slug = slug_of(claim.delivery)
        body = {**self._page(claim.payload, pictures), "slug": slug}
        body["status"] = self._settings.status
        if categories:
            body["categories"] = list(categories)
        answer = await self._site.call(
            "POST", "wp/v2/posts", query=self._language(claim.payload), body=body
        )
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        outcome = outcome_of_create(answer, now=self._clock.now())
        if isinstance(outcome, Sent) and isinstance(answer, Answer):
            self._warn_of_double(answer, slug)
        return outcome

    async def _look_for(self, claim: Claim) -> Sighting:
        standing = await self._standing(claim)
        if not isinstance(standing, tuple):
            return CannotTell(standing.why, again=not isinstance(standing, Refused))
        if not standing:
            return Absent()
        if len(standing) > 1:
            where = " and ".join(post.receipt.url for post in standing)
            return CannotTell(f"the post is there more than once: {where}: delete all but one")
        return Found(standing[0].receipt)

    async def _standing(self, claim: Claim) -> tuple[Held, ...] | Hindrance:
        """Return the posts under the delivery's address, in the trash as well.

        WordPress adds -2 to an address that is taken, and __trashed to that of a post in the trash.
        """
        slug = slug_of(claim.delivery)
        spelled = [slug, f"{slug}-2", f"{slug}__trashed", f"{slug}-2__trashed"]
        query = {
            "slug": ",".join(spelled),
            "status": "any,trash",
            "context": "edit",
            "orderby": "id",
            "order": "asc",
            **self._language(claim.payload),
        }
        answer = await self._site.call("GET", "wp/v2/posts", query=query)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        found = read_posts(answer) if isinstance(answer, Answer) else None
        if found is None:
            return trouble(answer, "the site's posts cannot be read", now=self._clock.now())
        return tuple(post for post in found if post.slug in spelled)

    # a correction

    async def _edit(self, claim: Claim, target: Receipt) -> Outcome:
        pictures = await self._pictures.shown(claim.payload)
        if not isinstance(pictures, tuple):
            return pictures
        route = f"wp/v2/posts/{_number(target)}"
        answer = await self._site.call("POST", route, body=self._page(claim.payload, pictures))
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        if is_gone(answer):
            return Refused("the post is no longer on the site")
        return outcome_of_create(answer, now=self._clock.now())

    async def _delete(self, target: Receipt) -> Outcome:
        """Put the post into the site's trash, from where a person can take it back."""
        answer = await self._site.call("DELETE", f"wp/v2/posts/{_number(target)}")
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        if is_gone(answer):
            return Sent(target)
        if isinstance(answer, Answer) and answer.status == 501:
            why = "the site has no trash, and Herald deletes nothing for good: delete it yourself"
            return Refused(why, answer.status)
        outcome = outcome_of_create(answer, now=self._clock.now())
        return Sent(target) if isinstance(outcome, Sent) else outcome

    async def _look_at(self, claim: Claim, target: Receipt) -> Sighting:
        wants_gone = claim.delivery.action is Action.DELETE
        route = f"wp/v2/posts/{_number(target)}"
        answer = await self._site.call("GET", route, query={"context": "edit"})
        if not isinstance(answer, Answer | NoAnswer):
            return CannotTell(answer.why, again=not isinstance(answer, Refused))
        if is_gone(answer):
            return Found(target) if wants_gone else CannotTell("the post is no longer on the site")
        post = read_post(read_noisy(answer)) if isinstance(answer, Answer) else None
        if post is None:
            why = trouble(answer, "the post cannot be read", now=self._clock.now())
            return CannotTell(why.why, again=not isinstance(why, Refused))
        if wants_gone:
            return Found(target) if post.is_in_trash else Absent()
        is_edited = post.title == title_of(claim.payload) and says_the_same(
            post.content, claim.payload
        )
        return Found(post.receipt) if is_edited else Absent()

    # what belongs to it

    def _page(self, payload: Payload, pictures: tuple[Shown, ...]) -> dict[str, Any]:
        page = page_of(payload, pictures)
        if pictures and self._settings.featured_image and not pictures[0].is_video:
            page["featured_media"] = pictures[0].id
        return page

    def _language(self, payload: Payload) -> dict[str, str]:
        """Return the language as a plugin for translations takes it.

        Asking names it too: such a plugin hides the posts of other languages.
        """
        name = self._settings.language_parameter
        return {name: payload.language} if name and payload.language != EVERY else {}

    async def _category_ids(self) -> tuple[int, ...] | Hindrance:
        """Return the numbers of the categories, asked for once."""
        if self._categories is None:
            found: list[int] = []
            for name in self._settings.category_names:
                number = int(name) if name.isdecimal() else await self._category(name)
                if not isinstance(number, int):
                    return number
                found.append(number)
            self._categories = tuple(found)
        return self._categories

    async def _category(self, name: str) -> int | Hindrance:
        query = {"search": name, "per_page": "100", "_fields": "id,name,slug"}
        answer = await self._site.call("GET", "wp/v2/categories", query=query)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        told = read_noisy(answer) if isinstance(answer, Answer) and answer.is_good else None
        if not isinstance(told, list):
            return trouble(answer, "the categories cannot be read", now=self._clock.now())
        for each in told:
            if isinstance(each, dict) and _is_named(each, name) and type(each.get("id")) is int:
                return int(each["id"])
        why = f'the site has no category "{name}": make it there, or mend channels.yaml'
        return Refused(why, scope=RefusedScope.CHANNEL)

    def _warn_of_double(self, answer: Answer, slug: str) -> None:
        post = read_post(read_noisy(answer))
        if post and post.slug != slug:
            fields = {"channel": self.id, "wanted": slug, "got": post.slug}
            log.warning("the site gave a post another address: is it there twice?", extra=fields)


def _already(standing: tuple[Held, ...]) -> Outcome:
    """Say what follows where the post stands already: an earlier send was not in vain."""
    post = standing[0]
    if post.is_in_trash:
        where = post.receipt.url
        return Refused(f"{where} is in the site's trash: take it out, or delete it for good")
    return Sent(post.receipt)


def _is_named(category: Mapping[str, object], name: str) -> bool:
    told = (html.unescape(str(category.get("name"))), str(category.get("slug")))
    return name.casefold() in {word.casefold() for word in told}


def _number(target: Receipt) -> int:
    """Return the site's number of a post; 0, which is no post's, where it is none."""
    return int(target.remote_id) if target.remote_id.isdecimal() else 0
