"""The door for this computer's mail server: what it takes, and what it answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from herald.app import open_app
from herald.clock import SetClock, SystemClock
from herald.daemon import _lmtp
from herald.errors import ConfigurationBroken, HeraldError, StoreUnusable
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.lmtp import CONNECTIONS_MOST, Door
from herald.mailing.bounces.reading import READ_MOST, read_returned
from herald.mailing.bounces.verp import (
    bare_address,
    bounce_address,
    envelope_id,
    read_envelope_id,
)
from herald.mailing.sending.smtp import SmtpMailer
from herald.model.bounces import BounceKind, CopyOf, Effect
from herald.model.mailing import MailServer, SubscriptionId, SubscriptionState, Tls
from herald.sources.config.load import read_config_file
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.bounces.makers import COPY, KEY, PERSON, SEAL, a_dsn
from tests.mailing.makers import FRIENDS, subscribe
from tests.mailing.postfix import DOMAIN, running_postfix, why_not

HELLO = (b"LHLO mail", b"MAIL FROM:<>")


@dataclass
class Desk:
    """Takes mail as it was told to."""

    effect: Effect = Effect.COUNTED
    trouble: HeraldError | None = None
    taken: list[tuple[bytes, str]] = field(default_factory=list)

    async def take(self, raw: bytes, to: str) -> Effect:
        """Take one mail."""
        if self.trouble is not None:
            raise self.trouble
        self.taken.append((raw, to))
        return self.effect

    async def knows(self, address: str) -> bool:
        """Know one address."""
        if "away" in address:
            raise StoreUnusable("away")
        return address == "bounces@x.org"


class Client:
    """Speaks LMTP with a door, line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> str:
        """Return the last line of a reply; empty when the other has hung up."""
        while line := (await asyncio.wait_for(self.reader.readline(), 10)).decode():
            if line[3:4] != "-":
                return line.strip()
        return ""

    async def say(self, *lines: bytes) -> list[str]:
        """Say lines, and return the reply to each."""
        replies = []
        for line in lines:
            self.writer.write(line + b"\r\n")
            replies.append(await self.hear())
        return replies

    async def hand_over(self, mail: bytes, *to: bytes, sender: bytes = b"") -> list[str]:
        """Hand over one mail, and return a reply for each recipient."""
        said = [b"RCPT TO:<" + one + b">" for one in to or (b"bounces@x.org",)]
        await self.say(b"LHLO mail", b"MAIL FROM:<" + sender + b">", *said, b"DATA")
        self.writer.write(mail + b"\r\n.\r\n")
        return [await self.hear() for _ in said]


@asynccontextmanager
async def talking(desk: Desk, *, size_most: int = 10_000_000) -> AsyncIterator[Client]:
    door = Door(desk.take, desk.knows, size_most=size_most)
    async with door.standing_open("127.0.0.1:0") as where:
        reader, writer = await asyncio.open_connection(*where.split(":"))
        client = Client(reader, writer)
        assert (await client.hear()).startswith("220")
        yield client
        writer.close()


async def test_a_mail_is_answered_once_it_took_effect() -> None:
    desk = Desk()
    async with talking(desk) as client:
        assert await client.hand_over(b"Subject: x\r\n\r\n..one\r\n.\r") == ["250 2.0.0 taken"]
        assert await client.hand_over(b"second") == ["250 2.0.0 taken"]
        assert await client.say(b"QUIT") == ["221 2.0.0 bye"]
    assert [raw for raw, _ in desk.taken] == [
        b"Subject: x\r\n\r\n.one\r\n\r\r\n",
        b"second\r\n",
    ]


@pytest.mark.parametrize("trouble", [StoreUnusable("away"), RuntimeError("a fault")])
async def test_a_mail_is_kept_by_the_mail_server_while_it_cannot_take_effect(
    trouble: HeraldError,
) -> None:
    desk = Desk(trouble=trouble)
    async with talking(desk) as client:
        (reply,) = await client.hand_over(a_dsn())
        assert reply.startswith("451 4.3.0")
        desk.trouble = None
        assert await client.hand_over(a_dsn()) == ["250 2.0.0 taken"]


