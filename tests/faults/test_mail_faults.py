"""Everything that a mail server can do at each step, and what it may come to.

What was taken is never called deferred, rejected or untouched, for such a copy is sent again; and
what cannot be known is left to a person.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import Any

import pytest
import trustme

from herald.mailing.sending.smtp import SmtpMailer
from herald.model.mailing import (
    Accepted,
    Deferred,
    MailOutcome,
    MailServer,
    Rejected,
    RelayTrouble,
    Tls,
    Uncertain,
)
from tests.servers.mail import Reply, Rude, ScriptedMailServer

PATIENCE, IMPATIENCE = 30.0, 0.8
"""Seconds for an answer that comes, and for one that never does."""
IN_TIME = 20.0
"""Seconds within which everything has ended; less than an answer is waited for."""
MAIL = b"Subject: x\r\n\r\nHello.\r\n" + b"A line of a long letter.\r\n" * 40
PASSWORD = "hunter2-and-more"
HALF_A_LINE = b"250-queued"
NEVER_WHOLE = (Rude.SAYS_NOTHING, HALF_A_LINE)


def a_mailer(server: ScriptedMailServer, **changes: Any) -> SmtpMailer:
    values: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "tls": Tls.NONE}
    is_silent = any(reply in NEVER_WHOLE for reply in server.replies.values())
    values |= dict.fromkeys(("timeout", "final_timeout"), IMPATIENCE if is_silent else PATIENCE)
    return SmtpMailer(MailServer(**(values | changes)))


async def hand_over(mailer: SmtpMailer, recipient: str = "ana@example.org") -> MailOutcome:
    trouble = await mailer.connect()
    return trouble or await mailer.send(sender="n@herald.test", recipient=recipient, mail=MAIL)


TROUBLE: dict[str, Reply] = {
    "421": b"421 too busy",
    "450": b"450 later",
    "500": b"500 what",
    "550": b"550 no",
    "300": b"300 hm",
    "999": b"999 beyond all",
    "no number": b"welcome to the machine",
    "no text": b"",
    "not UTF-8": b"4\xff\xfe \xfa",
    "two replies": b"250 ok\r\n451 no",
    "a line without end": b"2" * 20_000,
    "closes": Rude.CLOSES,
    "resets": Rude.RESETS,
    "says nothing": Rude.SAYS_NOTHING,
}

BEFORE = ("greeting", "EHLO", "MAIL", "RCPT", "DATA")


@pytest.mark.parametrize("step", BEFORE)
@pytest.mark.parametrize("reply", TROUBLE.values(), ids=TROUBLE.keys())
async def test_trouble_before_the_mail_never_leaves_a_doubt(step: str, reply: Reply) -> None:
    """Nothing of the mail has left: it may be sent again, or this recipient is refused for good."""
    script: dict[str, Reply] = {step: reply}
    if step == "EHLO":
        script["HELO"] = reply
    async with ScriptedMailServer(**script).serving() as server:
        mailer = a_mailer(server)
        async with asyncio.timeout(IN_TIME):
            outcome = await hand_over(mailer)
        if isinstance(outcome, Accepted):  # one good reply stood before the nonsense
            assert reply == TROUBLE["two replies"]
            assert len(server.taken) == 1
        else:
            assert isinstance(outcome, RelayTrouble | Deferred | Rejected)
            assert server.taken == []
        if isinstance(outcome, Rejected):
            assert step in {"RCPT", "DATA"}
            assert str(outcome.code)[0] in "59"
        await mailer.close()


AFTER: dict[str, tuple[Reply, bool, type]] = {
    "250": (b"250 queued", True, Accepted),
    "250 in lines": (b"250-queued\r\n250 as 1", True, Accepted),
    "252": (b"252 perhaps", True, Accepted),
    "421": (b"421 shutting down", False, Deferred),
    "451": (b"451 disk", False, Deferred),
    "452": (b"452 full", False, Deferred),
    "500": (b"500 what", False, Rejected),
    "552": (b"552 too large", False, Rejected),
    "554": (b"554 spam", False, Rejected),
    "354": (b"354 go on", True, Uncertain),
    "999": (b"999 beyond all", True, Uncertain),
    "no number": (b"ok", True, Uncertain),
    "no text": (b"", True, Uncertain),
    "not UTF-8": (b"2\xff0 ok", True, Uncertain),
    "a line without end": (b"2" * 20_000, True, Uncertain),
    "half a line": (HALF_A_LINE, True, Uncertain),
    "closes, and has it": (Rude.CLOSES, True, Uncertain),
    "closes, and has it not": (Rude.CLOSES, False, Uncertain),
    "resets, and has it": (Rude.RESETS, True, Uncertain),
    "resets, and has it not": (Rude.RESETS, False, Uncertain),
    "says nothing, and has it": (Rude.SAYS_NOTHING, True, Uncertain),
    "says nothing, and has it not": (Rude.SAYS_NOTHING, False, Uncertain),
}


@pytest.mark.parametrize(("reply", "takes", "expected"), AFTER.values(), ids=AFTER.keys())
async def test_after_the_final_dot_only_a_plain_answer_is_believed(
    reply: Reply, takes: bool, expected: type
) -> None:
    async with ScriptedMailServer(dot=reply).serving() as server:
        server.takes = takes
        mailer = a_mailer(server)
        async with asyncio.timeout(IN_TIME):
            outcome = await hand_over(mailer)
        assert type(outcome) is expected
        assert len(server.taken) == int(takes)
        await mailer.close()


@pytest.mark.parametrize("reply", [Rude.CLOSES, Rude.RESETS, Rude.SAYS_NOTHING])
async def test_a_mail_that_was_cut_before_its_dot_is_left_to_a_person(reply: Reply) -> None:
    """Nobody on this side can tell that the dot, already on its way, was never read."""
    async with ScriptedMailServer(body=reply).serving() as server:
        mailer = a_mailer(server)
        assert isinstance(await hand_over(mailer), Uncertain)
        assert server.taken == []
        await mailer.close()


@pytest.mark.parametrize("step", ["greeting", "MAIL", "RCPT", "DATA", "body", "dot", "RSET"])
@pytest.mark.parametrize("reply", TROUBLE.values(), ids=TROUBLE.keys())
async def test_whatever_happened_the_next_mail_meets_a_clean_conversation(
    step: str, reply: Reply
) -> None:
    """No reply to one mail is ever taken for the reply to the next."""
    async with ScriptedMailServer(**{step: reply}).serving() as server:
        if step == "RSET":
            server.replies["RCPT"] = b"550 no"
        mailer = a_mailer(server)
        await hand_over(mailer)
        server.taken.clear()
        good = ScriptedMailServer()
        server.replies = good.replies
        assert isinstance(await hand_over(mailer), Accepted)
        assert len(server.taken) == 1
        await mailer.close()


async def test_a_second_reply_to_data_is_not_taken_for_the_answer_to_the_mail() -> None:
    async with ScriptedMailServer(DATA=b"354 go on\r\n451 no").serving() as server:
        mailer = a_mailer(server)
        outcome = await hand_over(mailer)
        assert len(server.taken) == 0 or isinstance(outcome, Accepted | Uncertain)
        await mailer.close()


async def test_an_address_that_no_server_takes_is_refused_without_raising() -> None:
    async with ScriptedMailServer().serving() as server:
        mailer = a_mailer(server)
        for recipient in ("añá@example.org", "ana@exämple.org"):
            outcome = await hand_over(mailer, recipient)
            assert isinstance(outcome, Rejected)
            assert recipient not in outcome.why
        assert server.taken == []
        assert isinstance(await hand_over(mailer), Accepted)
        await mailer.close()


# --- a protected way -------------------------------------------------------------------------


def a_certificate() -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1", "127.0.0.2").configure_cert(tls)
    return tls


PROTECTION: dict[str, dict[str, Reply]] = {
    "not offered": {"EHLO": b"250 herald.test"},
    "refused for now": {"STARTTLS": b"454 not now"},
    "refused": {"STARTTLS": b"502 unknown"},
    "agreed and not done": {"STARTTLS": b"220 go on\r\n250 not at all"},
    "agreed and closed": {"STARTTLS": Rude.CLOSES},
    "agreed and reset": {"STARTTLS": Rude.RESETS},
    "not answered": {"STARTTLS": Rude.SAYS_NOTHING},
}


@pytest.mark.parametrize("replies", PROTECTION.values(), ids=PROTECTION.keys())
async def test_without_the_protection_that_was_asked_for_nothing_is_said(
    replies: dict[str, Reply],
) -> None:
    async with ScriptedMailServer(**replies).serving() as server:
        mailer = a_mailer(server, tls=Tls.STARTTLS, user="ana", password=PASSWORD)
        assert isinstance(await hand_over(mailer), RelayTrouble)
        assert not {"AUTH", "MAIL", "RCPT", "DATA"} & set(server.steps)
        await mailer.close()


async def test_a_certificate_that_nobody_vouches_for_is_good_on_this_machine_alone() -> None:
    async with ScriptedMailServer(tls=a_certificate()).serving() as server:
        here = a_mailer(server, tls=Tls.STARTTLS)
        assert isinstance(await hand_over(here), Accepted)
        await here.close()
        server.steps.clear()
        there = a_mailer(server, tls=Tls.STARTTLS, host="127.0.0.2", user="a", password=PASSWORD)
        assert isinstance(await hand_over(there), RelayTrouble)
        assert not {"AUTH", "MAIL"} & set(server.steps)
        await there.close()


async def test_a_server_that_speaks_no_tls_at_all_is_told_in_words() -> None:
    async with ScriptedMailServer().serving() as server:
        mailer = a_mailer(server, tls=Tls.IMPLICIT)
        assert isinstance(await hand_over(mailer), RelayTrouble)
        assert server.taken == []
        await mailer.close()


# --- secrets ---------------------------------------------------------------------------------

SAID = (
    PASSWORD,
    base64.b64encode(PASSWORD.encode()).decode(),
    base64.b64encode(f"\0ana\0{PASSWORD}".encode()).decode(),
)


@pytest.mark.parametrize("step", ["AUTH", "MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("code", ["250", "421", "450", "535", "what"])
async def test_a_password_that_a_server_repeats_is_told_to_nobody(step: str, code: str) -> None:
    said = f"{code} you said {' and '.join(SAID)}".encode()
    async with ScriptedMailServer(**{step: said}).serving() as server:
        mailer = a_mailer(server, user="ana", password=PASSWORD)
        outcome = await hand_over(mailer)
        assert not [secret for secret in SAID if secret in repr(outcome)]
        await mailer.close()
