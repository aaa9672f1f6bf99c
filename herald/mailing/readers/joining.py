"""Joining a list: a request, a mail with a link, a page with a button, and the proof of all that.

A known address is answered as an unknown one is, by the same steps: each is written down and gets
the same mail.  So nobody finds out who is on a list, and who left may come back by confirming.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from herald.mailing.addresses import BadAddress, hash_address, read_address
from herald.mailing.readers.joining_words import (
    consent_text,
    joining_words,
    language_to,
    letter_language,
)
from herald.mailing.readers.owed import send_each
from herald.mailing.sending.mime import AS_SPELLED, UnsafeHeader, mailbox, subject_header
from herald.mailing.sending.senders import list_name
from herald.mailing.sending.smtp import Mailer, SmtpMailer
from herald.mailing.tokens import confirm_token, message_id, read_confirm_token
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.joining import (
    Allowance,
    Asked,
    CameFrom,
    ConsentText,
    SignUp,
    SignUpId,
)
from herald.model.mailing import (
    Accepted,
    AddressHash,
    Deferred,
    MailOutcome,
    MailServer,
    RelayTrouble,
    SubscriptionId,
)
from herald.model.stop import Stop
from herald.ports import Clock, JoiningStore

log = logging.getLogger(__name__)

CONFIRM_WITHIN = timedelta(days=7)
"""How long a request is kept for its confirmation; then it is erased."""

_HOUR, _DAY, _MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
_OF_ADDRESS = ((_HOUR, 2), (_DAY, 3), (_MONTH, 6))
"""Mails that strangers can have sent to one address, over all lists."""
_OF_NETWORK = ((_HOUR, 20), (_DAY, 60))
"""Requests from one part of the internet: a school class behind one address may join together."""
_OF_ALL = ((_HOUR, 300), (_DAY, 2000))
"""Requests from everywhere: a flood from many places must not cost the sender's good name."""
_AGAIN_AFTER = timedelta(minutes=5)
_INVITED_APART = timedelta(seconds=2)
"""Between two invitations: thousands at once look like a flood to those who receive them."""
_ADDRESS_MOST = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What the page behind a mail's link shows; no address."""

    list_name: str
    language: Language
    """Of the page."""
    text: ConsentText
    has_joined: bool


async def _nothing_is_stopped() -> Collection[Stop]:
    return ()


