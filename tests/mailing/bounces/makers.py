"""Mails that come back, as mail servers of several kinds write them."""

from __future__ import annotations

from email.message import EmailMessage

from herald.mailing.bounces.reading import Seal
from herald.mailing.bounces.verp import bounce_address
from herald.mailing.tokens import unsubscribe_token
from herald.model.bounces import CopyOf
from herald.model.mailing import SubscriptionId

KEY = b"k" * 32
PATTERN = "bounces+*@news.example.org"
SEAL = Seal(key=KEY, pattern=PATTERN)
COPY = CopyOf(subscription=SubscriptionId("0123456789abcdef" * 2), recipient=4711)
PERSON = "ana@example.org"
BACK_TO = bounce_address(PATTERN, COPY, KEY)

LETTER = f"""\
From: "EcoHeritage" <news@news.example.org>
To: Ana <{PERSON}>
Subject: Ecomuseums in May
Message-ID: <abc@news.example.org>
List-Unsubscribe: <https://herald.example.org/u/{unsubscribe_token(COPY.subscription, KEY)}>,
 <mailto:news@news.example.org?subject=unsubscribe>

Dear friends
"""


def a_dsn(
    *,
    status: str = "5.1.1",
    action: str = "failed",
    diagnostic: str = f"smtp; 550 5.1.1 <{PERSON}>: no such user",
    to: str = BACK_TO,
    name: str = "<1@mx.example.org>",
    letter: str = LETTER,
) -> bytes:
    """Make a report as RFC 3464 wants it, in the shape that Postfix gives it."""
    return f"""\
Return-Path: <>
Date: Mon, 10 May 2027 12:00:00 +0000
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="XX"
Message-ID: {name}

--XX
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--XX
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Mon, 10 May 2027 11:59:00 +0000

Final-Recipient: rfc822; {PERSON}
Original-Recipient: rfc822;{PERSON}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--XX
Content-Type: message/rfc822

{letter}
--XX--
""".encode()


def a_complaint(
    *, kind: str = "abuse", letter: str = LETTER, to: str = "abuse@news.example.org"
) -> bytes:
    """Make a complaint as RFC 5965 wants it; *letter* may have been redacted."""
    return f"""\
From: <fbl@provider.example>
To: <{to}>
Subject: FW: Ecomuseums in May
Message-ID: <fbl-1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="YY"

--YY
Content-Type: text/plain

This is an email abuse report.

--YY
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1.0
Version: 1
Original-Rcpt-To: <redacted@provider.example>

--YY
Content-Type: message/rfc822
Content-Disposition: inline

{letter}
--YY--
""".encode()


def a_letter(body: str, *, to: str = BACK_TO, **headers: str) -> bytes:
    """Make a plain mail to the address that copies come back to."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "MAILER-DAEMON@mx.example.org", to
    mail["Subject"] = headers.pop("subject", "failure notice")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail.as_bytes()


QMAIL = f"""\
Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{PERSON}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{LETTER}"""
