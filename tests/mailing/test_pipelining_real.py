"""Pipelining with mail servers that others wrote: Postfix, and the sink that comes with it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path

import pytest

from herald.mailing.sending.smtp import NextEnvelope, SmtpMailer
from herald.mailing.sending.wire import Offers
from herald.model.mailing import Accepted, Deferred, MailServer, Rejected, RelayTrouble, Tls
from tests.mailing.postfix import DOMAIN, Postfix, running_postfix, why_not
from tests.mailing.test_postfix import delivered
from tests.running import a_free_port, surroundings

SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/sbin")
SENDER = f"news@{DOMAIN}"
REFUSED = {"gone": Rejected, "later": Deferred, "full": Deferred}


def a_mail(number: int) -> bytes:
    """Make a mail whose dots, line ends and length are all awkward."""
    dots = b"".join(b"." * (count % 4) + b" %d\n" % count for count in range(number * 7))
    return b"Subject: %d\r\nMessage-ID: <%d@x.org>\r\n\r\n.\r\n" % (number, number) + dots


def at(port: int) -> MailServer:
    return MailServer(host="127.0.0.1", port=port, tls=Tls.NONE, timeout=20, final_timeout=20)


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    if why_not():
        pytest.skip(why_not())
    # It takes mail for one address, and finds out afterwards that nobody is there.
    moved = f"virtual_alias_maps = inline:{{ moved@{DOMAIN}=ana@gone.example }}\n"
    with running_postfix(f"message_size_limit = 50000\n{moved}") as running:
        yield running


async def test_refused_recipients_amid_good_ones_keep_nothing_from_anybody(
    postfix: Postfix,
) -> None:
    names = ["p0", "gone", "p1", "later", "full", "p2", "p3", "gone", "gone", "p4", "p5"]
    mailer = SmtpMailer(at(postfix.port))
    assert await mailer.connect() is None
    assert mailer.offers == Offers(
        pipelining=True, size_most=50_000, eight_bit=True, utf8=mailer.offers.utf8, dsn=True
    )
    outcomes = []
    for number, name in enumerate(names):
        following = (names[number + 1 :] or [""])[0]
        ahead = (
            NextEnvelope(SENDER, f"{following}@{DOMAIN}", f"{following}+") if following else None
        )
        assert await mailer.connect() is None
        outcomes.append(
            await mailer.send(
                sender=SENDER,
                recipient=f"{name}@{DOMAIN}",
                mail=a_mail(number),
                ahead=ahead if following else None,
                envelope_id=f"{name}+",
            )
        )
    assert [type(one) for one in outcomes] == [REFUSED.get(name, Accepted) for name in names]
    too_large = await mailer.send(sender=SENDER, recipient=f"p9@{DOMAIN}", mail=b"x\n" * 40_000)
    assert isinstance(too_large, RelayTrouble)
    await mailer.close()
    good = [number for number, name in enumerate(names) if name not in REFUSED]
    mails = [message_from_bytes(mail) for mail in await delivered(postfix, len(good))]
    assert sorted(int(mail["Subject"]) for mail in mails) == good
    log = (postfix.base / "log").read_text()
    assert "improper command pipelining" not in log
    assert log.count(" connect from ") == 1 + 1  # the one that waited for its greeting


async def test_an_announced_mail_that_never_comes_is_no_mail(postfix: Postfix) -> None:
    before = len(postfix.mails())
    mailer = SmtpMailer(at(postfix.port))
    assert await mailer.connect() is None
    ahead = NextEnvelope(SENDER, f"announced@{DOMAIN}")
    for name in ("one", "two"):
        outcome = await mailer.send(
            sender=SENDER, recipient=f"{name}@{DOMAIN}", mail=a_mail(1), ahead=ahead
        )
        assert isinstance(outcome, Accepted)
    await mailer.close()
    mails = await delivered(postfix, before + 2)
    assert len(mails) == before + 2
    assert not [mail for mail in mails if b"announced@" in mail]


async def test_a_bounce_names_its_copy_and_holds_no_more_than_headers(postfix: Postfix) -> None:
    before = len(postfix.mails())
    mailer = SmtpMailer(at(postfix.port))
    assert await mailer.connect() is None
    letter = b"Subject: x\r\nMessage-ID: <17@x.org>\r\n\r\nA long story.\r\n"
    await mailer.send(
        sender=SENDER, recipient=f"moved@{DOMAIN}", mail=letter, envelope_id="issue/17+ana="
    )
    await mailer.close()
    mails = await delivered(postfix, before + 1)
    (back,) = [mail for mail in mails if b"Original-Envelope-Id: " in mail]
    assert b"Original-Envelope-Id: issue/17+ana=\n" in back
    assert f"Original-Recipient: rfc822;moved@{DOMAIN}\n".encode() in back
    assert b"Message-ID: <17@x.org>" in back
    assert b"A long story." not in back


@contextmanager
def running_sink() -> Iterator[tuple[int, Path]]:
    """Start a sink that keeps each mail in a file, and stop exactly that one at the end."""
    assert SINK is not None
    port = a_free_port()
    folder = Path(tempfile.mkdtemp(prefix="herald-sink-"))
    folder.chmod(0o777)
    as_whom = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [SINK, *as_whom, "-d", "mail.", f"127.0.0.1:{port}", "20"]
    sink = subprocess.Popen(command, cwd=folder, env=surroundings(TZ="UTC"))
    try:
        wait_for(port)
        yield port, folder
    finally:
        sink.terminate()
        sink.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as one:
            assert one.recv(100).startswith(b"220")
            return
    raise AssertionError("the sink did not start")


def as_kept(mail: bytes) -> str:
    """Return the hash of what the sink keeps of a mail: its own headers before, LF at each end."""
    return sha256(mail.replace(b"\r\n", b"\n").strip(b"\n")).hexdigest()


@pytest.mark.skipif(SINK is None, reason="the sink of Postfix is not installed")
async def test_ten_connections_bring_every_mail_whole_and_once() -> None:
    mails = {f"p{number}@x.org": a_mail(number % 50) for number in range(300)}
    waiting = list(mails)

    async def one_connection(port: int) -> None:
        mailer = SmtpMailer(at(port))
        recipient = waiting.pop() if waiting else ""
        while recipient:
            following = waiting.pop() if waiting else ""
            ahead = NextEnvelope(SENDER, following) if following else None
            assert await mailer.connect() is None
            outcome = await mailer.send(
                sender=SENDER, recipient=recipient, mail=mails[recipient], ahead=ahead
            )
            assert isinstance(outcome, Accepted)
            recipient = following
        await mailer.close()

    with running_sink() as (port, folder):
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(one_connection(port))
        kept = [path.read_bytes() for path in folder.glob("mail.*")]
    found: Counter[str] = Counter()
    for one in kept:
        recipient = one.split(b"X-Rcpt-Args: <")[1].split(b">")[0].decode()
        found[recipient] += 1
        content = one.split(b"(UTC)\n", 1)[1]
        assert as_kept(content) == as_kept(mails[recipient])
    assert found == Counter(dict.fromkeys(mails, 1))
