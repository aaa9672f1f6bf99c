"""Officers' mail: plain text, known to be written by a program, the same at every try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from herald.mailing.sending.mime import AS_SPELLED, UnsafeHeader, mailbox, subject_header
from herald.mailing.sending.smtp import Mailer, SmtpMailer
from herald.model.mailing import Accepted, Deferred, MailServer, Rejected, RelayTrouble, Uncertain
from herald.model.notice import Message, NotNow, Occasion, Refused, Telling, Told, Unsure, Way

SENDER_NAME = "Herald"


def make_notice_mail(message: Message, *, sender: str, to: str, name: str, way: Way) -> bytes:
    """Return the mail; the same arguments make the same bytes. Raises UnsafeHeader."""
    mail = EmailMessage(policy=AS_SPELLED)
    mail["From"] = mailbox(SENDER_NAME, sender)
    mail["To"] = mailbox(name, to)
    mail["Subject"] = subject_header(" ".join(message.subject.split()))
    mail["Date"] = format_datetime(message.made_at.replace(microsecond=0))
    # each officer's own, or a shared mailbox would take the second for the first
    whose = sha256(way.name.encode()).hexdigest()[:8]
    mail["Message-ID"] = f"<{message.id}.{whose}@{sender.rpartition('@')[2]}>"
    # RFC 3834 section 5: nobody's holiday program answers
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.occasion is Occasion.ALERT:
        mail["Importance"] = "high"
    mail.set_content(message.body, charset="utf-8", cte="quoted-printable")
    mail["Content-Language"] = way.language
    return mail.as_bytes()


class ByMail:
    """Sends to one officer through the mail server of ``smtp:``."""

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        to: str,
        name: str,
        way: Way,
        mailer: Callable[[MailServer], Mailer] = SmtpMailer,
    ) -> None:
        self._server = server
        self._mailer = mailer
        self._sender = sender
        self._to = to
        self._name = name
        self._way = way

    async def tell(self, message: Message, *, now: datetime) -> Telling:
        """Hand the mail to the server over a connection of its own."""
        try:
            mail = make_notice_mail(
                message, sender=self._sender, to=self._to, name=self._name, way=self._way
            )
        except UnsafeHeader as error:
            return Refused(str(error))
        mailer = self._mailer(self._server)
        try:
            trouble = await mailer.connect()
            if trouble is not None:
                return NotNow(f"the mail server takes no mail: {trouble.why}")
            outcome = await mailer.send(sender=self._sender, recipient=self._to, mail=mail)
        finally:
            await mailer.close()
        match outcome:
            case Accepted():
                return Told()
            case Uncertain(why=why):
                return Unsure(why)
            case Rejected(why=why, code=code):
                return Refused(f"the mail server refused the mail: {code} {why}")
            case Deferred(why=why) | RelayTrouble(why=why):
                return NotNow(f"the mail server takes no mail: {why}")