async def test_mail_for_others_is_refused_and_each_recipient_gets_an_answer() -> None:
    desk = Desk()
    async with talking(desk) as client:
        said = (b"RCPT TO:<bounces@x.org>", b"RCPT TO:<me@x.org>", b"RCPT TO:<away@x.org>")
        replies = await client.say(*HELLO, *said, b"RCPT TO:<bounces@x.org>", b"DATA")
        assert [reply[:3] for reply in replies] == ["250", "250", "250", "550", "451", "250", "354"]
        client.writer.write(b"x\r\n.\r\n")
        assert [await client.hear(), await client.hear()] == ["250 2.0.0 taken"] * 2
    assert len(desk.taken) == 2


@pytest.mark.parametrize(
    ("mail", "sender", "code"),
    [
        pytest.param(b"Subject: Thanks\r\n\r\nx", b"ana@x.org", "550", id="a person learns it"),
        pytest.param(b"Subject: Away\r\n\r\nx", b"", "250", id="no sender is not answered"),
        pytest.param(
            b"Auto-Submitted: auto-replied\r\n\r\nx", b"ana@x.org", "250", id="nor is a machine"
        ),
        pytest.param(b"Auto-Submitted: no\r\n\r\nx", b"ana@x.org", "550", id="no machine at all"),
    ],
)
async def test_a_letter_that_says_nothing_is_given_back_to_a_person_alone(
    mail: bytes, sender: bytes, code: str
) -> None:
    async with talking(Desk(effect=Effect.IGNORED)) as client:
        (reply,) = await client.hand_over(mail, sender=sender)
        assert reply[:3] == code


