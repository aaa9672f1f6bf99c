"""Each way of telling, against a server that speaks its protocol and its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from herald.channels.signing import signature, signing_key
from herald.mailing.dkim.verifying import read_signatures
from herald.model.ids import Language
from herald.model.mailing import MailServer, Tls
from herald.model.notice import Message, NotNow, Occasion, Refused, Told, Way
from herald.notifying.mail import ByMail, make_notice_mail
from herald.notifying.matrix import BODY_MOST, ByMatrix
from herald.notifying.ways import ways_of
from herald.notifying.webhook import ByWebhook
from herald.settings import Settings
from tests.mailing.dkim.makers import a_key, a_pem, published
from tests.mailing.dns.looking import MUSEUM
from tests.mailing.postfix import DOMAIN, Postfix, running_postfix, why_not
from tests.mailing.test_postfix import delivered
from tests.makers import NOON
from tests.running import a_free_port
from tests.servers.mail import ScriptedMailServer
from tests.servers.officers import CUT, ROOM, SECRET, TOKEN, a_homeserver, a_receiver

ANA = Way(name="mail:ana@example.org", label="mail to Ana", language=Language("es"))


def a_message(**changes) -> Message:
    values = {
        "id": "alert-20270510T120000Z-0123456789ab",
        "way": "matrix",
        "subject": "Herald: «La casa de la sal» no salió",
        "body": "Hola, Ana:\n\n.\nžlahtni pozdravi 🏛️\n",
        "made_at": NOON,
        "occasion": Occasion.ALERT,
    }
    return Message(**(values | changes))


# ---------------------------------------------------------------- Matrix


async def test_a_room_is_told_and_a_repeat_is_no_second_message():
    async with a_homeserver() as server:
        way = ByMatrix(server.url, ROOM, TOKEN)
        for _ in range(3):
            assert await way.tell(a_message(), now=NOON) == Told()
    assert server.requests == 3
    (content,) = server.transactions.values()
    assert content["msgtype"] == "m.text"
    assert content["body"].startswith("Herald: «La casa de la sal» no salió\n\nHola, Ana:")


@pytest.mark.parametrize("fault", [500, 502, 504, 429, 301, 404])
async def test_a_homeserver_in_trouble_is_told_again_and_the_room_hears_it_once(fault):
    async with a_homeserver() as server:
        server.faults.append(fault)
        way = ByMatrix(server.url, ROOM, TOKEN)
        first = await way.tell(a_message(), now=NOON)
        assert isinstance(first, NotNow)
        assert first.wait == (timedelta(seconds=90) if fault == 429 else None)
        assert await way.tell(a_message(), now=NOON) == Told()
    assert len(server.texts) == 1


async def test_a_line_that_is_cut_leaves_one_message_in_the_room():
    async with a_homeserver() as server:
        server.faults.extend([CUT, CUT, CUT])
        way = ByMatrix(server.url, ROOM, TOKEN)
        while await way.tell(a_message(), now=NOON) != Told():
            pass
    assert server.requests == 4
    assert len(server.texts) == 1


@pytest.mark.parametrize(
    ("room", "token", "why"),
    [
        ("!other:example.org", TOKEN, "may not write in the room"),
        (ROOM, "syt_old", "refuses the token"),
    ],
)
async def test_a_token_or_room_that_is_refused_is_said_without_the_token(room, token, why):
    async with a_homeserver() as server:
        told = await ByMatrix(server.url, room, token).tell(a_message(), now=NOON)
    assert isinstance(told, NotNow)
    assert why in told.why
    assert token not in told.why


async def test_a_page_that_is_no_homeserver_is_not_taken_for_one():
    async with a_receiver() as receiver:
        told = await ByMatrix(receiver.url, ROOM, TOKEN).tell(a_message(), now=NOON)
    assert isinstance(told, NotNow)


async def test_a_message_is_cut_where_an_event_would_be_too_long():
    async with a_homeserver() as server:
        way = ByMatrix(server.url, ROOM, TOKEN)
        assert await way.tell(a_message(body="é" * 40_000), now=NOON) == Told()
    (text,) = server.texts
    assert len(text.encode()) <= BODY_MOST + 10


# ---------------------------------------------------------------- webhook


def a_hook(url: str) -> ByWebhook:
    key = signing_key(SECRET)
    assert key is not None
    return ByWebhook(url, key)


async def test_a_webhook_verifies_what_it_gets_and_knows_a_repeat_by_its_id():
    message = a_message(body=json.dumps({"type": "herald.alert"}))
    async with a_receiver() as receiver:
        hook = a_hook(receiver.url)
        assert await hook.tell(message, now=NOON) == Told()
        assert await hook.tell(message, now=NOON + timedelta(minutes=9)) == Told()
    assert receiver.refused == 0
    assert receiver.taken == {message.id: {"type": "herald.alert"}}
    assert receiver.stamps == [int(NOON.timestamp()), int(NOON.timestamp()) + 540]


@pytest.mark.parametrize("fault", [500, 504, CUT, 301, 410, 404, 429])
async def test_a_webhook_in_trouble_is_called_again_under_the_same_id(fault):
    async with a_receiver() as receiver:
        receiver.faults.append(fault)
        hook = a_hook(receiver.url)
        assert isinstance(await hook.tell(a_message(body="{}"), now=NOON), NotNow)
        assert await hook.tell(a_message(body="{}"), now=NOON) == Told()
    assert len(receiver.taken) == 1
    assert receiver.requests == 2


async def test_nobody_listening_is_told_without_the_address():
    told = await a_hook(f"http://127.0.0.1:{a_free_port()}/secret").tell(a_message(), now=NOON)
    assert isinstance(told, NotNow)
    assert "secret" not in told.why


def test_the_signature_is_that_of_the_specifications_example():
    """The example of the specification's reference libraries."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    assert (
        signature(
            key,
            name="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body=b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize(
    "secret", ["", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64", "whsec_" + "A" * 200]
)
def test_a_secret_that_is_no_key_is_known(secret):
    assert signing_key(secret) is None


# ---------------------------------------------------------------- mail


def read(mail: bytes):
    return message_from_bytes(mail, policy=default)


def test_a_notice_is_known_to_be_written_by_a_program_and_the_same_at_every_try():
    args = {"sender": "herald@example.org", "to": "ana@example.org", "name": "Peñalver, Ana"}
    raw = make_notice_mail(a_message(), way=ANA, **args)
    assert raw == make_notice_mail(a_message(), way=ANA, **args)
    mail = read(raw)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].startswith("<alert-20270510T120000Z-0123456789ab.")
    other = replace(ANA, name="mail:marek@example.org")
    assert (
        read(make_notice_mail(a_message(), way=other, **args))["Message-ID"] != mail["Message-ID"]
    )
    assert mail["Subject"] == "Herald: «La casa de la sal» no salió"
    assert [one.addr_spec for one in mail["To"].addresses] == ["ana@example.org"]
    assert mail["Content-Language"] == "es"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == a_message().body.splitlines()


