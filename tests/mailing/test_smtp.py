"""What both ways of speaking SMTP promise: the same outcome for whatever a server does."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.bounces.reading import kind_of, status_in
from herald.mailing.sending.smtp import NextEnvelope, SmtpMailer
from herald.mailing.sending.wire import (
    Commands,
    Offers,
    commands_for,
    fit_for_journal,
    offers_of,
    stuffed,
)
from herald.model.bounces import BounceKind
from herald.model.mailing import (
    Accepted,
    Deferred,
    MailOutcome,
    MailServer,
    Rejected,
    RelayTrouble,
    Tls,
)
from herald.settings import mail_server, read_settings
from tests.faults.test_mail_faults import AFTER, TROUBLE
from tests.servers.mail import Packets, Reply, Rude, ScriptedMailServer

MAIL = b"Subject: x\r\n\r\n.hidden\r\nend\r\n"
CROSSED = b"Subject: x\r\n\r\n..hidden\r\nend\r\n.\r\n"
WAYS = {"one by one": (), "pipelined": ("PIPELINING",)}
SILENCE = 0.3
"""Seconds after which a server that says nothing is given up."""


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def offers(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Give what decides how the mailer speaks."""
    found: tuple[str, ...] = request.param
    return found


def a_server(port: int, **changes: Any) -> MailServer:
    values: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": Tls.NONE}
    return MailServer(timeout=SILENCE, final_timeout=SILENCE, **(values | changes))


@asynccontextmanager
async def mailing_to(server: ScriptedMailServer, **changes: Any) -> AsyncIterator[SmtpMailer]:
    """Start *server* and give a mailer for it."""
    async with server.serving():
        mailer = SmtpMailer(a_server(server.port, **changes))
        yield mailer
        await mailer.close()


async def send(
    mailer: SmtpMailer, recipient: str = "a@x.org", ahead: str = "", mail: bytes = MAIL
) -> MailOutcome:
    trouble = await mailer.connect()
    following = NextEnvelope("n@herald.test", ahead) if ahead else None
    return trouble or await mailer.send(
        sender="n@herald.test", recipient=recipient, mail=mail, ahead=following
    )


REPLIES: dict[str, tuple[dict[str, Reply], type]] = {
    "accepted": ({}, Accepted),
    "greylisted": ({"RCPT": b"450 greylisted"}, Deferred),
    "no such user": ({"RCPT": b"550 no such user"}, Rejected),
    "421 to the recipient": ({"RCPT": b"421 too many"}, Deferred),
    "hangs up at the recipient": ({"RCPT": Rude.CLOSES}, Deferred),
    "resets at the recipient": ({"RCPT": Rude.RESETS}, Deferred),
    "silent at the recipient": ({"RCPT": Rude.SAYS_NOTHING}, Deferred),
    "sender refused": ({"MAIL": b"550 who are you"}, RelayTrouble),
    "quota": ({"MAIL": b"452 quota"}, RelayTrouble),
    "421 to the sender": ({"MAIL": b"421 closing"}, RelayTrouble),
    "hangs up at the sender": ({"MAIL": Rude.CLOSES}, Deferred),
    "451 to DATA": ({"DATA": b"451 later"}, Deferred),
    "554 to DATA": ({"DATA": b"554 no"}, Rejected),
    "421 to DATA": ({"DATA": b"421 closing"}, Deferred),
    "250 to DATA": ({"DATA": b"250 fine"}, Deferred),
    "hangs up before the mail": ({"DATA": Rude.CLOSES}, Deferred),
    "silent before the mail": ({"DATA": Rude.SAYS_NOTHING}, Deferred),
    "talks before the mail": ({"DATA": b"354 go on\r\n250 taken"}, Deferred),
    "refused in lines": ({"RCPT": b"550-no\r\n550-such\r\n550 user"}, Rejected),
    "refused at length": ({"RCPT": b"550 " + b"no " * 2_000}, Rejected),
    "unwelcome": ({"greeting": b"554 go away"}, RelayTrouble),
    "hangs up at once": ({"greeting": Rude.CLOSES}, RelayTrouble),
    "never greets": ({"greeting": Rude.SAYS_NOTHING}, RelayTrouble),
    **{f"after the dot: {name}": ({"dot": said}, kind) for name, (said, _, kind) in AFTER.items()},
}


WAITS = (Rude.SAYS_NOTHING, b"250-queued")
IN_PACKETS = [
    pytest.param(*case, packets, id=f"{packets.value}: {name}")
    for name, case in REPLIES.items()
    for packets in Packets
    # Silence sounds the same in any packets, and a long reply takes long in single bytes.
    if packets is Packets.AS_SAID
    or not any(said in WAITS or len(str(said)) > 5_000 for said in case[0].values())
]


