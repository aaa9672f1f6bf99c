"""Handing over mails to a server that speaks SMTP, well or badly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from herald.mailing.smtp import SmtpMailer, _stuffed
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

MAIL = b"Subject: x\r\n\r\n.hidden\r\nend\r\n"


class BadServer:
    """A server that follows a script: a reply per command, or None to hang up without a word."""

    def __init__(self, **replies: str | None) -> None:
        self.replies: dict[str, str | None] = {
            "greeting": "220 hello",
            "EHLO": "250 herald.test",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go on",
            "dot": "250 queued as 1",
            "RSET": "250 ok",
            "QUIT": "221 bye",
        }
        self.replies |= {name.replace("greet", "greeting"): said for name, said in replies.items()}
        self.bodies: list[bytes] = []
        self.recipients: list[str] = []
        self.connections = 0
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Follow the script on one connection."""
        self.connections += 1
        try:
            if not await self._say(writer, "greeting"):
                return
            while line := await reader.readline():
                command = line.split()[0].decode().upper()
                if command == "RCPT":
                    self.recipients.append(line.decode())
                if not await self._say(writer, command) or command == "QUIT":
                    return
                if command == "DATA" and (self.replies["DATA"] or "").startswith("354"):
                    self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                    if not await self._say(writer, "dot"):
                        return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, name: str) -> bool:
        said = self.replies.get(name, "250 ok")
        if said is None:
            return False
        if said == "silence":
            await asyncio.Event().wait()
        writer.write(f"{said}\r\n".encode())
        await writer.drain()
        return not said.startswith("421")


@asynccontextmanager
async def serving(server: BadServer) -> AsyncIterator[SmtpMailer]:
    """Start *server* on loopback and give a mailer for it."""
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(server.talk(reader, writer)))

    listening = await asyncio.start_server(begin, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    mailer = SmtpMailer(a_server(server.port))
    try:
        yield mailer
    finally:
        await mailer.close()
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def a_server(port: int) -> MailServer:
    return MailServer(host="127.0.0.1", port=port, tls=Tls.NONE, timeout=2, final_timeout=0.3)


async def send(mailer: SmtpMailer) -> MailOutcome:
    trouble = await mailer.connect()
    return trouble or await mailer.send(sender="n@herald.test", recipient="a@x.org", mail=MAIL)


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        pytest.param({}, Accepted, id="accepted"),
        pytest.param({"RCPT": "450 greylisted"}, Deferred, id="450 to the recipient"),
        pytest.param({"RCPT": "550 no such user"}, Rejected, id="550 to the recipient"),
        pytest.param({"RCPT": "421 too many"}, Deferred, id="421 to the recipient"),
        pytest.param({"RCPT": None}, Deferred, id="hangs up at the recipient"),
        pytest.param({"RCPT": "silence"}, Deferred, id="silent at the recipient"),
        pytest.param({"MAIL": "550 who are you"}, RelayTrouble, id="sender refused"),
        pytest.param({"MAIL": "452 quota"}, RelayTrouble, id="quota"),
        pytest.param({"DATA": "451 later"}, Deferred, id="451 to DATA"),
        pytest.param({"DATA": "554 no"}, Rejected, id="554 to DATA"),
        pytest.param({"DATA": None}, Deferred, id="hangs up before the mail"),
        pytest.param({"dot": "452 disk full"}, Deferred, id="452 after the dot"),
        pytest.param({"dot": "554 spam"}, Rejected, id="554 after the dot"),
        pytest.param({"dot": "421 closing"}, Deferred, id="421 after the dot"),
        pytest.param({"dot": None}, Uncertain, id="hangs up after the dot"),
        pytest.param({"dot": "silence"}, Uncertain, id="silent after the dot"),
        pytest.param({"dot": "gibberish"}, Uncertain, id="gibberish after the dot"),
        pytest.param({"dot": "354 what"}, Uncertain, id="nonsense after the dot"),
        pytest.param({"greet": "554 go away"}, RelayTrouble, id="unwelcome"),
        pytest.param({"greet": None}, RelayTrouble, id="hangs up at once"),
        pytest.param({"greet": "silence"}, RelayTrouble, id="never greets"),
    ],
)
async def test_a_failure_is_uncertain_only_after_the_final_dot(
    replies: dict[str, str | None], expected: type[MailOutcome]
) -> None:
    async with serving(BadServer(**replies)) as mailer:
        assert isinstance(await send(mailer), expected)


@pytest.mark.parametrize(
    "replies", [{"RCPT": "550 no"}, {"RCPT": "421 no"}, {"dot": None}, {"MAIL": "452 no"}]
)
async def test_after_trouble_the_next_mail_goes_out(replies: dict[str, str | None]) -> None:
    server = BadServer(**replies)
    async with serving(server) as mailer:
        await send(mailer)
        server.replies |= dict.fromkeys(replies, "250 ok")
        assert isinstance(await send(mailer), Accepted)


async def test_one_connection_carries_many_mails() -> None:
    server = BadServer()
    async with serving(server) as mailer:
        for _ in range(5):
            await send(mailer)
    assert (server.connections, len(server.bodies)) == (1, 5)
    assert server.bodies[0] == b"Subject: x\r\n\r\n..hidden\r\nend\r\n.\r\n"


async def test_a_reply_is_kept_without_the_address_it_quotes() -> None:
    async with serving(BadServer(RCPT="550 5.1.1 <ana@example.org>: unknown user")) as mailer:
        outcome = await send(mailer)
    assert outcome == Rejected("5.1.1 <<address>>: unknown user", 550)


async def test_a_server_that_is_not_there_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = await send(SmtpMailer(a_server(port)))
    assert isinstance(outcome, RelayTrouble)
    assert "config/herald.yaml" in outcome.why


async def test_a_server_without_the_wanted_protection_gets_nothing() -> None:
    server = BadServer()
    async with serving(server):
        careful = MailServer(host="127.0.0.1", port=server.port, tls=Tls.STARTTLS, timeout=2)
        assert isinstance(await send(SmtpMailer(careful)), RelayTrouble)
    assert server.recipients == []


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
    assert _stuffed(mail) == crossing


def test_a_password_is_never_shown() -> None:
    show: Callable[[object], str] = repr
    assert "hunter2" not in show(MailServer(user="ana", password="hunter2"))