async def test_a_mail_server_that_is_down_is_tried_again():
    server = MailServer(host="127.0.0.1", port=a_free_port(), tls=Tls.NONE, timeout=5)
    way = ByMail(server, sender="a@example.org", to="b@example.org", name="B", way=ANA)
    assert isinstance(await way.tell(a_message(), now=NOON), NotNow)


def mailing_to(server: ScriptedMailServer, **smtp: Any) -> ByMail:
    settings = Settings(
        smtp={"host": "127.0.0.1", "port": server.port, "tls": "none", **smtp},
        officers=({"name": "Ana", "email": f"ana@{MUSEUM}"},),
        notify={"from": f"herald@{MUSEUM}"},
    )
    (way,) = ways_of(settings).ready
    assert isinstance(way.teller, ByMail)
    return way.teller


async def test_a_key_of_heralds_own_signs_what_officers_read():
    async with ScriptedMailServer().serving() as server:
        way = mailing_to(server, dkim_selector="s1", dkim_key=a_pem())
        assert await way.tell(a_message(), now=NOON) == Told()
    ((_, mail),) = server.delivered
    (found,) = await read_signatures(mail, published(a_key()))
    assert (found.flaw, found.domain) == (None, MUSEUM)


@pytest.mark.parametrize("broken", ["no/such/file.pem", "-----BEGIN nonsense"])
async def test_an_alarm_leaves_unsigned_where_the_key_cannot_be_used(broken):
    async with ScriptedMailServer().serving() as server:
        way = mailing_to(server, dkim_selector="s1", dkim_key=broken)
        assert await way.tell(a_message(), now=NOON) == Told()
    ((_, mail),) = server.delivered
    assert b"DKIM-Signature" not in mail


async def test_a_name_that_would_break_out_of_its_header_is_refused():
    server = MailServer(host="127.0.0.1", port=a_free_port(), tls=Tls.NONE)
    way = ByMail(server, sender="a@example.org", to="b@example.org", name="A\r\nBcc: x", way=ANA)
    assert isinstance(await way.tell(a_message(), now=NOON), Refused)


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    if why := why_not():
        pytest.skip(why)
    with running_postfix() as instance:
        yield instance


async def test_a_real_mail_server_takes_the_notice_as_it_was_written(postfix: Postfix):
    server = MailServer(host="127.0.0.1", port=postfix.port, tls=Tls.NONE)
    way = ByMail(server, sender=f"herald@{DOMAIN}", to=f"ana@{DOMAIN}", name="Ana", way=ANA)
    assert await way.tell(a_message(), now=NOON) == Told()
    (raw,) = await delivered(postfix, 1)
    mail = read(raw)
    assert mail["Subject"] == "Herald: «La casa de la sal» no salió"
    assert mail.get_content().splitlines() == a_message().body.splitlines()


async def test_an_officer_whom_the_mail_server_does_not_know_is_refused(postfix: Postfix):
    server = MailServer(host="127.0.0.1", port=postfix.port, tls=Tls.NONE)
    way = ByMail(server, sender=f"herald@{DOMAIN}", to=f"gone@{DOMAIN}", name="Ana", way=ANA)
    told = await way.tell(a_message(), now=NOON)
    assert isinstance(told, Refused)
    assert DOMAIN not in told.why
    later = ByMail(server, sender=f"herald@{DOMAIN}", to=f"later@{DOMAIN}", name="Ana", way=ANA)
    assert isinstance(await later.tell(a_message(), now=NOON), NotNow)