@pytest.mark.parametrize(("replies", "expected", "packets"), IN_PACKETS)
async def test_a_failure_is_uncertain_only_after_the_final_dot(
    replies: dict[str, Reply], expected: type, packets: Packets, offers: tuple[str, ...]
) -> None:
    server = ScriptedMailServer(offers=offers, packets=packets, **replies)
    async with mailing_to(server) as mailer:
        outcome = await send(mailer)
    assert type(outcome) is expected
    assert len(server.taken) == int("dot" in replies or expected is Accepted)


@pytest.mark.parametrize("step", ["greeting", "MAIL", "RCPT", "DATA", "body", "dot", "RSET"])
@pytest.mark.parametrize("reply", TROUBLE.values(), ids=TROUBLE.keys())
async def test_after_any_trouble_the_next_mail_goes_out_once(
    step: str, reply: Reply, offers: tuple[str, ...]
) -> None:
    """No reply to one mail is ever taken for the reply to the next."""
    server = ScriptedMailServer(offers=offers, **{f"{step} 1": reply})
    if step == "body":
        server.replies["body"] = reply
    if step == "RSET":
        server.replies["RCPT 1"] = b"550 no"
    async with mailing_to(server) as mailer:
        first = await send(mailer)
        server.replies["body"] = b""
        assert isinstance(await send(mailer, "next@x.org"), Accepted | Deferred)
        assert isinstance(await send(mailer, "last@x.org"), Accepted)
    reached = [recipient for recipient, _ in server.delivered]
    assert reached.count("last@x.org") == 1
    assert reached.count("next@x.org") <= 1
    if isinstance(first, Deferred | Rejected | RelayTrouble):
        assert "a@x.org" not in reached or step == "dot"


async def test_one_connection_carries_many_mails(offers: tuple[str, ...]) -> None:
    server = ScriptedMailServer(offers=offers)
    async with mailing_to(server) as mailer:
        for number in range(5):
            assert await send(mailer, f"p{number}@x.org") == Accepted("queued as 1", 250)
    assert (server.connections, server.taken) == (1, [CROSSED] * 5)
    assert server.steps[-1] == "QUIT"


async def test_a_reply_is_kept_without_the_address_it_quotes(offers: tuple[str, ...]) -> None:
    said = b"550 5.1.1 <ana@example.org>:\x1b[2J unknown user"
    async with mailing_to(ScriptedMailServer(offers=offers, RCPT=said)) as mailer:
        assert await send(mailer) == Rejected("5.1.1 <<address>>: [2J unknown user", 550)


async def test_a_password_that_a_server_repeats_is_told_to_nobody(offers: tuple[str, ...]) -> None:
    async with mailing_to(
        ScriptedMailServer(offers=offers, RCPT=b"450 hunter2"), user="ana", password="hunter2"
    ) as mailer:
        assert await send(mailer) == Deferred("***", 450)


async def test_a_server_that_is_not_there_is_told_in_words() -> None:
    server = ScriptedMailServer()
    async with server.serving():
        port = server.port
    outcome = await send(SmtpMailer(a_server(port)))
    assert isinstance(outcome, RelayTrouble)
    assert "config/herald.yaml" in outcome.why


