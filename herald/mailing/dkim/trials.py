"""Herald writes to itself before it writes to others, and looks at what became of the signature.

The trial leaves as an issue's copies do, and goes to an address that copies come back to.  The
address is signed for one way: this mail server, sender, selector and key; a trial that somebody
made up, or that left another way, proves nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol

from herald.mailing.bounces.verp import bounce_address
from herald.mailing.dkim.canonical import split_mail, with_crlf
from herald.mailing.dkim.judging import Expected, judge_signatures
from herald.mailing.dkim.keys import KeyFault, SigningKey
from herald.mailing.dkim.verifying import Signature, read_signatures
from herald.mailing.dns.dmarc import walk_dmarc
from herald.mailing.dns.lookup import Names, NamesFail
from herald.mailing.dns.said import problem
from herald.mailing.sending.mime import Envelope, Sender, UnsafeHeader, make_mail
from herald.mailing.sending.smtp import Mailer
from herald.mailing.tokens import unsubscribe_token
from herald.model.account import Finding, Severity
from herald.model.bounces import BounceKind, CopyOf, ReturnedMail
from herald.model.ids import Language, ListId
from herald.model.mailing import Accepted, Edition, MailServer, SubscriptionId
from herald.model.trial import ASKED_AGAIN_AFTER, Trial
from herald.ports import Clock

_PURPOSE = b"herald.trial"
_TEXT = """\
Herald has sent this mail to itself. It comes back to Herald, which looks whether the signature
has survived the way: the letters of your list would arrive as this one does. — Nobody needs to
answer, and nobody else has received it.
"""

log = logging.getLogger(__name__)


class TrialStore(Protocol):
    """The last trial of each way, on disk."""

    async def trial(self, way: str) -> Trial | None:
        """Return the last trial of a way; None before the first."""
        ...

    async def save_trial(self, way: str, trial: Trial) -> None:
        """Write the last trial of a way."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedWay:
    """How mails leave, as far as a signature depends on it."""

    server: MailServer
    selector: str = ""
    """Empty where nobody said that mails are signed."""
    key: SigningKey | KeyFault | None = None
    """With which Herald itself signs."""
    returns_to: str = ""
    """The pattern of the addresses that copies come back to."""
    public_url: str = ""

    @property
    def is_tried(self) -> bool:
        """Tell whether a signature is promised, and a mail can come back to be looked at."""
        return bool(self.selector and self.returns_to)