async def test_a_mail_that_is_too_large_is_refused_and_the_next_one_taken() -> None:
    desk = Desk()
    async with talking(desk, size_most=500_000) as client:
        (reply,) = await client.hand_over(b"x" * 600_000)
        assert reply.startswith("552")
        long_line = b"Subject: x\r\n\r\n" + b"y" * 400_000
        assert await client.hand_over(long_line) == ["250 2.0.0 taken"]
    ((raw, _),) = desk.taken
    assert raw == long_line[:READ_MOST]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([b"EHLO mail"], id="not SMTP"),
        pytest.param([b"MAIL FROM:<>"], id="no greeting"),
        pytest.param([b"LHLO x", b"RCPT TO:<bounces@x.org>"], id="no sender"),
        pytest.param([*HELLO, b"DATA"], id="no recipient"),
        pytest.param([*HELLO, b"MAIL FROM:<>"], id="two at once"),
        pytest.param([b"LHLO x", b"MAIL FROM:<a b>"], id="no address"),
        pytest.param([*HELLO, b"RCPT TO:bounces@x.org"], id="no brackets"),
        pytest.param([b"\xff\x00\x80"], id="no words"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_the_talk_goes_on(said: list[bytes]) -> None:
    desk = Desk()
    async with talking(desk) as client:
        assert (await client.say(*said))[-1][:1] == "5"
        await client.say(b"RSET")
        assert await client.hand_over(b"x") == ["250 2.0.0 taken"]


@pytest.mark.parametrize(
    "said",
    [pytest.param(b"x\r\n" * 30, id="errors"), pytest.param(b"N" * 9000 + b"\r\n", id="a line")],
)
async def test_whoever_only_makes_trouble_is_hung_up_on(said: bytes) -> None:
    async with talking(Desk()) as client:
        client.writer.write(said)
        replies = []
        while reply := await client.hear():
            replies.append(reply)
        assert replies[-1][:3] in {"421", "500"}
        assert len(replies) < 25


async def test_nothing_is_smuggled_behind_an_end_that_is_none() -> None:
    desk = Desk()
    smuggled = b"a\n.\nMAIL FROM:<>\r\nb\n.\r\nRCPT TO:<bounces@x.org>\r\n.\nc"
    async with talking(desk) as client:
        assert len(await client.hand_over(smuggled)) == 1
    ((raw, _),) = desk.taken
    assert raw.count(b"\n") == smuggled.count(b"\n") + 1


async def test_a_mail_that_breaks_off_has_no_effect() -> None:
    desk = Desk()
    async with talking(desk) as client:
        await client.say(*HELLO, b"RCPT TO:<bounces@x.org>", b"DATA")
        client.writer.write(b"half a mail")
        client.writer.write_eof()
        assert await client.hear() == ""
    assert desk.taken == []


async def test_too_many_at_once_are_asked_to_come_back() -> None:
    door = Door(Desk().take, Desk().knows)
    async with door.standing_open("127.0.0.1:0") as where:
        host, port = where.split(":")
        crowd = [await asyncio.open_connection(host, port) for _ in range(CONNECTIONS_MOST + 1)]
        greetings = [await reader.readline() for reader, _ in crowd]
        assert [line[:3] for line in greetings] == [b"220"] * CONNECTIONS_MOST + [b"421"]
        for _, writer in crowd:
            writer.close()


async def test_a_socket_file_is_a_door_and_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    # One that a crash has left is no obstacle.
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with Door(Desk().take, Desk().knows).standing_open(str(path)):
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert (await reader.readline()).startswith(b"220")
        writer.close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("127.0.0.1:8461", ""),
        ("localhost:8461", ""),
        ('"[::1]:8461"', ""),
        ("/run/herald/lmtp", ""),
        ("0.0.0.0:8461", "this computer alone"),
        ("mail.example.org:24", "this computer alone"),
        ("127.0.0.1", "names no port"),
        ("var/lmtp", "names no port, and no socket file"),
        ('"var/lmtp:1"', "names no port, and no socket file"),
    ],
)
def test_the_door_is_for_this_computer_alone(tmp_path: Path, written: str, why: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "herald.yaml").write_text(f"bounces: {{lmtp: {written}}}\n")
    problems = read_config_file(tmp_path, "herald").problems
    assert bool(problems) == bool(why)
    assert all(why in str(one) for one in problems)


# ---------------------------------------------------------------------- ENVID


def a_report_that_lost_the_address(name: str) -> bytes:
    """Make a report that came to the sender of the letter, who is everybody's, without a letter."""
    asked = f"Original-Envelope-Id: {name}\nReporting-MTA:".encode()
    raw = a_dsn(to="news@news.example.org", letter="To: x\n\nx\n")
    return raw.replace(b"Reporting-MTA:", asked)


def test_a_copy_is_known_by_its_name_where_its_address_was_lost() -> None:
    name = envelope_id(COPY, KEY)
    assert len(name) <= 100
    assert read_envelope_id(name.upper(), KEY) == COPY
    returned = read_returned(a_report_that_lost_the_address(name), SEAL)
    assert (returned.copy, returned.kind) == (COPY, BounceKind.HARD)


def test_a_name_or_a_recipient_that_somebody_made_up_is_nobodys() -> None:
    forged = envelope_id(COPY, b"x" * 32)
    other = CopyOf(subscription=SubscriptionId("f" * 32), recipient=4711)
    swapped = envelope_id(other, KEY)[:20] + envelope_id(COPY, KEY)[20:]
    for name in (forged, swapped, "", PERSON, "herald." + "a" * 49):
        assert read_returned(a_report_that_lost_the_address(name), SEAL).copy is None


def test_a_letter_to_the_mailbox_of_all_copies_is_expected() -> None:
    assert bare_address("bounces+*@x.org") == "bounces@x.org"
    assert bare_address("bounces-*@x.org") == "bounces@x.org"
    assert bare_address("*@bounces.x.org") == ""