class Joining:
    """Takes requests to join, sends the mails that they owe, and confirms."""

    def __init__(
        self,
        *,
        store: JoiningStore,
        mailing_key: Callable[[], Awaitable[bytes]],
        lists: Callable[[], Mapping[ListId, MailingList]],
        server: MailServer,
        public_url: str,
        clock: Clock,
        stops: Callable[[], Awaitable[Collection[Stop]]] = _nothing_is_stopped,
        mailer: Callable[[MailServer], Mailer] = SmtpMailer,
    ) -> None:
        """Join the room's parts; without *public_url* no link leads back, and nothing is open."""
        self._store = store
        self._mailing_key = mailing_key
        self._lists = lists
        self._server = server
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self._stops = stops
        self._mailer = mailer
        self._key = b""

    def open_list(self, name: str) -> MailingList | None:
        """Return a list that anybody may join; None if it is closed or there is none."""
        found = self._lists().get(ListId(name)) if self._public_url else None
        return found if found is not None and found.is_open else None

    async def ask(
        self,
        mailing_list: MailingList,
        written: str,
        language: Language,
        *,
        came_from: CameFrom,
        network: str,
    ) -> Asked:
        """Take down that *written* wants to join; a mail asks its owner.

        *network* is the part of the internet that asks, empty where it is unknown.
        """
        try:
            address = read_address(written[:_ADDRESS_MOST])
        except BadAddress:
            return Asked.BAD_ADDRESS
        key, now = await self._known_key(), self._clock.now()
        known = hash_address(address, key)
        asked = SignUp(
            id=SignUpId(secrets.token_hex(16)),
            list=mailing_list.id,
            address=address,
            address_hash=known,
            language=letter_language(mailing_list, language),
            came_from=came_from,
            asked_at=now,
        )
        of_source = [*allowances(key, "everywhere", _OF_ALL)]
        if network:
            of_source += allowances(key, f"network\n{network}", _OF_NETWORK)
        return await self._store.ask(
            asked,
            of_source=of_source,
            of_address=allowances(key, f"address\n{known}", _OF_ADDRESS),
            now=now,
        )

    async def look(self, token: str) -> Invitation | None:
        """Return what a link is about, changing nothing; None if it is forged, used up or old."""
        known = read_confirm_token(token, await self._known_key())
        if known is None:
            return None
        asked = await self._store.sign_up(known, since=self._since())
        if asked is not None:
            mailing_list = self._list_of(asked.list, asked.came_from)
            return self._invitation(mailing_list, asked.language, has_joined=False)
        person = await self._store.joined(known)
        if person is None:
            return None
        return self._invitation(self._lists().get(person.list), person.language, has_joined=True)

    async def confirm(self, token: str, digest: str) -> Invitation | None:
        """Subscribe whoever follows a link and agrees to the text that *digest* names.

        Where that text has changed since it was shown, nothing happens and the new one is returned
        to be shown. Repeating it changes nothing. None for a bad link.
        """
        known = read_confirm_token(token, await self._known_key())
        invitation = await self.look(token)
        if known is None or invitation is None or invitation.has_joined:
            return invitation
        if not hmac.compare_digest(digest.encode(), invitation.text.digest.encode()):
            return invitation
        asked = await self._store.sign_up(known, since=self._since())
        await self._store.confirm(
            known,
            text=invitation.text,
            tie=SubscriptionId(secrets.token_hex(16)),
            other_lists=[each for each in self._lists() if asked and each != asked.list],
            since=self._since(),
            now=self._clock.now(),
        )
        log.info("subscription confirmed", extra={"list": asked.list if asked else ""})
        return await self.look(token)

    async def invite(self, mailing_list: MailingList, hashes: Sequence[AddressHash]) -> int:
        """Owe a mail to those who wait on a list, once to each; return to how many.

        Whoever does not confirm is not asked again, however often a file names the address.
        """
        if not self._public_url:
            return 0

        def language_of(tag: str) -> Language:
            return letter_language(mailing_list, *([Language(tag)] if tag else []))

        return await self._store.invite(
            mailing_list.id,
            hashes,
            language_of=language_of,
            now=self._clock.now(),
            apart=_INVITED_APART,
        )

    async def pending(self, mailing_list: ListId) -> int:
        """Return how many have asked to join and may still confirm."""
        return await self._store.pending(mailing_list, since=self._since())

    async def send_owed(self, stop: asyncio.Event) -> None:
        """Send the mails that requests owe, and erase the requests that are too old."""
        await self._store.forget(asked_before=self._since(), now=self._clock.now())
        await send_each(
            lambda: self._store.claim_mail(now=self._clock.now()),
            self._send_one,
            mailer=lambda: self._mailer(self._server),
            stops=self._stops,
            stop=stop,
        )

    async def _send_one(self, claimed: SignUp, mailer: Mailer) -> bool:
        """Send one mail and settle it; return whether the mail server takes more."""
        mailing_list = self._list_of(claimed.list, claimed.came_from)
        if mailing_list is None:  # closed since
            await self._store.mail_lost(claimed)
            return True
        key = await self._known_key()
        domain = mailing_list.sender_address.rpartition("@")[2]
        named = message_id(
            f"confirm {claimed.asked_at.isoformat()}", SubscriptionId(claimed.id), domain, key
        )
        link = f"{self._public_url}/join/{confirm_token(claimed.id, key)}"
        try:
            mail = make_confirmation(
                claimed, mailing_list, link=link, message_id=named, date=self._clock.now()
            )
        except UnsafeHeader:
            await self._store.mail_lost(claimed)
            return True
        outcome: MailOutcome = await mailer.connect() or await mailer.send(
            sender=mailing_list.sender_address, recipient=claimed.address, mail=mail
        )
        log.info("confirmation %s", type(outcome).__name__, extra={"list": claimed.list})
        match outcome:
            case Accepted():
                await self._store.mail_sent(claimed, message_id=named)
            case Deferred() | RelayTrouble():
                await self._store.mail_later(claimed, at=self._clock.now() + _AGAIN_AFTER)
            case _:
                await self._store.mail_lost(claimed)
        return not isinstance(outcome, RelayTrouble)

    def _list_of(self, name: ListId, came_from: CameFrom) -> MailingList | None:
        """Return the list of a request; a closed one asks those alone whom a file brought."""
        if came_from is CameFrom.IMPORT and self._public_url:
            return self._lists().get(name)
        return self.open_list(name)

    def _invitation(
        self, mailing_list: MailingList | None, language: Language | None, *, has_joined: bool
    ) -> Invitation | None:
        if mailing_list is None:
            return None
        spoken = language_to(mailing_list, *([language] if language else []))
        return Invitation(
            list_name=list_name(mailing_list, spoken),
            language=spoken,
            text=consent_text(mailing_list, spoken),
            has_joined=has_joined,
        )

    def _since(self) -> datetime:
        return self._clock.now() - CONFIRM_WITHIN

    async def _known_key(self) -> bytes:
        self._key = self._key or await self._mailing_key()
        return self._key


def make_confirmation(
    asked: SignUp, mailing_list: MailingList, *, link: str, message_id: str, date: datetime
) -> bytes:
    """Return the mail that asks for confirmation; raise UnsafeHeader.

    It is no mail of the list, whose reader nobody is yet: it says that doing nothing is enough.
    """
    spoken = language_to(mailing_list, asked.language)
    say, name = joining_words(spoken), list_name(mailing_list, spoken)
    mail = EmailMessage(policy=AS_SPELLED)
    mail["From"] = mailbox(mailing_list.sender_name, mailing_list.sender_address)
    mail["To"] = mailbox("", asked.address)
    mail["Subject"] = subject_header(say["mail_subject"].format(list=name))
    mail["Date"] = format_datetime(date.replace(microsecond=0))
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    why = "mail_invite" if asked.came_from is CameFrom.IMPORT else "mail_why"
    parts = (
        say[why].format(list=name, sender=mailing_list.sender_name),
        link,
        say["mail_ignore"].format(days=CONFIRM_WITHIN.days),
        consent_text(mailing_list, spoken).lines[-1],
    )
    mail.set_content("\n\n".join(parts) + "\n", charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = spoken
    return mail.as_bytes()


def allowances(
    key: bytes, counted: str, limits: tuple[tuple[timedelta, int], ...]
) -> list[Allowance]:
    """Return what is counted under a keyed hash: no address or network stands in the store."""
    of = hmac.new(key, f"asked\n{counted}".encode(), hashlib.sha256).hexdigest()
    return [Allowance(of=of, within=within, most=most) for within, most in limits]