class Trials:
    """Sends trials, judges those that come back, and tells who may begin."""

    def __init__(
        self,
        *,
        way: TriedWay,
        store: TrialStore,
        keys: Callable[[], Awaitable[bytes]],
        senders: Callable[[], Collection[str]],
        names: Names,
        mailer: Callable[[MailServer], Mailer],
        clock: Clock,
    ) -> None:
        """Join the parts; *senders* are the addresses that lists are written from."""
        self._way = way
        self._store = store
        self._keys = keys
        self._senders = senders
        self._names = names
        self._mailer = mailer
        self._clock = clock

    @property
    def is_wanted(self) -> bool:
        """Tell whether trials are sent at all."""
        return self._way.is_tried

    async def why_not(self, sender: str) -> str:
        """Return what keeps a sender's issues from beginning; empty if nothing does."""
        if not self.is_wanted:
            return ""
        trial = await self.last(sender)
        if trial is None:
            return f"{_WAITS}: a mail to itself is sent first"
        if trial.is_proof(now=self._clock.now()):
            return ""
        ills = [one for one in trial.findings if one.severity is Severity.PROBLEM]
        if ills:
            told = "; ".join(f"{one.what} ({one.remedy})" for one in ills)
            return f"{_WAITS}: {told}. Then: herald newsletter verify"
        if trial.found_at is not None:
            return f"{_WAITS}: what was seen is too old by now"
        return (
            f"{_WAITS}: the mail that Herald sent to itself at {trial.asked_at:%Y-%m-%d %H:%M} UTC "
            "has not come back yet (look that bounces: in config/herald.yaml says how mail comes "
            "back to Herald)"
        )

    async def last(self, sender: str) -> Trial | None:
        """Return the last trial of a sender."""
        return await self._store.trial(await self._way_of(sender))

    async def see_to(self, sender: str) -> None:
        """Send a trial if it is time for one."""
        if not self.is_wanted:
            return
        trial = await self.last(sender)
        if trial is None or trial.is_to_be_repeated(now=self._clock.now()):
            await self.send(sender)

    async def trouble(self, sender: str, *, is_due: bool) -> str:
        """Return what a person should know; what may come right by itself only once it *is_due*."""
        why = await self.why_not(sender)
        if not why or is_due:
            return why
        trial, now = await self.last(sender), self._clock.now()
        is_overdue = trial is not None and trial.asked_at + ASKED_AGAIN_AFTER <= now
        return why if trial is not None and (trial.findings or is_overdue) else ""

    async def send(self, sender: str) -> Finding | None:
        """Send a trial now; return what is wrong if it cannot be sent.

        What stood before stays a proof until the new one is back.
        """
        now = self._clock.now()
        way, before = await self._way_of(sender), await self.last(sender)
        fault = await self._hand_over(sender, way)
        trial = Trial(asked_at=now, findings=(fault,) if fault else ())
        if before is not None and before.is_proof(now=now):
            trial = replace(before, asked_at=now)
        await self._store.save_trial(way, trial)
        return fault

    async def judge(self, returned: ReturnedMail, raw: bytes) -> bool:
        """Look at a mail that came back; False if it is no trial. Never raises for what it holds.

        Raises StoreUnusable while the store is away.
        """
        if returned.copy is None or not self.is_wanted:
            return False
        way = returned.copy.subscription
        for sender in self._senders():
            if hmac.compare_digest(await self._way_of(sender), way):
                await self._note(sender, way, returned, raw)
                return True
        return False

    async def _note(self, sender: str, way: str, returned: ReturnedMail, raw: bytes) -> None:
        now = self._clock.now()
        before = await self._store.trial(way)
        try:
            findings = await self._findings(sender, returned, raw)
        except NamesFail as error:
            if before is not None and before.is_proof(now=now):
                return  # it says nothing against what was seen before
            what = f"the key of its signature could not be looked up: {error}"
            findings = (problem(what, "it is tried again by itself"),)
        trial = Trial(asked_at=before.asked_at if before else now, found_at=now, findings=findings)
        await self._store.save_trial(way, trial)
        log.info("trial came back", extra={"proof": trial.is_proof(now=now)})

    async def _way_of(self, sender: str) -> str:
        """Return what names a way: 32 hexadecimal digits that nobody can guess."""
        way, key = self._way, self._way.key
        signs = key.public if isinstance(key, SigningKey) else ""
        server = f"{way.server.host}:{way.server.port} {way.server.user or ''}"
        place = "\n".join((server, sender.lower(), way.selector, signs)).encode()
        secret = await self._keys()
        return hmac.new(secret, _PURPOSE + b"\n" + place, hashlib.sha256).hexdigest()[:32]

    async def _hand_over(self, sender: str, way: str) -> Finding | None:
        copy = CopyOf(subscription=SubscriptionId(way))
        to = bounce_address(self._way.returns_to, copy, await self._keys())
        try:
            mail = await self._letter(sender, to)
        except UnsafeHeader as error:
            return problem(f"the mail cannot be written: {error}", "look into config/lists.yaml")
        mailer = self._mailer(self._way.server)
        try:
            outcome = await mailer.connect() or await mailer.send(
                sender=to, recipient=to, mail=mail
            )
        finally:
            await mailer.close()
        if isinstance(outcome, Accepted):
            return None
        return problem(f"the mail server did not take the mail: {outcome.why}", "herald doctor")

    async def _letter(self, sender: str, to: str) -> bytes:
        """Make a mail as an issue's copies are, to an address of Herald's own."""
        edition = Edition(
            language=Language("en"),
            subject="Herald tries whether mails arrive as they were signed",
            text=_TEXT,
            html=f'<!DOCTYPE html><html lang="en"><title>Herald</title><p>{_TEXT}</p></html>',
        )
        nobody = SubscriptionId(secrets.token_hex(16))
        envelope = Envelope(
            address=to,
            name="",
            message_id=f"<trial-{secrets.token_hex(16)}@{sender.rpartition('@')[2]}>",
            # Nobody's: it looks like a reader's, and ends nothing.
            token=unsubscribe_token(nobody, await self._keys()),
            date=self._clock.now(),
            public_url=self._way.public_url,
        )
        writes = Sender(list=ListId("trial"), list_name="Herald", name="Herald", address=sender)
        return make_mail(edition, writes, envelope)

    async def _findings(
        self, sender: str, returned: ReturnedMail, raw: bytes
    ) -> tuple[Finding, ...]:
        if returned.kind is not BounceKind.NOTHING:
            told = f"the mail could not be delivered: {returned.status} {returned.diagnostic}"
            where = "look that your mail server knows bounces: {address: ...} of config/herald.yaml"
            return (problem(told, where),)
        domain = sender.rpartition("@")[2].lower()
        found = await read_signatures(raw, self._names)
        allies = await self._allies(domain, found)
        fields, _ = split_mail(with_crlf(raw))
        key = self._way.key
        expected = Expected(
            domain=domain,
            selector=self._way.selector,
            allies=allies,
            headers=frozenset(name.decode("ascii", "replace").lower() for name, _ in fields),
            record=key.record if isinstance(key, SigningKey) else "",
        )
        return judge_signatures(found, expected)

    async def _allies(self, domain: str, found: Collection[Signature]) -> frozenset[str]:
        """Return the domains of signatures that DMARC takes for the sender's own (RFC 9989)."""
        others = {one.domain for one in found if one.domain and one.domain != domain}
        if not others:
            return frozenset()
        own = await walk_dmarc(self._names, domain)
        if own.record is not None and own.record.tag("adkim").lower() == "s":
            return frozenset()
        walks = {other: await walk_dmarc(self._names, other) for other in others}
        return frozenset(
            other for other, seen in walks.items() if seen.organisation == own.organisation
        )


_WAITS = "it waits until Herald has seen that mails arrive signed"
