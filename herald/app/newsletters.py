"""The newsletters' parts, joined: out to readers, back from their mail servers, and between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from herald.app.files import Files
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.lmtp import Door
from herald.mailing.bounces.mailbox import Emptied, MailboxTrouble, empty
from herald.mailing.dkim.keys import KeyFault, SigningKey
from herald.mailing.dkim.signing import signing
from herald.mailing.dkim.trials import Trials, TriedWay
from herald.mailing.dns.lookup import Names
from herald.mailing.letters.approving import Approving
from herald.mailing.letters.archive import Archive
from herald.mailing.letters.pictures import LetterPictures
from herald.mailing.mailing import Mailing
from herald.mailing.readers.joining import Joining
from herald.mailing.readers.preferences import Preferences
from herald.mailing.readers.retention import keep_to
from herald.mailing.sending.reconciling import Reconciling, knock
from herald.mailing.sending.smtp import SmtpMailer
from herald.model.retention import Forgotten, Retention
from herald.model.stop import Stop
from herald.ports import Clock
from herald.settings import Settings, bounce_mailbox, mail_server, signing_key
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_archive import StoredArchive
from herald.store.mailing_doubts import StoredDoubts
from herald.store.mailing_joining import StoredJoining
from herald.store.mailing_preferences import StoredPreferences
from herald.store.mailing_retention import StoredRetention
from herald.store.mailing_trials import StoredTrials
from herald.store.media import StoredMedia

log = logging.getLogger(__name__)


class Newsletters:
    """Everything between a mailing list's file and its readers' mailboxes."""

    def __init__(
        self,
        files: Files,
        store: Store,
        *,
        media: StoredMedia,
        stops: Callable[[], Awaitable[Collection[Stop]]],
        names: Names,
        clock: Clock,
    ) -> None:
        """Join the parts; *stops* is what is paused, *names* answers for the DNS."""
        settings = files.settings
        server = mail_server(settings)
        public_url = settings.web.public_url or ""
        key = signing_key(settings, files.folder)
        mailer = signing(SmtpMailer, key)
        self._files = files
        self._settings = settings
        self._clock = clock
        self.store = StoredMailing(store, limits=server.limits, account=server.account)
        self.trials = Trials(
            way=_tried_way(settings, key),
            store=StoredTrials(store),
            keys=self.store.mailing_key,
            senders=files.list_senders,
            names=names,
            mailer=mailer,
            clock=clock,
        )
        self.bounces = Bounces(
            store=StoredBounces(store),
            keys=self.store,
            pattern=settings.bounces.address or "",
            clock=clock,
            is_trial=self.trials.judge,
        )
        self.mailing = Mailing(
            store=self.store,
            lists=files.lists,
            server=server,
            public_url=public_url,
            clock=clock,
            stops=stops,
            bounces=self.bounces,
            pictures=LetterPictures(media, folder=files.folder, clock=clock, public_url=public_url),
            mailer=mailer,
            trials=self.trials,
        )
        self.doubts = Reconciling(
            store=self.store,
            doubts=StoredDoubts(store),
            clock=clock,
            pattern=self.bounces.pattern,
            path=str(files.folder / settings.smtp.log) if settings.smtp.log else "",
            knock=lambda: knock(SmtpMailer(server)),
        )
        self.archive = Archive(store=StoredArchive(store), lists=files.lists, public_url=public_url)
        self.approving = Approving(
            store=self.store, lists=files.lists, public_url=public_url, clock=clock
        )
        self.joining_store = StoredJoining(store)
        self.joining = Joining(
            store=self.joining_store,
            mailing_key=self.store.mailing_key,
            lists=files.lists,
            server=server,
            public_url=public_url,
            clock=clock,
            stops=stops,
            mailer=mailer,
        )
        self.preference_store = StoredPreferences(store)
        self.preferences = Preferences(
            store=self.preference_store,
            people=self.store,
            joining=self.joining,
            lists=files.lists,
            mailer=lambda: mailer(server),
            public_url=public_url,
            clock=clock,
            stops=stops,
        )
        self._retention = StoredRetention(store)

    async def send_confirmations(self, stop: asyncio.Event | None = None) -> None:
        """Send the mails that people wait for: to confirm, and with links of their own."""
        stop = stop or asyncio.Event()
        await self.joining.send_owed(stop)
        await self.preferences.send_owed(stop)

    async def forget_readers(self) -> Forgotten:
        """Forget what is held of subscribers for longer than ``retention`` allows."""
        kept = self._settings.retention
        allowed = Retention(letters=kept.letters, left=kept.left, unconfirmed=kept.unconfirmed)
        return await keep_to(allowed, self._retention, self._clock)

    async def fetch_bounces(self) -> Emptied | None:
        """Let what came back to the mailbox take effect; None where there is no mailbox."""
        mailbox = bounce_mailbox(self._settings)
        return await empty(mailbox, self.bounces.take) if mailbox is not None else None

    async def fetch_trials(self) -> None:
        """Look into the mailbox where an issue may wait for a mail that comes back to it."""
        if not self.trials.is_wanted:
            return
        try:
            await self.fetch_bounces()
        except MailboxTrouble as error:
            log.error("what came back cannot be fetched", extra={"why": str(error)})

    def bounce_door(self) -> Door:
        """Return what takes mail that came back from a mail server on this computer."""

        async def expects(address: str) -> bool:
            senders = {sender.lower() for sender in self._files.list_senders()}
            return address.lower() in senders or await self.bounces.expects(address)

        return Door(lambda raw, to: self.bounces.take(raw, came_to=to), expects)


def _tried_way(settings: Settings, key: SigningKey | KeyFault | None) -> TriedWay:
    return TriedWay(
        server=mail_server(settings),
        selector=settings.smtp.dkim_selector or "",
        key=key,
        returns_to=settings.bounces.address or "",
        public_url=settings.web.public_url or "",
    )
