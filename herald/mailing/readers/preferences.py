"""A reader's own preferences: what the link in every letter opens, and what only its owner may do.

A letter is passed on, and its link with it.  So that link changes what a click can put right again
(lists, language, time zone); what reveals or destroys is behind a link that is mailed to the
address itself and works for an hour.  Joining a list always asks by mail.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from herald.composing.zone_names import zone_names
from herald.mailing.addresses import BadAddress, hash_address, read_address
from herald.mailing.phrases import ENGLISH, edition_for
from herald.mailing.readers.joining import allowances
from herald.mailing.readers.joining_words import joining_language, language_to, letter_language
from herald.mailing.readers.owed import send_each
from herald.mailing.readers.preference_words import preference_words
from herald.mailing.sending.mime import AS_SPELLED, UnsafeHeader, mailbox, subject_header
from herald.mailing.sending.senders import list_name
from herald.mailing.sending.smtp import Mailer
from herald.mailing.tokens import (
    message_id,
    owner_token,
    read_owner_token,
    read_preferences_token,
)
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.joining import Asked, CameFrom
from herald.model.mailing import (
    Accepted,
    AddressHash,
    Deferred,
    RelayTrouble,
    SubscriptionId,
    SubscriptionState,
    SuppressionReason,
)
from herald.model.preferences import Held, LinkAsked, LinkId, LinkOwed, Reader
from herald.model.stop import Stop
from herald.ports import Clock, MailingStore, PreferenceStore

log = logging.getLogger(__name__)

_HOUR, _DAY, _MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
_OF_ADDRESS = ((_HOUR, 2), (_DAY, 4), (_MONTH, 10))
"""Mails that strangers can have sent to one address."""
_OF_NETWORK = ((_HOUR, 20), (_DAY, 60))
_OF_ALL = ((_HOUR, 300), (_DAY, 2000))
"""As with requests to join: one part of the internet, and all of it."""
_AGAIN_AFTER = timedelta(minutes=5)
_ADDRESS_MOST = 320


class AsksToJoin(Protocol):
    """Takes requests to join a list; a mail asks for confirmation."""

    def open_list(self, name: str) -> MailingList | None:
        """Return a list that anybody may join; None if it is closed or there is none."""
        ...

    async def ask(
        self,
        mailing_list: MailingList,
        written: str,
        language: Language,
        *,
        came_from: CameFrom,
        network: str,
    ) -> Asked:
        """Take down that an address wants to join."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChoice:
    """One list on the page."""

    id: ListId
    name: str
    state: SubscriptionState
    may_join: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the page shows; no address but one of which most is hidden."""

    hidden_address: str
    spoken: Language
    """Of the page."""
    lists: tuple[ListChoice, ...]
    languages: tuple[Language, ...]
    """Of letters, to choose from."""
    language: Language | None
    zone: str
    is_owner: bool
    """The link was mailed to the address within the hour: all may be seen and erased."""


async def _nothing_is_stopped() -> Collection[Stop]:
    return ()


class Preferences:
    """Shows and changes what a reader wants; sends the links that only owners may have."""

    def __init__(
        self,
        *,
        store: PreferenceStore,
        people: MailingStore,
        joining: AsksToJoin,
        lists: Callable[[], Mapping[ListId, MailingList]],
        mailer: Callable[[], Mailer],
        public_url: str,
        clock: Clock,
        stops: Callable[[], Awaitable[Collection[Stop]]] = _nothing_is_stopped,
    ) -> None:
        """Join the room's parts; without *public_url* no link leads here, and no mail is asked."""
        self._store = store
        self._people = people
        self._joining = joining
        self._lists = lists
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self._stops = stops
        self._mailer = mailer

    @property
    def is_reachable(self) -> bool:
        """Tell whether the world reaches the pages that a mail could name."""
        return bool(self._public_url)

    def now(self) -> datetime:
        """Return the present moment."""
        return self._clock.now()

    async def look(self, token: str) -> Choices | None:
        """Return what a link opens, changing nothing; None if it is forged, old, or erased."""
        found = await self._found(token)
        return self._choices(found[0], is_owner=found[1]) if found is not None else None

    async def save(self, token: str, *, language: str, zone: str) -> None:
        """Set language and time zone, if they are among the choices; else they stay."""
        found = await self._found(token)
        if found is None:
            return
        reader = found[0]
        choices = self._choices(reader, is_owner=False)
        offered = {str(each): each for each in choices.languages}
        known = {"", reader.zone} | {each for each, _ in zone_names(ENGLISH)}
        await self._store.change(
            reader.address_hash,
            language=offered.get(language),
            zone=zone if zone in known else reader.zone,
            choose=edition_for,
        )
        log.info("preferences saved")

    async def leave(self, token: str, name: str) -> None:
        """Leave the list of that name, at once; all lists where there is none."""
        found = await self._found(token)
        for tie in found[0].ties if found is not None else ():
            if not name or tie.list == name:
                await self._people.leave(tie.subscription, now=self._clock.now())

    async def join(self, token: str, name: str, *, network: str) -> Asked | None:
        """Ask by mail whether the reader wants an open list; None where there is none to join."""
        found, mailing_list = await self._found(token), self._joining.open_list(name)
        if found is None or mailing_list is None:
            return None
        reader = found[0]
        if any(tie.list == name and _receives(tie.state) for tie in reader.ties):
            return None
        language = reader.language or self._spoken(reader)
        return await self._joining.ask(
            mailing_list, reader.address, language, came_from=CameFrom.PAGE, network=network
        )

    async def ask(self, written: str, language: Language, *, network: str) -> Asked:
        """Take down that a link is wanted for an address; the answer is the same for all."""
        try:
            address = read_address(written[:_ADDRESS_MOST])
        except BadAddress:
            return Asked.BAD_ADDRESS
        return await self._ask(address, language, network)

    async def ask_owner(self, token: str, *, network: str) -> Asked | None:
        """Take down that the owner of a letter's link wants one of the stronger sort."""
        found = await self._found(token)
        if found is None:
            return None
        return await self._ask(found[0].address, self._spoken(found[0]), network)

    async def held(self, token: str) -> Held | None:
        """Return all that is held of an owner, changing nothing; None for any other link."""
        found = await self._found(token)
        if found is None or not found[1]:
            return None
        return await self._store.held(found[0].address_hash)

    async def erase(self, token: str) -> bool:
        """Remove all that is held of an owner but the hash; False for any other link."""
        found = await self._found(token)
        if found is None or not found[1]:
            return False
        known = found[0].address_hash
        await self._people.erase(known, reason=SuppressionReason.ERASED, now=self._clock.now())
        log.info("a reader erased everything")
        return True

    async def send_owed(self, stop: asyncio.Event) -> None:
        """Send the mails with links that are owed, and erase the links that are too old."""
        await self._store.forget_links(now=self._clock.now())
        await send_each(
            lambda: self._store.claim_link(now=self._clock.now()),
            self._send_one,
            mailer=self._mailer,
            stops=self._stops,
            stop=stop,
        )

    async def _send_one(self, claimed: LinkOwed, mailer: Mailer) -> bool:
        """Send one mail and settle it; return whether the mail server takes more."""
        lists = self._lists()
        theirs = (lists[each] for each in claimed.lists if each in lists)
        sender = next(theirs, next(iter(lists.values()), None))
        if sender is None or not self.is_reachable:
            await self._store.link_lost(claimed)
            return True
        key = await self._people.mailing_key()
        try:
            mail = make_link_mail(
                claimed,
                sender,
                link=f"{self._public_url}/p/{owner_token(claimed.id, key)}",
                key=key,
                date=self._clock.now(),
            )
        except UnsafeHeader:
            await self._store.link_lost(claimed)
            return True
        outcome = await mailer.connect() or await mailer.send(
            sender=sender.sender_address, recipient=claimed.address, mail=mail
        )
        log.info("link to preferences %s", type(outcome).__name__)
        match outcome:
            case Accepted():
                await self._store.link_sent(claimed, now=self._clock.now())
            case Deferred() | RelayTrouble():
                await self._store.link_later(claimed, at=self._clock.now() + _AGAIN_AFTER)
            case _:
                await self._store.link_lost(claimed)
        return not isinstance(outcome, RelayTrouble)

    async def _ask(self, address: str, language: Language, network: str) -> Asked:
        key, now = await self._people.mailing_key(), self._clock.now()
        known = hash_address(address, key)
        of_source = allowances(key, "preferences\neverywhere", _OF_ALL)
        if network:
            of_source += allowances(key, f"preferences\nnetwork\n{network}", _OF_NETWORK)
        asked = LinkAsked(
            id=LinkId(secrets.token_hex(16)),
            address=address,
            address_hash=known,
            language=language,
            asked_at=now,
        )
        of_address = allowances(key, f"preferences\naddress\n{known}", _OF_ADDRESS)
        return await self._store.ask_link(
            asked, of_source=of_source, of_address=of_address, now=now
        )

    async def _found(self, token: str) -> tuple[Reader, bool] | None:
        """Return whose link it is, and whether it was mailed to its owner within the hour."""
        key = await self._people.mailing_key()
        known: AddressHash | None = None
        link = read_owner_token(token, key)
        if link is not None:
            known = await self._store.owner(link, now=self._clock.now())
        elif (tie := read_preferences_token(token, key)) is not None:
            known = await self._store.owner_of(tie)
        reader = await self._store.reader(known) if known is not None else None
        return (reader, link is not None) if reader is not None else None

    def _choices(self, reader: Reader, *, is_owner: bool) -> Choices:
        lists = self._lists()
        spoken = self._spoken(reader)
        ties = {tie.list: tie.state for tie in reader.ties}
        shown = [
            ListChoice(
                id=each.id,
                name=list_name(each, spoken),
                state=ties.get(each.id, SubscriptionState.LEFT),
                may_join=self._joining.open_list(each.id) is not None,
            )
            for each in lists.values()
        ]
        offered: dict[Language, None] = {}
        for each in lists.values():
            if _receives(ties.get(each.id, SubscriptionState.LEFT)):
                offered |= dict.fromkeys(each.languages)
        if not offered:
            offered = dict.fromkeys(tag for each in lists.values() for tag in each.languages)
        return Choices(
            hidden_address=hide_address(reader.address),
            spoken=spoken,
            lists=tuple(one for one in shown if one.may_join or one.id in ties),
            languages=tuple(offered),
            language=reader.language,
            zone=reader.zone,
            is_owner=is_owner,
        )

    def _spoken(self, reader: Reader) -> Language:
        lists = self._lists()
        theirs = [lists[tie.list] for tie in reader.ties if tie.list in lists]
        first = [letter_language(each) for each in theirs[:1]]
        return joining_language(*filter(None, (reader.language, *first)))


def hide_address(address: str) -> str:
    """Return an address of which its owner knows which it is, and others do not."""
    return f"{address[:1]}…@{address.rpartition('@')[2]}"


def make_link_mail(
    claimed: LinkOwed, sender: MailingList, *, link: str, key: bytes, date: datetime
) -> bytes:
    """Return the mail that brings a link to its owner; raise UnsafeHeader."""
    spoken = language_to(sender, claimed.language)
    say = preference_words(spoken)
    domain = sender.sender_address.rpartition("@")[2]
    mail = EmailMessage(policy=AS_SPELLED)
    mail["From"] = mailbox(sender.sender_name, sender.sender_address)
    mail["To"] = mailbox("", claimed.address)
    mail["Subject"] = subject_header(say["letter_subject"])
    mail["Date"] = format_datetime(date.replace(microsecond=0))
    mail["Message-ID"] = message_id("preferences", SubscriptionId(claimed.id), domain, key)
    mail["Auto-Submitted"] = "auto-generated"
    parts = (say["letter_why"], link, say["letter_ignore"])
    mail.set_content("\n\n".join(parts) + "\n", charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = spoken
    return mail.as_bytes()


def _receives(state: SubscriptionState) -> bool:
    return state is SubscriptionState.SUBSCRIBED