# ---------------------------------------------------------------------- the running Herald


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "lists.yaml").write_text(
        "friends: {name: {en: Friends}, from: {name: Eco, address: News@x.org}}\n"
    )
    (tmp_path / "config" / "herald.yaml").write_text(
        f"bounces: {{address: bounces@x.org, lmtp: {tmp_path}/lmtp}}\n"
    )
    return tmp_path


async def test_a_running_herald_takes_mail_for_its_own_addresses_alone(folder: Path) -> None:
    async with open_app(folder, SystemClock()) as app, _lmtp(app):
        key = await app.mailing_store.mailing_key()
        genuine, forged = (
            bounce_address("bounces+*@x.org", COPY, one).encode() for one in (key, b"x" * 32)
        )
        reader, writer = await asyncio.open_unix_connection(folder / "lmtp")
        client = Client(reader, writer)
        await client.hear()
        known = (b"bounces@x.org", b"news@x.org", genuine)
        said = [b"RCPT TO:<" + one + b">" for one in (*known, forged, b"me@x.org")]
        replies = await client.say(*HELLO, *said)
        assert [reply[:3] for reply in replies[2:]] == ["250"] * 3 + ["550"] * 2
        assert await client.say(b"RSET", b"MAIL FROM:<ana@x.org>", *said[1:2], b"DATA")
        writer.write(b"Subject: Thank you\r\n\r\nx\r\n.\r\n")
        assert (await client.hear()).startswith("550 5.7.1 nobody reads letters")
        writer.close()


async def test_a_place_that_is_taken_is_told_with_what_to_write(folder: Path) -> None:
    (folder / "lmtp").mkdir()
    async with open_app(folder, SystemClock()) as app:
        with pytest.raises(ConfigurationBroken, match="under bounces"):
            async with _lmtp(app):
                """It does not get here."""


# ---------------------------------------------------------------------- a real mail server


def _transport(where: str) -> str:
    return (
        f"transport_maps = inline:{{ bounces@back.example=lmtp:inet:{where} }}\n"
        "recipient_delimiter = +\n"
    )


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix is here")
async def test_a_real_postfix_hands_over_what_it_returns(
    database: Store, store: StoredMailing, clock: SetClock
) -> None:
    pattern = "bounces+*@back.example"
    await subscribe(store, ("moved@friends.example.org", "", "en"))
    (person,) = await store.subscribers(FRIENDS)
    bounces = Bounces(store=StoredBounces(database), keys=store, pattern=pattern, clock=clock)
    copy = CopyOf(subscription=person.subscription)
    took = asyncio.Event()

    async def take(raw: bytes, to: str) -> Effect:
        effect = await bounces.take(raw, came_to=to)
        took.set()
        return effect

    async with Door(take, bounces.expects).standing_open("127.0.0.1:0") as where:
        also = (
            f"virtual_alias_maps = inline:{{ moved@{DOMAIN}=ana@gone.example }}\n"
            "default_transport = error:5.1.1 nobody of that name\n" + _transport(where)
        )
        with running_postfix(also) as postfix:
            mailer = SmtpMailer(MailServer(host="127.0.0.1", port=postfix.port, tls=Tls.NONE))
            assert await mailer.connect() is None
            await mailer.send(
                sender=bounce_address(pattern, copy, await store.mailing_key()),
                recipient=f"moved@{DOMAIN}",
                mail=b"Subject: x\r\nMessage-ID: <1@x.org>\r\n\r\nHello\r\n",
            )
            await mailer.close()
            await asyncio.wait_for(took.wait(), 20)
            ends = asyncio.get_running_loop().time() + 10
            while asyncio.get_running_loop().time() < ends:
                if postfix.queue() == 0:
                    break
                await asyncio.sleep(0.02)  # the mail server has no bell to wait for
            assert postfix.queue() == 0
    (person,) = await store.subscribers(FRIENDS)
    assert person.state is SubscriptionState.LEFT