@pytest.mark.parametrize("tls", list(Tls))
async def test_protection_and_login_come_before_the_first_mail(
    tls: Tls, offers: tuple[str, ...]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = ScriptedMailServer(offers=offers, tls=context)
    server.is_implicit = tls is Tls.IMPLICIT
    async with mailing_to(server, tls=tls, user="ana", password="hunter2") as mailer:
        assert isinstance(await send(mailer, ahead="b@x.org"), Accepted)
        assert mailer.protection.startswith("TLS") is (tls is not Tls.NONE)
        assert isinstance(await send(mailer, "b@x.org"), Accepted)
    assert [name for name, _ in server.delivered] == ["a@x.org", "b@x.org"]
    assert server.steps.index("AUTH") < server.steps.index("MAIL")


@pytest.mark.parametrize(
    ("written", "expected"), [("", 2), ("1", 1), ("10", 10), ("0", None), ("11", None)]
)
def test_the_file_says_how_many_connections_are_used(
    tmp_path: Path, written: str, expected: int | None
) -> None:
    (tmp_path / "config").mkdir()
    line = f"smtp: {{host: mail.example.org{f', connections: {written}' if written else ''}}}"
    (tmp_path / "config" / "herald.yaml").write_text(line, encoding="utf-8")
    found, problems = read_settings(tmp_path, {})
    if expected is None:
        assert [(one.place.path, one.hint) for one in problems] == [
            ("smtp.connections", "write 1 to 10")
        ]
    else:
        assert found is not None
        assert mail_server(found).connections == expected


# --- what EHLO says --------------------------------------------------------------------------


def test_what_a_server_offers_is_read() -> None:
    said = {"pipelining": "", "size": "10240000", "8bitmime": "", "smtputf8": "", "dsn": ""}
    assert offers_of(said) == Offers(
        pipelining=True, size_most=10_240_000, eight_bit=True, utf8=True, dsn=True
    )
    assert offers_of({}) == Offers()


@pytest.mark.parametrize("size", ["", "0", "many", "-1", "10 MB", "²"])
def test_a_size_that_says_nothing_limits_nothing(size: str) -> None:
    assert offers_of({"size": size}).size_most == 0


async def test_a_mail_that_is_too_large_is_not_held_against_its_recipient(
    offers: tuple[str, ...],
) -> None:
    server = ScriptedMailServer(offers=(*offers, "SIZE 2000"))
    async with mailing_to(server) as mailer:
        large = b"Subject: x\n\n" + b"word\n" * 400
        outcome = await send(mailer, mail=large)
        assert isinstance(outcome, RelayTrouble)
        assert "leave out pictures" in outcome.why
        assert "MAIL" not in server.steps
        assert isinstance(await send(mailer), Accepted)
    assert f"MAIL FROM:<n@herald.test> SIZE={len(MAIL)}" in server.lines


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(
    offers: tuple[str, ...],
) -> None:
    plain = ScriptedMailServer(offers=offers)
    async with mailing_to(plain) as mailer:
        outcome = await send(mailer, "žiga@x.org")
    assert isinstance(outcome, Rejected)
    assert "SMTPUTF8" in outcome.why
    assert kind_of(status_in(outcome.why)) is not BounceKind.HARD
    modern = ScriptedMailServer(offers=(*offers, "SMTPUTF8"))
    async with mailing_to(modern) as mailer:
        assert isinstance(await send(mailer, "žiga@x.org"), Accepted)
    assert "MAIL FROM:<n@herald.test> SMTPUTF8" in modern.lines
    assert "RCPT TO:<žiga@x.org>" in modern.lines


async def test_a_body_beyond_ascii_is_declared_where_it_may_be(offers: tuple[str, ...]) -> None:
    server = ScriptedMailServer(offers=(*offers, "8BITMIME"))
    async with mailing_to(server) as mailer:
        await send(mailer, mail="Subject: x\r\n\r\nŽiga\r\n".encode())
        await send(mailer)
    said = [line for line in server.lines if line.startswith("MAIL")]
    assert said == ["MAIL FROM:<n@herald.test> BODY=8BITMIME", "MAIL FROM:<n@herald.test>"]


async def test_a_bounce_is_asked_to_name_its_copy(offers: tuple[str, ...]) -> None:
    server = ScriptedMailServer(offers=(*offers, "DSN"))
    async with mailing_to(server) as mailer:
        await mailer.connect()
        await mailer.send(
            sender="n@x.org", recipient="a+b@x.org", mail=MAIL, envelope_id="17-ab+c="
        )
    assert "MAIL FROM:<n@x.org> RET=HDRS ENVID=17-ab+2Bc+3D" in server.lines
    assert "RCPT TO:<a+b@x.org> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb@x.org" in server.lines


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "a b@x.org",
        "a@x.org> SIZE=1",
        "a@x.org\r\nRCPT TO:<b@x.org>",
        "a@b@x.org",
        "a\x00@x.org",
        '"a"b"@x.org',
        "a\ud800@x.org",
        "<a@x.org>",
    ],
)
def test_an_address_that_would_say_more_than_an_address_is_refused(address: str) -> None:
    offers = Offers(utf8=True, dsn=True)
    found = commands_for("n@x.org", address, offers, is_eight_bit=False)
    assert isinstance(found, Rejected)
    if address:
        trouble = commands_for(address, "a@x.org", offers, is_eight_bit=False)
        assert isinstance(trouble, RelayTrouble)


@given(st.text(), st.text(), st.text())
def test_a_command_is_always_one_line(sender: str, recipient: str, name: str) -> None:
    offers = Offers(utf8=True, dsn=True)
    for to in (recipient, f"{recipient}@x.org", f'"{recipient}"@x.org'):
        found = commands_for(sender, to, offers, envelope_id=name, is_eight_bit=True)
        if isinstance(found, Commands):
            assert not set(found.mail + found.rcpt) & set(b"\r\n\0")


# --- bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mail", "crossing"),
    [
        (b"", b".\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b"a\n.b\r..c\r\n", b"a\r\n..b\r\n...c\r\n.\r\n"),
        (b"a\r\n.\r\nb", b"a\r\n..\r\nb\r\n.\r\n"),
    ],
)
def test_a_dot_never_ends_a_mail_too_early(mail: bytes, crossing: bytes) -> None:
    assert stuffed(mail) == crossing


@given(st.binary())
def test_no_bare_line_end_crosses_the_line(mail: bytes) -> None:
    whole = stuffed(mail)
    assert set(whole.replace(b"\r\n", b"")) & set(b"\r\n") == set()
    assert whole.endswith(b".\r\n")
    assert whole.find(b"\r\n.\r\n") in {-1, len(whole) - 5}


def test_what_cannot_be_shown_is_kept_out_of_the_journal() -> None:
    assert fit_for_journal("a\x1b[2J\udcff \u202eb", MailServer()) == "a [2J b"


def test_a_password_is_never_shown() -> None:
    assert "hunter2" not in repr(MailServer(user="ana", password="hunter2"))
