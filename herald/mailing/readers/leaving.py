"""The way out of a list: what stands behind the link in every letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from herald.mailing.tokens import read_token
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.mailing import Subscriber, SubscriptionState
from herald.ports import Clock, MailingStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What a page may say about a link that Herald has signed; no name and no address."""

    list_name: str = ""
    """Empty where the subscription is forgotten."""
    language: Language | None = None
    """The subscriber's; None where it is unknown."""
    has_left: bool


class Leaving:
    """Reads tokens and ends subscriptions."""

    def __init__(
        self,
        *,
        store: MailingStore,
        lists: Callable[[], Mapping[ListId, MailingList]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._lists = lists
        self._clock = clock

    async def look(self, token: str) -> Departure | None:
        """Return whose link it is, changing nothing; None for a token that is forged or cut off."""
        subscription = read_token(token, await self._store.mailing_key())
        if subscription is None:
            return None
        return self._departure(await self._store.subscriber(subscription))

    async def leave(self, token: str) -> Departure | None:
        """End the subscription at once; repeating it changes nothing. None for a bad token."""
        subscription = read_token(token, await self._store.mailing_key())
        if subscription is None:
            return None
        await self._store.leave(subscription, now=self._clock.now())
        return self._departure(await self._store.subscriber(subscription))

    def _departure(self, person: Subscriber | None) -> Departure:
        if person is None:
            # Erased since: there is nothing left to end, and nothing to tell.
            return Departure(has_left=True)
        mailing_list = self._lists().get(person.list)
        languages = mailing_list.languages if mailing_list else ()
        language = person.language or next(iter(languages), None)
        spoken = (language, *languages) if language else languages
        name = mailing_list.name.first(spoken) if mailing_list else None
        return Departure(
            list_name=name or person.list,
            language=language,
            has_left=person.state is SubscriptionState.LEFT,
        )
